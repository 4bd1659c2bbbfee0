/** Runs contenders in turns, each downloader in a new process, the seeders all the time. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rounded, spread } from '../report.ts'
import type { Figures } from './child.ts'
import type { Offer } from './contender.ts'
import type { Spread } from '../report.ts'

const CHILD = fileURLToPath(new URL('child.js', import.meta.url))

/** Figures of one contender over all rounds. */
export interface Summary {
  /** MB/s, of 10^6 bytes. */
  rate: Spread
  /** Of the downloader, while it transfers. */
  cpuSeconds: Spread
  /** Of the downloader's process, from its start. */
  peakMB: Spread
  firstByteMs: Spread
  /** Share of the bytes that came more than once, at most. */
  duplicates?: number
}

/** So that what disturbs a round disturbs all who are measured in it. */
export async function inRounds (names: string[], size: number, rounds: number): Promise<Record<string, Summary>> {
  const figures: Record<string, Figures[]> = Object.fromEntries(names.map(name => [name, []]))
  const seeders: Array<{ name: string, offer: Offer, end(): Promise<void> }> = []

  try {
    for (const name of names) {
      const { told, end } = await run<Offer>([name, 'seed', String(size)])
      seeders.push({ name, offer: told, end })
    }

    for (let round = 0; round < rounds; round++) {
      for (const { name, offer } of seeders) {
        const { told, end } = await run<Figures>([name, 'download', String(size), JSON.stringify(offer)])
        figures[name].push(told)
        await end()
      }
    }
  } finally {
    await Promise.all(seeders.map(async ({ end }) => end()))
  }

  return Object.fromEntries(Object.entries(figures).map(([name, runs]) => [name, summaryOf(runs, size)]))
}

/** What a process tells first. Its temporary files go with it. */
async function run<T> (args: string[]): Promise<{ told: T, end(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-download-bench-'))
  const child = fork(CHILD, args, { env: { ...process.env, TMPDIR: dir } })
  const gone = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
    await rm(dir, { recursive: true, force: true })
  }

  const told = await Promise.race([once(child, 'message'), gone.then(() => undefined)])

  if (told == null) {
    await end()
    throw new Error(`${args.slice(0, 2).join(' ')} ended with code ${child.exitCode}`)
  }

  return { told: told[0], end }
}

function summaryOf (runs: Figures[], size: number): Summary {
  const of = (pick: (figures: Figures) => number, digits?: number): Spread => {
    const { median, min, max } = spread(runs.map(pick))

    return { median: rounded(median, digits), min: rounded(min, digits), max: rounded(max, digits) }
  }

  return {
    rate: of(({ milliseconds }) => size / milliseconds / 1e3, 1),
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
    peakMB: of(({ peakBytes }) => peakBytes / 1e6, 0),
    firstByteMs: of(({ firstByteMs }) => firstByteMs, 0),
    duplicates: runs[0].duplicates == null ? undefined : Math.max(...runs.map(({ duplicates = 0 }) => duplicates))
  }
}

/** The figures as a line to read. */
export function lineOf ({ rate, cpuSeconds, peakMB, firstByteMs, duplicates }: Summary): string {
  return [
    `${String(rate.median).padStart(6)} MB/s (${rate.min}–${rate.max})`,
    `${cpuSeconds.median} CPU s`,
    `peak ${peakMB.median} MB`,
    `first byte ${firstByteMs.median} ms`,
    ...duplicates == null ? [] : [`${rounded(100 * duplicates)} % twice`]
  ].join(', ')
}
