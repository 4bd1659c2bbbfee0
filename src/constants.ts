/**
 * Every limit and default, with its unit and its reason. Those in `Limits` can be set in `createCodex`.
 */

export const KiB = 1024
export const MiB = 1024 * KiB

/** Bytes of a block unless a manifest says otherwise. PROTOCOL §1. */
export const DEFAULT_BLOCK_SIZE = 64 * KiB
/** Bytes; smaller blocks cost more in proofs than in data. */
export const MIN_BLOCK_SIZE = 64
/** Bytes; a larger block would have to be held whole before a byte of it is verified. */
export const MAX_BLOCK_SIZE = 16 * MiB
/** Blocks of a dataset; with 64 KiB blocks that is 256 TiB. Indices stay far below 2^53. */
export const MAX_BLOCKS = 2 ** 32
/** Bytes of a manifest block; the network's newer generation sets the same. */
export const MAX_MANIFEST_BYTES = 64 * KiB
/** Entries of a proof; 2^64 leaves would have as many. The newer generation sets the same. */
export const MAX_PROOF_DEPTH = 64
/** Leaves of a tree page: what the local store keeps in one value. */
export const PAGE_LEAVES = 256

/** Bytes of a message that are not block data: want lists, presences. Inbound limit of a peer of whom nothing was asked. */
export const CONTROL_BYTES = 256 * KiB
/** Want list entries a message, as the reference node sends them. */
export const MAX_WANT_ENTRIES = 1024
/** Blocks of a delivery message, as the reference node sends them. */
export const DELIVERY_BLOCKS = 20
/** Bytes of a delivery message, about: 20 blocks of the default size. */
export const DELIVERY_BYTES = DELIVERY_BLOCKS * DEFAULT_BLOCK_SIZE
