/**
 * The one-way step of the Merkle tree: two children and a key byte that says where in the tree they are.
 * docs/PROTOCOL.md §3.
 */
import { DIGEST_BYTES } from './codecs.ts'
import type { Hasher } from './hasher.ts'

const KEY_BOTTOM = 1
const KEY_ODD = 2

/** Stands for the sibling that an odd node does not have. */
export const NO_SIBLING = new Uint8Array(DIGEST_BYTES)

/** The node over two children at `level` (0: they are leaves). `odd`: there is no right child, `right` is zeros. */
export type Compress = (left: Uint8Array, right: Uint8Array, level: number, odd: boolean) => Uint8Array

/** Makes a `Compress` that reuses one buffer. */
export function createCompress (hasher: Hasher): Compress {
  const input = new Uint8Array(2 * DIGEST_BYTES + 1)

  return (left, right, level, odd) => {
    input.set(left)
    input.set(right, DIGEST_BYTES)
    input[2 * DIGEST_BYTES] = (level === 0 ? KEY_BOTTOM : 0) + (odd ? KEY_ODD : 0)

    return hasher.digestNode(input)
  }
}

/** Nodes of the layer above one of `count` nodes. */
export function layerAbove (count: number): number {
  return Math.ceil(count / 2)
}

/** Compressions from a leaf to the root, which is the length of a proof's path: 1 for a single leaf. */
export function proofDepth (leaves: number): number {
  let depth = 1

  for (let count = layerAbove(leaves); count > 1; count = layerAbove(count)) {
    depth++
  }

  return depth
}
