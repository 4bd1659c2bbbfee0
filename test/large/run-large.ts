/* eslint-disable no-console */
/**
 * `npm run large -- [--size 1GiB] [--only memory,sleep,kill,range,readers,erasure] [--seed n]`: what is promised of large files,
 * shown by real processes over TCP with stores on disk. A line of figures for each check; exits with 1 when one failed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseSize } from '../../benchmark/report.ts'
import { formatMilliseconds } from '../../bin/format.ts'
import { interruptSignal } from '../../bin/interrupt.ts'
import { erasure } from './checks/erasure.ts'
import { kill } from './checks/kill.ts'
import { memory } from './checks/memory.ts'
import { range } from './checks/range.ts'
import { readers } from './checks/readers.ts'
import { sleep } from './checks/sleep.ts'
import { Props, startSeeder } from './stage.ts'
import type { Check, Stage } from './stage.ts'

const GIB = 1024 ** 3
/** Of a download of 1 GiB; fewer of a smaller one, each costs up to two batches of blocks. */
const KILLS = 20
const CHECKS: Record<string, Check> = { memory, sleep, kill, range, readers, erasure }

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1GiB' },
    only: { type: 'string', default: Object.keys(CHECKS).join() },
    seed: { type: 'string', default: '1' }
  }
})
const names = values.only.split(',')
const size = parseSize(values.size)
const seed = Number(values.seed)

for (const name of names) {
  if (!Object.hasOwn(CHECKS, name)) {
    throw new Error(`There is no check ${name}: ${Object.keys(CHECKS).join(', ')}`)
  }
}

const root = await mkdtemp(join(tmpdir(), 'codex-download-large-'))
const props = new Props(root)
const { signal, release } = interruptSignal()
signal.addEventListener('abort', () => { void props.killAll() })

try {
  const started = performance.now()
  const file = await startSeeder(props, { size, seed })
  console.log(`file: ${values.size} of seed ${seed}, stored in ${formatMilliseconds(performance.now() - started)}`)

  for (const name of names) {
    signal.throwIfAborted()
    await run(name, file)
  }
} catch (err) {
  report('the run', err)
} finally {
  await props.clear()
  await rm(root, { recursive: true, force: true, maxRetries: 3 })
  release()
}

async function run (name: string, file: Pick<Stage, 'file' | 'seeder'>): Promise<void> {
  const own = new Props(root)
  const started = performance.now()
  const abort = (): void => { void own.killAll() }
  signal.addEventListener('abort', abort)

  try {
    const figures = await CHECKS[name]({
      ...file,
      size,
      seed,
      kills: Math.max(1, Math.floor(KILLS * size / GIB)),
      dir: async () => own.dir(),
      start: (role, input) => own.start(role, input)
    })
    console.log(`${name}: ${figures} (${formatMilliseconds(performance.now() - started)})`)
  } catch (err) {
    report(name, err)
  } finally {
    signal.removeEventListener('abort', abort)
    await own.clear()
  }
}

function report (what: string, err: unknown): void {
  console.error(`${what} FAILED (size ${values.size}, seed ${seed}):`, signal.aborted ? signal.reason : err)
  process.exitCode = 1
}
