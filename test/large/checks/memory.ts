import assert from 'node:assert/strict'
import { formatMB, formatRate, MB } from '../figures.ts'
import { jobIn } from '../stage.ts'
import type { Downloaded } from '../roles/download.ts'
import type { Check } from '../stage.ts'

/** Bytes. A file of any size is downloaded into a store on disk with less. */
const MOST_BYTES = 250 * MB

/** The whole file, read and kept: every byte right, and memory bounded. */
export const memory: Check = async stage => {
  const { file, size, seeder } = stage
  const stored = await seeder()
  const reader = stage.start<Downloaded>('download', jobIn(await stage.dir(), stage))
  const { sha256, bytes, milliseconds, peakBytes } = await reader.next()
  await reader.ended()
  const { peakBytes: seederPeak } = await seeder()

  assert.equal(bytes, size)
  assert.equal(sha256, file.sha256, 'the content')
  assert.ok(peakBytes < MOST_BYTES, `the downloader had ${formatMB(peakBytes)} of memory, ${formatMB(MOST_BYTES)} are allowed`)

  return `peak ${formatMB(peakBytes)} (the seeder: ${formatMB(stored.peakBytes)} when it had stored the file, ${formatMB(seederPeak)} when it had served it), ` +
    `sha256 right, ${formatRate(bytes, milliseconds)}`
}
