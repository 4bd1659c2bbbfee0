import type { CID } from 'multiformats/cid'

/** A block as a peer sent it: bounded, not verified. What says that it is right is read when it is verified, and where it is needed. */
export interface Delivery {
  /** The tree it is a leaf of, or its own CID when it was asked for by CID. */
  root: CID
  /** Leaf index; 0 when it was asked for by CID. */
  index: number
  /** The CID that the sender says it has, as it came. */
  cid: Uint8Array
  /** The bytes; empty for the empty block. */
  data: Uint8Array
  /** The way from the leaf to the root, as `encodeProof` writes it; absent when it was asked for by CID, or left out. */
  proof?: Uint8Array
}
