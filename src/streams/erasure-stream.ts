/**
 * The bytes of a protected dataset, in order: its data blocks as they are, and in place of those that nobody has, or that
 * are late while others deliver, what the parity gives. Parity is fetched for groups that need it, and no more of it than
 * they need.
 */
import { pipe } from 'it-pipe'
import { cut, windowed } from './store-stream.ts'
import type { Recovery } from './recovery.ts'
import type { ByteRange } from './store-stream.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { BlockSource } from '../stores/block-source.ts'

/** Share of a window that the groups recovered at the same time may be: each is held twice over while it is decoded. */
const AHEAD = 1 / 3

/**
 * Streams `range` of the file, as `storeStream` does.
 *
 * @throws {RecoveryError} @throws {InvalidDatasetError} and what `storeStream` throws
 */
export function erasureStream (source: BlockSource, range: ByteRange, recovery: Recovery): AsyncGenerator<Uint8Array> {
  /** Has groups recovered whose blocks are about to be taken, and others as each is done. */
  const recoverAhead = (cursor: number, ahead: number): void => {
    const groups = Math.max(1, Math.floor(source.window * AHEAD / recovery.groupBytes))

    for (let index = cursor; index < ahead && recovery.size < groups; index++) {
      if (['nobody', 'late'].includes(source.outlook(index).state)) {
        recovery.begin(index, () => { recoverAhead(index + 1, ahead) })
      }
    }
  }

  const take = async (cursor: number, maxBytes: number, ahead: number): Promise<VerifiedBlock[]> => {
    recoverAhead(cursor, ahead)

    for (;;) {
      const blocks = await source.next(cursor, maxBytes, true)

      if (blocks.length > 0) {
        return blocks
      }

      const block = await recovery.recover(cursor)

      if (block != null) {
        source.drop([{ start: cursor, end: cursor + 1 }])
        return [block]
      }

      // it came for a group that was being recovered, and the store lost it
      source.want([{ start: cursor, end: cursor + 1 }])
    }
  }

  return pipe(
    closing(windowed(source, range, take), recovery),
    blocks => cut(blocks, range, source.shape.blockSize)
  )
}

async function * closing (blocks: AsyncIterable<VerifiedBlock>, recovery: Recovery): AsyncGenerator<VerifiedBlock> {
  try {
    yield * blocks
  } finally {
    await recovery.close()
  }
}
