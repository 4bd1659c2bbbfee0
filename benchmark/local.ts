/** How fast a file that is in the local store is read, beside reading and hashing the same blocks of the same store. */
import { bytesOf, rounded } from './report.ts'
import { inRounds, lineOf } from './transfer/rounds.ts'
import type { BenchOptions, Result } from './report.ts'

const SIZE = 256 * 2 ** 20
const ROUNDS = 5

export async function * benchLocal ({ size = SIZE }: BenchOptions): AsyncGenerator<Result> {
  const bytes = bytesOf(size)

  for (const store of ['memory', 'file']) {
    const names = [`local ${store}`, `read ${store}`, ...store === 'file' ? ['read blockstore-fs'] : []]
    const summaries = await inRounds(names, bytes, ROUNDS)
    const [ours, yardstick] = names.map(name => summaries[name].rate.median)
    const ratio = rounded(ours / yardstick)

    yield {
      figures: { store, bytes, rounds: ROUNDS, ratio, ...summaries },
      line: [
        `${store}, ${bytes / 2 ** 20} MiB: ${ratio} of reading and hashing the same blocks`,
        ...Object.entries(summaries).map(([name, summary]) => `  ${name.padEnd(22)} ${lineOf(summary)}`)
      ].join('\n')
    }
  }
}
