import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { int, seededRandom } from '../../../src/testing/random.ts'
import { formatMB } from '../figures.ts'
import { jobIn } from '../stage.ts'
import type { Napped, NapInput } from '../roles/nap.ts'
import type { Check } from '../stage.ts'

const NAPS = 3
/** Milliseconds. */
const NAP = 3_000
/** Blocks that the reader takes before a nap, at most. */
const MOST_TAKEN = 100

/** A reader that sleeps makes nobody fetch more than its window. */
export const sleep: Check = async stage => {
  const { file, seeder } = stage
  const random = seededRandom(stage.seed)
  const takes = Array.from({ length: NAPS }, () => int(random, 1, MOST_TAKEN))
  const input: NapInput = { ...jobIn(await stage.dir(), stage), root: file.root, takes, nap: NAP }
  const before = await seeder()
  const reader = stage.start<Napped>('nap', input)
  const naps: string[] = []
  let peak = 0

  for (let nap = 0; nap < NAPS; nap++) {
    const { taken, ahead, mostAhead, readAheadBytes, peakBytes } = await reader.next()
    const { served } = await seeder()
    // all but the manifest and what the reader has
    const sentAhead = served - before.served - 1 - taken
    const most = readAheadBytes / file.blockSize + 1
    peak = peakBytes

    assert.ok(mostAhead <= most, `${mostAhead} blocks were requested or here and not taken, ${most} are allowed`)
    assert.ok(sentAhead <= most, `the seeder has sent ${sentAhead} blocks more than were taken, ${most} are allowed`)
    assert.ok(sentAhead > 0 || taken === file.blocks, 'nothing was sent ahead: this shows nothing')
    naps.push(`${ahead} (most ${mostAhead}, sent ${sentAhead}) of ${most} after ${taken}`)
    reader.tell('go on')
  }

  await reader.ended()
  const after = await seeder()
  await delay(NAP / 10)
  assert.equal((await seeder()).served, after.served, 'blocks sent after the reader has left')

  return `blocks ahead of a sleeping reader: ${naps.join('; ')}; peak ${formatMB(peak)}`
}
