import { CONTROL_BYTES, KiB, MiB } from '../constants.ts'

/** What one peer may make us hold and do; `heldBytes` is for all peers together. Bytes are bytes. */
export interface WireLimits {
  /** Bytes of a message of a peer of whom nothing was asked: want lists, presences. */
  controlBytes: number
  /**
   * Bytes of a message beyond `controlBytes`, whatever was asked. A sender may put 20 blocks in a message, so what is
   * asked of a peer at a time has to stay below it.
   */
  deliveryBytes: number
  /** Want entries, presences and blocks in one message. Eight lists as the reference node cuts them. */
  messageItems: number
  /** Blocks in one message; the reference node sends 20. */
  messageBlocks: number
  /** Trees and standalone blocks that one message speaks of; what it says of others is not heard. Each costs a lookup. */
  messageRoots: number
  /**
   * Bytes a second that a peer may send unasked: want lists, presences, blocks that nobody asked it for. A peer that takes
   * 64 KiB blocks at 200 MB/s says 0.6 MB a second; what is said faster waits.
   */
  unaskedRate: number
  /** Bytes that a peer may send unasked at once, after it was silent: what is wanted of 70,000 blocks. */
  unaskedBurst: number
  /**
   * Bytes of messages that wait because their peer is too fast; a peer that goes on is given up. A reference node asks for
   * all of a file at once: that is 9 MB where the file has 10 GiB.
   */
  waitingBytes: number
  /**
   * Bytes of memory that all peers together may hold in messages that came in part, that wait, or that they do not read.
   * Above it the one that holds most is given up.
   */
  heldBytes: number
  /** Streams that a peer has open to us at the same time; beyond it the oldest is reset. The reference opens one. */
  inboundStreams: number
  /** Bytes of memory that what we have to say may take while the peer does not read. Blocks wait outside of it. */
  queueBytes: number
  /** Streams that could not be opened, or ended, without a word from the peer in between, before we give it up. */
  streamFailures: number
  /** Datasets and standalone blocks whose requests are remembered, a peer, to tell what was asked from what was not. */
  requestedRoots: number
  /** Intervals of requested indices remembered, a dataset. Beyond it the gaps between them count as requested. */
  requestedRanges: number
}

export const DEFAULT_WIRE_LIMITS: WireLimits = {
  controlBytes: CONTROL_BYTES,
  deliveryBytes: 32 * MiB,
  messageItems: 8_192,
  messageBlocks: 64,
  messageRoots: 256,
  unaskedRate: 2 * MiB,
  unaskedBurst: 4 * MiB,
  waitingBytes: 16 * MiB,
  heldBytes: 40 * MiB,
  inboundStreams: 8,
  queueBytes: MiB,
  streamFailures: 3,
  requestedRoots: 1_024,
  requestedRanges: 4_096
}

/** Bytes of the shortest thing that a message can say of a block: an address and its CID. More things than fit are refused. */
export const MIN_ITEM_BYTES = 40
/** What a message counts for besides its bytes, in bytes: to take it in hand costs as much as to read so many. */
export const MESSAGE_COST = 160
/** What a tree or standalone block that a message speaks of counts for: it is looked for in the store. */
export const ROOT_COST = KiB
/** What a stream that the peer opens, or makes us open anew, counts for. */
export const STREAM_COST = 4 * KiB

/** Bytes of a delivered block besides its data: two CIDs, and a proof of the greatest depth. */
export const DELIVERY_OVERHEAD = 4 * KiB
