/** The peak memory of a process that downloads files of growing size, to its disk, and without keeping them. */
import { bytesOf, rounded } from './report.ts'
import { inRounds, lineOf } from './transfer/rounds.ts'
import type { BenchOptions, Result } from './report.ts'

const GIB = 2 ** 30
const SIZES = [GIB / 4, GIB, 4 * GIB]
const ROUNDS = 5

export async function * benchMemory ({ size }: BenchOptions): AsyncGenerator<Result> {
  for (const kind of ['keeping', 'passing']) {
    let smallest: number | undefined

    for (const bytes of size == null ? SIZES : [bytesOf(size)]) {
      const { [`disk ${kind}`]: summary } = await inRounds([`disk ${kind}`], bytes, ROUNDS)
      smallest ??= summary.peakMB.median
      const ratio = rounded(summary.peakMB.median / smallest)

      yield {
        figures: { kind, bytes, rounds: ROUNDS, ratio, ...summary },
        line: `${kind === 'keeping' ? 'disk to disk' : 'store: false'}, ${bytes / 2 ** 20} MiB: ${lineOf(summary)}; ${ratio} of the smallest file's peak`
      }
    }
  }
}
