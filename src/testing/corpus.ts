import { KiB } from '../constants.ts'
import { splitmix32 } from './random.ts'

/** Bytes `offset … offset + size - 1` of some content. */
export type Content = (size: number, offset?: number) => Uint8Array

/** Words of seeded content that come of one state, so that a piece can be made without all before it. */
const PAGE_WORDS = 1024
const PAGE_BYTES = 4 * PAGE_WORDS

/**
 * The content of the golden vectors: byte `i` is `(i*7 + (i>>8)*13 + (i>>16)*31 + 5) & 0xff`. It repeats every 16 MiB,
 * so blocks 0 and 256 of 64 KiB are the same block.
 */
export const goldenContent: Content = (size, offset = 0) => {
  const bytes = new Uint8Array(size)

  for (let i = 0; i < size; i++) {
    const at = (offset + i) % 0x1000000
    bytes[i] = at * 7 + (at >> 8) * 13 + (at >> 16) * 31 + 5
  }

  return bytes
}

/** Content that looks random and does not repeat: the same for the same seed, whatever pieces it is asked for in. */
export function seededContent (seed: number): Content {
  return (size, offset = 0) => {
    const first = Math.floor(offset / PAGE_BYTES)
    const pages = Math.ceil((offset + size) / PAGE_BYTES) - first
    const words = new DataView(new ArrayBuffer(Math.max(0, pages) * PAGE_BYTES))

    for (let page = 0; page < pages; page++) {
      fillPage(words, page * PAGE_BYTES, Math.imul(seed, 0x85ebca6b) ^ Math.imul(first + page, 0xc2b2ae35))
    }

    return new Uint8Array(words.buffer, offset - first * PAGE_BYTES, size)
  }
}

/** Content in pieces of `chunkSize` bytes, the last one shorter. Each piece is the reader's to keep. */
export async function * contentChunks (content: Content, size: number, chunkSize = 64 * KiB): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < size; offset += chunkSize) {
    yield content(Math.min(chunkSize, size - offset), offset)
  }
}

function fillPage (words: DataView, start: number, seed: number): void {
  const next = splitmix32(seed)

  for (let at = start; at < start + PAGE_BYTES; at += 4) {
    words.setInt32(at, next(), true)
  }
}
