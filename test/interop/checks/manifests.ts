import { EMPTY_CID, formatCid } from '../../../src/dataset/codecs.ts'
import { describeContent } from './content.ts'
import { checkManifestVariant } from './manifest-variant.ts'
import { Tally } from './tally.ts'
import type { Content } from './content.ts'
import type { ManifestVariant } from './manifest-variant.ts'

interface ManifestVectors {
  emptyBlockCid?: string
  entries: Array<{
    fileSize: number
    nBlocks?: number
    fileSha256?: string
    blockCids?: string[]
    firstBlockCid?: string
    lastBlockCid?: string
    variants: ManifestVariant[]
  }>
}

/** `manifests.json`: manifests of plain datasets, and what they are made of. */
export function checkManifests (json: unknown): number {
  const { emptyBlockCid, entries } = json as ManifestVectors
  const tally = new Tally()

  tally.equalIfGiven('empty CID', formatCid(EMPTY_CID), emptyBlockCid)

  for (const { fileSize, variants, ...entry } of entries) {
    const contents = new Map<number, Content>()

    variants.forEach((variant, i) => {
      const name = `file of ${fileSize} bytes, manifest ${i}`
      const content = contents.get(variant.blockSize) ?? describeContent(fileSize, variant.blockSize)

      if (!contents.has(variant.blockSize)) {
        contents.set(variant.blockSize, content)
        tally.equalIfGiven(`${name} blocks`, content.blockCids.length, entry.nBlocks)
        tally.equalIfGiven(`${name} file`, content.sha256, entry.fileSha256)
        tally.equalIfGiven(`${name} block CIDs`, content.blockCids, entry.blockCids)
        tally.equalIfGiven(`${name} first block`, content.blockCids[0], entry.firstBlockCid)
        tally.equalIfGiven(`${name} last block`, content.blockCids[content.blockCids.length - 1], entry.lastBlockCid)
      }

      tally.equal(`${name} tree of its content`, content.treeCid, variant.treeCid)
      checkManifestVariant(tally, name, variant)
    })
  }

  return tally.count
}
