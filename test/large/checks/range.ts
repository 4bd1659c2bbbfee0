import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { seededContent } from '../../../src/testing/corpus.ts'
import { jobIn } from '../stage.ts'
import type { Downloaded, DownloadInput } from '../roles/download.ts'
import type { Check } from '../stage.ts'

/** One byte in the middle costs the manifest and one block. */
export const range: Check = async stage => {
  const { size, seeder } = stage
  const offset = Math.floor(size / 2) + 1
  const input: DownloadInput = { ...jobIn(await stage.dir(), stage), options: { offset, length: 1 } }
  const before = await seeder()
  const reader = stage.start<Downloaded>('download', input)
  const { sha256, bytes, milliseconds } = await reader.next()
  await reader.ended()
  const served = (await seeder()).served - before.served

  assert.equal(bytes, 1)
  assert.equal(sha256, createHash('sha256').update(seededContent(stage.seed)(1, offset)).digest('hex'), 'the byte')
  assert.equal(served, 2, 'blocks that the seeder sent: the manifest and one')

  return `byte ${offset} of ${size}: the seeder sent ${served} blocks, the manifest among them, in ${milliseconds.toFixed(0)} ms`
}
