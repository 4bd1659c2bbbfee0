/** Trees to test with, and the rule of the tree written a second time, as plainly as it can be. */
import fc from 'fast-check'
import { MerkleTree } from '../../src/dataset/merkle-tree.ts'
import { hasher } from '../../src/hasher/node.ts'

/** Digests that differ, without hashing. */
export function makeLeaves (count: number, salt: number = 0): Uint8Array {
  const leaves = new Uint8Array(count * 32)
  const view = new DataView(leaves.buffer)

  for (let i = 0; i < count; i++) {
    view.setUint32(i * 32, i)
    view.setUint32(i * 32 + 4, salt)
  }

  return leaves
}

export function makeTree (count: number, salt: number = 0): MerkleTree {
  return new MerkleTree(makeLeaves(count, salt), hasher)
}

/** The root by the rule of docs/PROTOCOL.md §3, layer by layer. */
export function plainRoot (leaves: Uint8Array[]): Uint8Array {
  let layer = leaves
  let bottom = 1

  do {
    const above: Uint8Array[] = []

    for (let i = 0; i < layer.length; i += 2) {
      const odd = i + 1 === layer.length
      const key = bottom + (odd ? 2 : 0)

      above.push(hasher.digestNode(Uint8Array.from([...layer[i], ...(odd ? new Uint8Array(32) : layer[i + 1]), key])))
    }

    layer = above
    bottom = 0
  } while (layer.length > 1)

  return layer[0]
}

/** Sizes around those where a tree changes its form. */
export const treeSize = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 700 }),
  fc.constantFrom(1, 2, 255, 256, 257, 511, 512, 513)
)

/** A size and an index below it. */
export const leafOfTree = treeSize.chain(size => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }))
