import { CONTROL_BYTES, KiB, MiB } from '../constants.ts'

/** What one peer may make us hold. Bytes are bytes. */
export interface WireLimits {
  /** Bytes of a message of a peer of whom nothing was asked: want lists, presences. */
  controlBytes: number
  /**
   * Bytes of a message beyond `controlBytes`, whatever was asked. A sender may put 20 blocks in a message, so what is
   * asked of a peer at a time has to stay below it.
   */
  deliveryBytes: number
  /** Want entries, presences or blocks in one message. 16 lists as the reference node cuts them. */
  messageItems: number
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
  messageItems: 16_384,
  inboundStreams: 8,
  queueBytes: MiB,
  streamFailures: 3,
  requestedRoots: 1_024,
  requestedRanges: 4_096
}

/** Bytes of a delivered block besides its data: two CIDs, and a proof of the greatest depth. */
export const DELIVERY_OVERHEAD = 4 * KiB
