import { createHash } from 'node:crypto'
import { blockCid, formatCid, treeCid } from '../../../src/dataset/codecs.ts'
import { TreeBuilder } from '../../../src/dataset/tree-builder.ts'
import { hasher } from '../../../src/hasher/node.ts'

/** The block at `index` of a file made by the rule of the vectors, padded with zeros. */
function contentBlock (index: number, blockSize: number, fileSize: number): Uint8Array {
  const block = new Uint8Array(blockSize)
  const start = index * blockSize
  const end = Math.min(start + blockSize, fileSize)

  for (let i = start; i < end; i++) {
    block[i - start] = i * 7 + Math.floor(i / 256) * 13 + Math.floor(i / 65536) * 31 + 5
  }

  return block
}

export interface Content {
  /** The blocks' CIDs as text, in order. */
  blockCids: string[]
  /** As text. */
  treeCid: string
  /** Of the file without padding, in hex. */
  sha256: string
}

/** Cuts a file made by the rule of the vectors into blocks, with the code under test. */
export function describeContent (fileSize: number, blockSize: number): Content {
  const tree = new TreeBuilder(hasher)
  const file = createHash('sha256')
  const blockCids: string[] = []

  for (let index = 0; index * blockSize < fileSize; index++) {
    const block = contentBlock(index, blockSize, fileSize)
    const digest = hasher.digestNode(block)

    file.update(block.subarray(0, fileSize - index * blockSize))
    tree.push(digest)
    blockCids.push(formatCid(blockCid(digest)))
  }

  return { blockCids, treeCid: formatCid(treeCid(tree.finish().root)), sha256: file.digest('hex') }
}
