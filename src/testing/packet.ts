/** What travels between simulated peers. */
export type PacketKind =
  /** A connection: the dialer asks, the other answers, the dialer confirms; or the other refuses. */
  'hello' | 'welcome' | 'ready' | 'refused' |
  /** The protocols that a peer speaks have changed. */
  'protocols' |
  /** A stream: asked for, taken, or not taken. */
  'open' | 'accept' | 'unsupported' |
  /** A stream's bytes, its end, or its abort. */
  'data' | 'end' | 'reset' |
  /** The other side hung up or vanished. */
  'lost'

/** Something on its way from a peer to another. */
export interface Packet {
  readonly kind: PacketKind
  /** The stream that it belongs to. */
  readonly stream?: number
  /** What takes bandwidth; 0 for what only takes time. */
  readonly bytes: number
  /** Milliseconds that the pipe it last went through took for it. */
  spent: number
  /** Whose end of a connection it leaves from. */
  readonly from: PacketSource
  /** What it does where it arrives. */
  arrive(): void
}

export interface PacketSource {
  /** The packet is through the sender's uplink. */
  launch(packet: Packet): void
  /** The packet is through the receiver's downlink. */
  land(packet: Packet): void
}

/** Packets that go in order, among others that want to go as well. */
export interface Flow {
  /** The next one, with `maxBytes` at most; undefined when there is none now. */
  next(maxBytes: number): Packet | undefined
}

/** Packets that wait for their turn. */
export class PacketQueue implements Flow {
  readonly #packets: Packet[] = []

  push (packet: Packet): void {
    this.#packets.push(packet)
  }

  next (): Packet | undefined {
    return this.#packets.shift()
  }

  clear (): void {
    this.#packets.length = 0
  }
}
