/**
 * The bytes of a dataset, in order: a window of blocks is wanted ahead of the reader and moves with it, then the blocks
 * are cut to the bytes that were asked for.
 */
import { pipe } from 'it-pipe'
import { MiB } from '../constants.ts'
import { ShortStreamError } from '../errors.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { BlockSource } from '../stores/block-source.ts'

/** Bytes taken of the source at once. */
const TAKE = MiB
/** The window moves when this share of it was taken, so that requests stay large. */
const STEP = 1 / 8

/** Bytes of the file: `start` inclusive, `end` exclusive. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * Streams `range` of the file of which the blocks of `source` are the beginning. Yields at most a block at a time;
 * closes the source when it ends, fails or is returned from.
 *
 * @throws {ShortStreamError} when the source ends before the range does
 */
export function storeStream (source: BlockSource, range: ByteRange): AsyncGenerator<Uint8Array> {
  return pipe(
    windowed(source, range, async (cursor, maxBytes) => source.next(cursor, maxBytes)),
    blocks => cut(blocks, range, source.shape.blockSize)
  )
}

/** Takes the blocks from `cursor` on, at least one; `ahead` is the end of the window. */
export type TakeBlocks = (cursor: number, maxBytes: number, ahead: number) => Promise<VerifiedBlock[]>

/** The blocks that hold a range, in order, as `take` gives them, until it gives none. A window of them is wanted ahead. */
export async function * windowed (source: BlockSource, range: ByteRange, take: TakeBlocks): AsyncGenerator<VerifiedBlock> {
  const { blockSize } = source.shape
  let cursor = Math.floor(range.start / blockSize)
  const last = range.start < range.end ? Math.ceil(range.end / blockSize) : cursor
  let wanted = cursor

  try {
    while (cursor < last) {
      const window = Math.max(1, Math.floor(source.window / blockSize))
      const ahead = Math.min(last, cursor + window)

      if (ahead > wanted && (ahead === last || wanted === cursor || ahead - wanted >= window * STEP)) {
        source.want([{ start: wanted, end: ahead }])
        wanted = ahead
      }

      const blocks = await take(cursor, Math.min(TAKE, source.window), ahead)

      if (blocks.length === 0) {
        return
      }

      for (const block of blocks) {
        cursor++
        yield block
      }
    }
  } finally {
    source.close()
  }
}

/** The bytes of a range of the blocks that hold it. */
export async function * cut (blocks: AsyncIterable<VerifiedBlock>, range: ByteRange, blockSize: number): AsyncGenerator<Uint8Array> {
  let at = Math.floor(range.start / blockSize) * blockSize

  for await (const block of blocks) {
    const data = block.data.byteLength === 0 ? new Uint8Array(blockSize) : block.data
    const from = Math.max(0, range.start - at)
    const to = Math.min(data.byteLength, range.end - at)
    at += data.byteLength

    if (from < to) {
      yield data.subarray(from, to)
    }
  }

  if (at < range.end && range.start < range.end) {
    throw new ShortStreamError(`the stream ended at byte ${at} of ${range.end}`)
  }
}
