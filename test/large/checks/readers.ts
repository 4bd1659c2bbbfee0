import assert from 'node:assert/strict'
import { int, seededRandom } from '../../../src/testing/random.ts'
import { formatMB, formatRate } from '../figures.ts'
import { jobIn } from '../stage.ts'
import type { ReadersFigures, ReadersInput } from '../roles/readers.ts'
import type { Check } from '../stage.ts'

const READERS = 10

/** Many readers of one file at once fetch each block once, and one that aborts disturbs none. */
export const readers: Check = async stage => {
  const { file, size, seeder } = stage
  const abortAfter = int(seededRandom(stage.seed), 1, size)
  const input: ReadersInput = { ...jobIn(await stage.dir(), stage), readers: READERS, abortAfter }
  const before = await seeder()
  const worker = stage.start<ReadersFigures>('readers', input)
  const { sha256, aborted, milliseconds, peakBytes } = await worker.next()
  await worker.ended()
  const served = (await seeder()).served - before.served

  assert.equal(aborted, 'enough', 'what the reader that aborts ends with')
  assert.deepEqual(sha256, Array.from({ length: READERS - 1 }, () => file.sha256), 'the content')
  assert.equal(served, file.blocks + 1, 'blocks that the seeder sent: the manifest and each of the file once')

  return `${READERS} readers, one aborted after ${abortAfter} bytes, ${READERS - 1} read it all: the seeder sent ${served} blocks for ${file.blocks} ` +
    `and the manifest, ${formatRate((READERS - 1) * size, milliseconds)} to all of them, peak ${formatMB(peakBytes)}`
}
