/**
 * Every limit and default, with its unit and its reason. Those in `Limits` can be set in `createCodex`.
 */

export const KiB = 1024
export const MiB = 1024 * KiB

/** Bytes of a block unless a manifest says otherwise. docs/PROTOCOL.md §1. */
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

/**
 * Limits of one `Codex`. Each can be set; each has a test that shows it. Bytes are bytes, times are milliseconds.
 */
export interface Limits {
  /** Bytes requested or here and not yet taken by one reader. What a slow reader can make us hold. */
  readAheadBytes: number
  /** The same over all readers; shared out evenly between them. */
  totalReadAheadBytes: number
  /** Milliseconds that a reader waits without one verified byte before its download fails. Every wait ends. */
  stallTimeout: number
  /** Bytes asked of one peer and not yet delivered, at most. 64 blocks ahead fill the path to a reference node. */
  peerWindowBytes: number
  /** Bytes asked of a peer of whom nothing is known yet. */
  firstWindowBytes: number
  /** Bytes delivered and not yet verified and stored, over all datasets. Holds requests back when the store is slower than the network. */
  intakeBytes: number
  /** Blocks verified and written as one batch: what a kill can make us fetch again, at most, a worker. */
  intakeBlocks: number
  /** Batches verified and written at the same time. */
  intakeWorkers: number
  /** Milliseconds after which a request to a peer whose pace is unknown is given up. */
  firstTimeout: number
  /** Milliseconds; no request is given up earlier, whatever the peer's pace. */
  minTimeout: number
  /** Milliseconds; no request waits longer. */
  maxTimeout: number
  /** Peers that one dataset is fetched from at a time. */
  sessionPeers: number
  /** Indices whose presence is asked in one go, ahead of what is wanted now. */
  askAhead: number
  /** Blocks of one dataset asked of a second peer at the same time because they hold a reader up. */
  duplicateBlocks: number
  /** Share of requests that go to another peer than the best, so that newcomers and the recovered get a chance. */
  exploration: number
  /** Milliseconds that a peer is neither asked nor served after a delivery that does not verify. */
  banTime: number
  /** Bans remembered; over it the oldest is forgotten. */
  bans: number
  /** Datasets that availability is remembered of, a peer. */
  peerDatasets: number
  /** Connection attempts at the same time. */
  dials: number
  /** Milliseconds that one connection attempt may take. */
  dialTimeout: number
  /** Discovery lookups at the same time. */
  lookups: number
  /** Milliseconds between two lookups of one CID while a download starves; doubles up to `lookupIntervalMax`. */
  lookupInterval: number
  /** Milliseconds that the interval between two lookups grows to. */
  lookupIntervalMax: number
  /** Milliseconds that one lookup may take. */
  lookupTimeout: number
  /** Providers taken from one lookup. */
  lookupProviders: number
  /** Bytes of deliveries held in memory over all peers that we serve; the more peers, the smaller each one's batch. */
  servingBytes: number
  /** Blocks of the first delivery to a peer: a small first answer shows the round trip, and the pace of the path. */
  firstDeliveryBlocks: number
  /** Milliseconds in which a peer that wants blocks must take a delivery, or it is given up. At 1.3 MB that is 22 KB a second. */
  servingTimeout: number
  /** Index ranges wanted by one peer that we keep, over all datasets. What is wanted beyond is forgotten. */
  peerWants: number
  /** Index ranges wanted by all peers that we keep: each may have an even share of them. 16 bytes a range, about. */
  totalWants: number
  /** Datasets and standalone blocks wanted by one peer that we keep. */
  peerWantRoots: number
  /** The same over all peers: each may have an even share of them. A kilobyte a root, about. */
  totalWantRoots: number
  /** Tree pages of 16 KiB held in memory, a dataset. */
  treePages: number
  /** Bytes of the block store that is used when the host gives none. */
  memoryStoreBytes: number
}

/** What holds where `createCodex` is told nothing else. */
export const DEFAULT_LIMITS: Limits = {
  readAheadBytes: 16 * MiB,
  totalReadAheadBytes: 64 * MiB,
  stallTimeout: 30_000,
  peerWindowBytes: 8 * MiB,
  firstWindowBytes: 512 * KiB,
  intakeBytes: 4 * MiB,
  intakeBlocks: 8,
  intakeWorkers: 2,
  firstTimeout: 5_000,
  minTimeout: 1_000,
  maxTimeout: 20_000,
  sessionPeers: 16,
  askAhead: MAX_WANT_ENTRIES,
  duplicateBlocks: 16,
  exploration: 0.05,
  banTime: 10 * 60_000,
  bans: 1_024,
  peerDatasets: 32,
  dials: 8,
  dialTimeout: 10_000,
  lookups: 8,
  lookupInterval: 1_000,
  lookupIntervalMax: 10_000,
  lookupTimeout: 10_000,
  lookupProviders: 64,
  servingBytes: 16 * MiB,
  firstDeliveryBlocks: 2,
  servingTimeout: 60_000,
  peerWants: 65_536,
  totalWants: 1_048_576,
  peerWantRoots: 256,
  totalWantRoots: 16_384,
  treePages: 1_024,
  memoryStoreBytes: 256 * MiB
}
