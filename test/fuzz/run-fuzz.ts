/**
 * `npm run fuzz -- --runs <n> --seed <s> [--from <i>] [--target <name>]`: gives every decoder random bytes and golden bytes
 * that were changed. Exits with 1 at the first input that fails, saying how to repeat it.
 */
import { parseArgs } from 'node:util'
import { toString } from 'uint8arrays/to-string'
import { fuzz, FuzzError } from './fuzz.ts'
import { MAX_MEMORY, MAX_MS } from './measure.ts'
import { allTargets } from './targets/index.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    target: { type: 'string' },
    vectors: { type: 'string', default: 'test/interop/vectors' }
  }
})
const [runs, seed, from] = [values.runs, values.seed, values.from].map(Number)
const say = (line: string): void => { process.stdout.write(`${line}\n`) }
const startedAt = performance.now()

try {
  const targets = (await allTargets(values.vectors)).filter(({ name }) => values.target == null || name === values.target)
  const figures = await fuzz({
    targets,
    seed,
    from,
    runs,
    progress: done => {
      if (done > 0 && done % 100_000 === 0) {
        say(`${done} inputs, ${Math.round((performance.now() - startedAt) / 1000)} s`)
      }
    }
  })

  for (const [name, { inputs, valid, slowest, largest, measured, fullest }] of figures) {
    say(`${name}: ${inputs} inputs, ${valid} valid; slowest ${slowest.ms.toFixed(1)} ms (${slowest.bytes} bytes); most allocated ` +
      `${Math.round(largest.allocated / 1024)} KiB (${largest.bytes} bytes); ${measured} weighed, the heaviest at ${Math.round(100 * fullest)} % of what it may hold`)
  }

  say(`${runs} inputs of seed ${seed} passed in ${((performance.now() - startedAt) / 1000).toFixed(0)} s: each read or refused with an error of ours, ` +
    `within ${MAX_MS} ms and ${MAX_MEMORY.times} times its size + ${MAX_MEMORY.more / 1024} KiB of memory, and written again the same`)
} catch (err) {
  if (!(err instanceof FuzzError)) {
    throw err
  }

  say(`Input ${err.input} failed. ${err.message}`)
  say(`${err.bytes.byteLength} bytes: ${toString(err.bytes.subarray(0, 512), 'base16')}`)
  say(`Repeat it with: npm run fuzz -- --seed ${seed} --from ${err.input} --runs 1${values.target == null ? '' : ` --target '${values.target}'`}`)
  process.stdout.write(`${String(err.cause instanceof Error ? err.cause.stack : err.cause)}\n`)
  process.exitCode = 1
}
