import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../../../src/testing/random.ts'
import { jobIn } from '../stage.ts'
import type { Downloaded, DownloadInput } from '../roles/download.ts'
import type { Prefetched, PrefetchInput } from '../roles/prefetch.ts'
import type { Check, Stage } from '../stage.ts'

/** Blocks verified over all runs, as a share of the file's. */
const MOST_VERIFIED = 1.02
/** The last kill is before this share of the file. */
const LAST_KILL = 0.98
/** Milliseconds between the progress that a kill waits for and the kill, at most: it is not bound to the end of a batch. */
const MOST_DELAY = 25

/** Killed again and again, resumed each time by a new process, and hardly a block is verified twice. */
export const kill: Check = async stage => {
  const { file, kills } = stage
  const dir = await stage.dir()
  const input: PrefetchInput = {
    ...jobIn(join(dir, 'data'), stage),
    root: file.root,
    blockSize: file.blockSize,
    hashedFile: join(dir, 'hashed'),
    verifiedFile: join(dir, 'verified')
  }
  const random = seededRandom(stage.seed)
  const killedAt: number[] = []
  let before = 0

  for (let run = 0; run < kills; run++) {
    const until = file.blocks * LAST_KILL * (run + random()) / kills
    await runUntil(stage, input, until - before, random() * MOST_DELAY)
    before = (await stat(input.hashedFile)).size
    killedAt.push(Math.round(before / file.blocks * 100))
  }

  await runToEnd(stage, input)

  const told = (await readFile(input.verifiedFile, 'utf8')).trim().split('\n')
  const toldTwice = told.length - new Set(told).size
  const { size: hashed } = await stat(input.hashedFile)
  const most = file.blocks * MOST_VERIFIED

  const offline: DownloadInput = { ...jobIn(input.dataDir, stage), peers: [], options: { offline: true } }
  const reader = stage.start<Downloaded>('download', offline)
  const { sha256 } = await reader.next()
  await reader.ended()

  assert.equal(sha256, file.sha256, 'the content')
  assert.equal(toldTwice, 0, 'blocks that were said to be in the store twice')
  assert.ok(hashed >= file.blocks, `only ${hashed} blocks were verified of ${file.blocks}`)
  assert.ok(hashed <= most, `${hashed} blocks were verified for ${file.blocks}, ${Math.floor(most)} are allowed`)

  return `killed ${kills} times, after ${killedAt.join(', ')} %: ${hashed} blocks verified over all runs for ${file.blocks} ` +
    `(${(hashed / file.blocks).toFixed(4)} each; of ${told.length} it was said that they are in the store, of none twice), sha256 right`
}

/** Runs until it got that many blocks, then as many milliseconds as `late`, and kills it. */
async function runUntil (stage: Stage, input: PrefetchInput, blocks: number, late: number): Promise<void> {
  const process = stage.start<Prefetched>('prefetch', input)
  let last: Prefetched

  do {
    last = await process.next()
    assert.ok(!last.done, 'all blocks were here before the last kill: the file is too small')
  } while (last.fetched < blocks)

  await delay(late)
  await process.kill()
}

async function runToEnd (stage: Stage, input: PrefetchInput): Promise<void> {
  const process = stage.start<Prefetched>('prefetch', input)

  while (!(await process.next()).done) {
    // it goes on
  }

  await process.ended()
}
