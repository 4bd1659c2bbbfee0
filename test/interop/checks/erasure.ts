import { digestOf, EMPTY_CID, formatCid, blockCid, parseCid, treeCid } from '../../../src/dataset/codecs.ts'
import { fileBlocks } from '../../../src/dataset/manifest.ts'
import { MerkleTree } from '../../../src/dataset/merkle-tree.ts'
import { ProofCache } from '../../../src/dataset/proof-cache.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { describeContent } from './content.ts'
import { checkManifestVariant } from './manifest-variant.ts'
import { bytesOf, hex, Tally } from './tally.ts'
import type { ManifestVariant } from './manifest-variant.ts'

interface ErasureVectors {
  emptyBlockCid?: string
  entries: Array<{
    name: string
    originalBlocks: number
    blockSize: number
    K: number
    M: number
    original: ManifestVariant
    protected: ManifestVariant
    verifiable?: ManifestVariant
    blockCids: string[]
    parityBlocksHex?: string[]
  }>
}

/** `erasure.json`: manifests and trees of protected datasets. The code itself is checked where it lives. */
export function checkErasure (json: unknown): number {
  const { emptyBlockCid, entries } = json as ErasureVectors
  const tally = new Tally()

  tally.equalIfGiven('empty CID', formatCid(EMPTY_CID), emptyBlockCid)

  for (const entry of entries) {
    const { name, originalBlocks, blockSize, K, blockCids } = entry
    const rounded = Math.ceil(originalBlocks / K) * K
    const content = describeContent(entry.original.datasetSize, blockSize)

    checkManifestVariant(tally, `${name}, original`, entry.original)
    checkTree(tally, `${name}, original`, blockCids.slice(0, originalBlocks), entry.original.treeCid)
    tally.equal(`${name}, original tree of its content`, content.treeCid, entry.original.treeCid)
    tally.equal(`${name}, data blocks`, blockCids.slice(0, originalBlocks), content.blockCids)

    tally.equal(`${name}, padding`, blockCids.slice(originalBlocks, rounded), Array(rounded - originalBlocks).fill(formatCid(EMPTY_CID)))

    if (entry.parityBlocksHex != null) {
      const parity = entry.parityBlocksHex.map(block => formatCid(blockCid(hasher.digestNode(bytesOf(block)))))

      tally.equal(`${name}, parity blocks`, blockCids.slice(rounded), parity)
    }

    for (const variant of [entry.protected, entry.verifiable]) {
      if (variant != null) {
        const manifest = checkManifestVariant(tally, `${name}, protected`, variant)

        tally.equal(`${name}, blocks of the file`, fileBlocks(manifest), originalBlocks)
        tally.equal(`${name}, data and parity`, [manifest.protection?.ecK, manifest.protection?.ecM], [K, entry.M])
        checkTree(tally, `${name}, protected`, blockCids, variant.treeCid)
      }
    }
  }

  return tally.count
}

/** The tree over the blocks' digests, and that a cache proves each of them with the tree's proofs. */
function checkTree (tally: Tally, name: string, blockCids: string[], root: string): void {
  const leaves = blockCids.map(cid => digestOf(parseCid(cid)))
  const tree = new MerkleTree(leaves, hasher)
  const cache = new ProofCache({ root: digestOf(parseCid(root)), leaves: leaves.length, hasher })

  tally.equal(`${name} tree`, formatCid(treeCid(tree.root)), root)

  leaves.forEach((leaf, index) => {
    const proof = tree.proof(index)

    cache.prove(index, leaf, proof)
    tally.equal(`${name} proof ${index}`, cache.proof(index)?.path.map(hex), proof.path.map(hex))
  })
}
