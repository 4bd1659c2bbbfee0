/**
 * `npm run soak -- --minutes <virtual> [--seed <n>] [--rows <n>]`: lets a network live for so many minutes of virtual
 * time, and prints what the nodes hold that last. After a quarter of it the network calms down once, and at the end
 * again: each time no more may be left than the bounds of what is remembered, and in the end the heap may not have grown
 * by 5 % (20 % in a run of less than four hours).
 */
import { parseArgs } from 'node:util'
import { delay } from '../../src/testing/delay.ts'
import { runPromise } from '../../src/testing/index.ts'
import { complaints, measure } from './measure.ts'
import { Soak } from './soak.ts'
import type { Measure } from './measure.ts'

const MINUTE = 60_000
/** Of the heap. Within the first hours what is remembered reaches its bounds, and code is compiled. */
const maxGrowth = (minutes: number): number => minutes < 240 ? 0.2 : 0.05

const print = (line: string): void => { process.stdout.write(`${line}\n`) }
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    rows: { type: 'string', default: '24' }
  }
})
const minutes = Number(values.minutes)
const rows = Number(values.rows)
const startedAt = performance.now()
const soak = new Soak(Number(values.seed))

async function show (what: string): Promise<Measure> {
  const figures = await measure(Math.round(soak.clock.now() / MINUTE), soak.lasting)
  const sizes = Object.entries(figures.sizes).filter(([, size]) => size > 0).map(([name, size]) => `${name} ${size}`)

  print(`${`${figures.minute}`.padStart(5)} min  ${what.padEnd(6)} heap ${(figures.heapBytes / 1e6).toFixed(2)} MB, stored ${figures.kept}; ${sizes.join(', ')}`)

  return figures
}

/** What was wrong when it was calm. */
const wrong: string[] = []

async function live (forMinutes: number, rows: number): Promise<Measure> {
  soak.stir()

  for (let row = 0; row < rows; row++) {
    await delay(soak.clock, forMinutes * MINUTE / rows)
    await show('busy')
  }

  await soak.calm()
  const calm = await show('calm')
  wrong.push(...complaints(calm))

  return calm
}

async function run (): Promise<void> {
  await soak.start()
  const warm = await live(minutes / 4, Math.ceil(rows / 4))
  const end = await live(minutes * 3 / 4, Math.ceil(rows * 3 / 4))
  const growth = `the heap grew by ${((end.heapBytes / warm.heapBytes - 1) * 100).toFixed(1)} % from one calm to the other`
  print(growth)

  if (end.heapBytes >= warm.heapBytes * (1 + maxGrowth(minutes))) {
    wrong.push(growth)
  }

  await soak.stop()
  const left = Object.entries((await show('ended')).sizes).filter(([, size]) => size > 0)
  wrong.push(...left.map(([name, size]) => `${name} is ${size} when all are stopped`))

  if (soak.clock.pending > 0) {
    wrong.push(`${soak.clock.pending} timers are left`)
  }
}

await runPromise(soak.clock, run(), { maxMs: (minutes + 600) * MINUTE })
const { bytes, ...figures } = soak.figures

print(`${minutes} virtual minutes in ${((performance.now() - startedAt) / 1000).toFixed(0)} s: ${(bytes / 1e6).toFixed(0)} MB read, ` +
  Object.entries(figures).map(([name, count]) => `${count} ${name}`).join(', '))
wrong.forEach(complaint => { print(`WRONG: ${complaint}`) })
process.exitCode = wrong.length > 0 ? 1 : 0
