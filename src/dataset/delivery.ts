import type { MerkleProof } from './merkle-proof.ts'
import type { CID } from 'multiformats/cid'

/** A block as a peer sent it: parsed and bounded, not verified. */
export interface Delivery {
  /** The tree it is a leaf of, or its own CID when it was asked for by CID. */
  root: CID
  /** Leaf index; 0 when it was asked for by CID. */
  index: number
  /** The CID that the sender says it has. */
  cid: CID
  /** The bytes; empty for the empty block. */
  data: Uint8Array
  /** The way from the leaf to the root; absent when it was asked for by CID, or left out. */
  proof?: MerkleProof
}
