/**
 * How fast bytes come from another process over an open connection, beside the bare stream, beside the least that an
 * exchange of blocks has to do, and beside Helia and WebTorrent, all in turns.
 */
import { bytesOf, rounded } from './report.ts'
import { arePeersInstalled } from './transfer/contenders.ts'
import { inRounds, lineOf } from './transfer/rounds.ts'
import type { BenchOptions, Result } from './report.ts'
import type { Summary } from './transfer/rounds.ts'

const SIZE = 256 * 2 ** 20
const ROUNDS = 5
const PEERS = ['helia', 'webtorrent']

export async function * benchTransfer ({ size = SIZE }: BenchOptions): AsyncGenerator<Result> {
  const bytes = bytesOf(size)
  const isInstalled = arePeersInstalled()

  if (!isInstalled) {
    const install = 'npm install --prefix benchmark'
    yield { figures: { leftOut: PEERS, install }, line: `${PEERS.join(' and ')} are left out; to measure them: ${install}` }
  }

  for (const [stack, ...others] of [['noise+mplex', ...isInstalled ? PEERS : []], ['noise+yamux'], ['tls+yamux']]) {
    const yardsticks = [`raw ${stack}`, `careful ${stack}`, ...others]
    const ours = `ours ${stack}`
    const tuned = `ours ${stack.replace('noise', 'tuned')}`
    const summaries = await inRounds([...new Set([...yardsticks, ours, tuned])], bytes, ROUNDS)

    for (const name of new Set([ours, tuned])) {
      yield row(name, yardsticks, summaries, bytes)
    }
  }

  const disk = ['copy file', 'copy blockstore-fs']
  yield row('disk keeping', disk, await inRounds([...disk, 'disk keeping'], bytes, ROUNDS), bytes)
}

/** One contender of ours beside the others of its rounds. */
function row (ours: string, yardsticks: string[], summaries: Record<string, Summary>, bytes: number): Result {
  const { [ours]: summary } = summaries
  const short = (name: string): string => name.startsWith('copy') ? name.replace(' ', '-') : name.split(' ')[0]
  const beside = Object.fromEntries(yardsticks.map(name => [short(name), summaries[name]]))
  const ratios = Object.fromEntries(Object.entries(beside).map(([name, { rate }]) => [name, rounded(summary.rate.median / rate.median)]))

  return {
    figures: { name: ours, bytes, rounds: ROUNDS, ratios, ours: summary, ...beside },
    line: [
      `${ours}, ${bytes / 2 ** 20} MiB: ${Object.entries(ratios).map(([name, ratio]) => `${ratio} of ${name}`).join(', ')}`,
      ...Object.entries({ [ours]: summary, ...beside }).map(([name, figures]) => `  ${name.padEnd(20)} ${lineOf(figures)}`)
    ].join('\n')
  }
}
