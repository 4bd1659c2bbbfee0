/**
 * How fast bytes come from another process over an open connection, beside the bare stream, beside the least that an
 * exchange of blocks has to do, and beside Helia and WebTorrent, all in turns.
 */
import { bytesOf, rounded } from './report.ts'
import { arePeersInstalled } from './transfer/contenders.ts'
import { inRounds } from './transfer/rounds.ts'
import type { BenchOptions, Result } from './report.ts'
import type { Summary } from './transfer/rounds.ts'

const SIZE = 256 * 2 ** 20
const ROUNDS = 5
const PEERS = ['helia', 'webtorrent']

export async function * benchTransfer ({ size = SIZE }: BenchOptions): AsyncGenerator<Result> {
  const bytes = bytesOf(size)
  const isInstalled = arePeersInstalled()

  if (!isInstalled) {
    console.error(`${PEERS.join(' and ')} are left out: npm install --prefix benchmark`)
  }

  for (const stack of ['noise+mplex', 'noise+yamux', 'tls+yamux']) {
    const yardsticks = ['raw', 'careful'].map(name => `${name} ${stack}`)
    const others = isInstalled && stack === 'noise+mplex' ? PEERS : []
    const names = [...yardsticks, `ours ${stack}`, ...others]
    const summaries = await inRounds(names, bytes, ROUNDS)

    yield row(stack, `ours ${stack}`, [...yardsticks, ...others], summaries, bytes)
  }
}

function row (stack: string, ours: string, yardsticks: string[], summaries: Record<string, Summary>, bytes: number): Result {
  const { rate } = summaries[ours]
  const ratios = Object.fromEntries(yardsticks.map(name => [
    name.split(' ')[0],
    rounded(rate.median / summaries[name].rate.median)
  ]))

  return {
    figures: { stack, bytes, rounds: ROUNDS, ratios, ...Object.fromEntries(Object.entries(summaries).map(([name, summary]) => [name.split(' ')[0], summary])) },
    line: [
      `${stack}, ${bytes / 2 ** 20} MiB: ${Object.entries(ratios).map(([name, ratio]) => `${ratio} of ${name}`).join(', ')}`,
      ...Object.entries(summaries).map(([name, summary]) => `  ${name.padEnd(22)} ${lineOf(summary)}`)
    ].join('\n')
  }
}

function lineOf ({ rate, cpuSeconds, peakMB, firstByteMs, duplicates }: Summary): string {
  return [
    `${String(rate.median).padStart(6)} MB/s (${rate.min}–${rate.max})`,
    `${cpuSeconds.median} CPU s`,
    `peak ${peakMB.median} MB`,
    `first byte ${firstByteMs.median} ms`,
    ...duplicates == null ? [] : [`${rounded(100 * duplicates)} % twice`]
  ].join(', ')
}
