/** Blocks and the bytes in them. */
export interface Count {
  blocks: number
  /** Bytes of the blocks' data. */
  bytes: number
}

/**
 * What came and what became of it, since start. Every block that came is in exactly one of `used`, `late`, `duplicate`
 * and `rejected`, once it went through verification.
 */
export interface ExchangeCounters {
  /** Verified and new. */
  used: Count
  /** Came after its request was given up, verified, and was of use all the same. */
  late: Count
  /** Came, but was here already or wanted no more. */
  duplicate: Count
  /** Did not verify. */
  rejected: Count
  /** Asked of a second peer because they held a reader up. */
  askedTwice: number
  /** Sent to others. */
  served: Count
}

export function newCounters (): ExchangeCounters {
  const zero = (): Count => ({ blocks: 0, bytes: 0 })

  return { used: zero(), late: zero(), duplicate: zero(), rejected: zero(), askedTwice: 0, served: zero() }
}
