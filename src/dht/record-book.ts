import { ProtocolError } from '../errors.ts'
import { isPlainAddress, udpEndpoint } from './endpoint.ts'
import { keyOf, nodeIdOf } from './node-id.ts'
import { decodeSpr, verifySpr } from './spr.ts'
import type { DhtCrypto } from './crypto.ts'
import type { Endpoint } from './endpoint.ts'
import type { SignedPeerRecord } from './spr.ts'

/** Who a record is of. */
export interface Known {
  /** The node's id. */
  readonly id: Uint8Array
  /** The same as the key of a map. */
  readonly key: string
  readonly record: SignedPeerRecord
  /** Where the DHT reaches it, if the record says so, and says nothing that can crash a reference node. */
  readonly endpoint?: Endpoint
}

/** A node that can be asked. */
export interface Contact extends Known {
  readonly endpoint: Endpoint
}

export function isContact (known: Known | undefined): known is Contact {
  return known?.endpoint != null
}

/** Reads who a record is of, without verifying it. */
export function identify (crypto: DhtCrypto, record: SignedPeerRecord): Known {
  const id = nodeIdOf(crypto, record.peerId)

  return { id, key: keyOf(id), record, endpoint: record.addresses.every(isPlainAddress) ? udpEndpoint(record.addresses) : undefined }
}

/** The same from a record's bytes; nothing when they are no record. */
export function identifyBytes (crypto: DhtCrypto, bytes: Uint8Array): Known | undefined {
  try {
    return identify(crypto, decodeSpr(bytes))
  } catch (err) {
    if (err instanceof ProtocolError) {
      return undefined
    }

    throw err
  }
}

/** The newest verified record of every peer that was heard of lately, so that none is verified twice. Bounded. */
export class RecordBook {
  readonly #crypto: DhtCrypto
  readonly #limit: number
  readonly #known = new Map<string, Known>()

  constructor (crypto: DhtCrypto, limit: number) {
    this.#crypto = crypto
    this.#limit = limit
  }

  get size (): number {
    return this.#known.size
  }

  get (key: string): Known | undefined {
    return this.#known.get(key)
  }

  /** The newest that is known of the peer, with this record; nothing when it would be this one and does not verify. */
  verify (claimed: Known): Known | undefined {
    const known = this.#known.get(claimed.key)

    if (known != null && known.record.seq >= claimed.record.seq) {
      return this.#remember(known)
    }

    if (verifySpr(this.#crypto, claimed.record)) {
      // a copy of its own: a record is a view of the datagram that brought it
      return this.#remember(identify(this.#crypto, decodeSpr(new Uint8Array(claimed.record.bytes))))
    }
  }

  #remember (known: Known): Known {
    this.#known.delete(known.key)
    this.#known.set(known.key, known)

    if (this.#known.size > this.#limit) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest)
    }

    return known
  }
}
