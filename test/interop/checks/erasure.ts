import { digestOf, EMPTY_CID, formatCid, blockCid, parseCid, treeCid } from '../../../src/dataset/codecs.ts'
import { fileBlocks } from '../../../src/dataset/manifest.ts'
import { MerkleTree } from '../../../src/dataset/merkle-tree.ts'
import { ProofCache } from '../../../src/dataset/proof-cache.ts'
import { shapeOf } from '../../../src/dataset/verify.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { systemClock } from '../../../src/runtime.ts'
import { LocalStore } from '../../../src/stores/local-store.ts'
import { protect, storeFile } from '../../../src/storing.ts'
import { goldenContent, memoryStores } from '../../../src/testing/index.ts'
import { describeContent } from './content.ts'
import { checkManifestVariant } from './manifest-variant.ts'
import { bytesOf, hex, Tally } from './tally.ts'
import type { ManifestVariant } from './manifest-variant.ts'

interface ErasureEntry {
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
}

interface ErasureVectors {
  emptyBlockCid?: string
  entries: ErasureEntry[]
}

/** `erasure.json`: manifests and trees of protected datasets, and that storing their content makes the same. */
export async function checkErasure (json: unknown): Promise<number> {
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
        tally.equalIfGiven(`${name}, groups`, Math.ceil(originalBlocks / K), variant.steps)
        tally.equalIfGiven(`${name}, data and padding`, rounded, variant.rounded)
        checkTree(tally, `${name}, protected`, blockCids, variant.treeCid)
      }
    }

    await checkStored(tally, name, entry)
  }

  return tally.count
}

/** What storing the content with parity makes: the manifests, and each block. */
async function checkStored (tally: Tally, name: string, { original, protected: expected, blockSize, K, M, blockCids }: ErasureEntry): Promise<void> {
  const local = new LocalStore({ ...memoryStores(), hasher, random: Math.random })
  const signal = new AbortController().signal
  const erasure = { data: K, parity: M }
  await local.open()
  const file = await storeFile(goldenContent(original.datasetSize), local, {
    blockSize, filename: original.filename ?? undefined, mimetype: original.mimetype ?? undefined, erasure, signal
  })
  const { manifest, manifestCid } = await protect(file, erasure, local, { clock: systemClock, signal })
  const tree = await local.tree(shapeOf(manifest))
  const stored = await Promise.all(blockCids.map(async (_, index) => formatCid((await tree.get(index))?.cid ?? manifestCid)))

  tally.equal(`${name}, original as stored`, formatCid(file.manifestCid), original.manifestCid)
  tally.equal(`${name}, protected as stored`, formatCid(manifestCid), expected.manifestCid)
  tally.equal(`${name}, blocks as stored`, stored, blockCids)
  tree.release()
  await local.close()
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
