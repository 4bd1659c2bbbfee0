/**
 * What a dataset is, as its author says it. docs/PROTOCOL.md §4 and §5.
 */
import type { CID } from 'multiformats/cid'

/** How the blocks of a group are chosen: `stepped` is the one in use. */
export type Strategy = 'linear' | 'stepped'

/** A dataset: a file cut into blocks, with or without parity. */
export interface Manifest {
  /** Root of the tree over all blocks. */
  treeCid: CID
  /** Bytes of a block. */
  blockSize: number
  /** Bytes: of the file, or of all blocks together when protected. */
  datasetSize: number
  /** Codec of the blocks' CIDs: `CODEX_BLOCK`. */
  codec: number
  /** Multihash code of the blocks' CIDs: `SHA2_256`. */
  hcodec: number
  /** Always 2, which means CIDv1. */
  version: number
  /** Chosen by the author: hostile. */
  filename?: string
  /** Chosen by the author: hostile. */
  mimetype?: string
  /** Present when the dataset has parity blocks. */
  protection?: Protection
}

/** The erasure code of a protected dataset. docs/PROTOCOL.md §5. */
export interface Protection {
  /** Data blocks of a group. */
  ecK: number
  /** Parity blocks of a group. */
  ecM: number
  /** Root of the tree over the file's blocks alone. */
  originalTreeCid: CID
  /** Bytes of the file. */
  originalDatasetSize: number
  strategy: Strategy
  /** Present when storage proofs can be made of it. */
  verification?: Verification
}

/** What storage proofs are made against; not used to download. */
export interface Verification {
  verifyRoot: CID
  /** One a slot, `ecK + ecM` of them. */
  slotRoots: CID[]
  /** Bytes of a cell. */
  cellSize: number
  strategy: Strategy
}

/** Leaves of `treeCid`: the file's blocks, padding and parity. */
export function blockCount (manifest: Manifest): number {
  return Math.ceil(manifest.datasetSize / manifest.blockSize)
}

/** Bytes of the file. */
export function fileSize (manifest: Manifest): number {
  return manifest.protection?.originalDatasetSize ?? manifest.datasetSize
}

/** Blocks that hold the file: the leaves `0 … fileBlocks - 1`. */
export function fileBlocks (manifest: Manifest): number {
  return Math.ceil(fileSize(manifest) / manifest.blockSize)
}
