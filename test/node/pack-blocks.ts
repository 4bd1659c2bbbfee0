import { hash } from 'node:crypto'
import { blockCid } from '../../src/dataset/codecs.ts'
import type { CID } from 'multiformats/cid'

/** What `pack-writer.ts` writes. */
export const WRITER = { blocks: 200, packBytes: 20_000 }

export function numberedBlock (number: number): Uint8Array {
  return new Uint8Array(200 + number).map((_, i) => number * 31 + i * 7)
}

export function numberedCid (number: number): CID {
  return blockCid(hash('sha256', numberedBlock(number), 'buffer'))
}
