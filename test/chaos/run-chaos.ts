/**
 * `npm run chaos -- --from <seed> --count <n> [--only churn|hostile] [--verbose]`: random networks, two a seed: one whose
 * peers come and go, and one whose peers misbehave in every way there is. Exits with 1 at the first that fails, naming
 * the seed that repeats it.
 */
import { inspect, parseArgs } from 'node:util'
import { runHostile, SLOWER } from './hostile.ts'
import { runChaos } from './scenario.ts'

const print = (line: string): void => { process.stdout.write(`${line}\n`) }
const complain = (line: string): void => { process.stderr.write(`${line}\n`) }
const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false }
  }
})
const from = Number(values.from)
const count = Number(values.count)
const startedAt = performance.now()
const occurred = new Map<string, number>()
let slowest = 0
let failed = 0

async function churn (seed: number): Promise<string> {
  const { peers, readers, gaveUp, bytes, milliseconds, disturbances, duplicates, timeouts } = await runChaos(seed, values.verbose
    ? event => { print(JSON.stringify(event)) }
    : undefined)

  return `${peers} peers, ${readers} readers (${gaveUp} gave up), ${(bytes / 1e6).toFixed(2)} MB in ` +
    `${(milliseconds / 1000).toFixed(1)} virtual s, ${disturbances} disturbances, ${timeouts} timeouts, ${duplicates} duplicate blocks`
}

async function hostile (seed: number): Promise<string> {
  const { bytes, honestMs, hostileMs, banned, rejected, error, faults } = await runHostile(seed)
  faults.forEach((times, fault) => { occurred.set(fault, (occurred.get(fault) ?? 0) + times) })
  slowest = faults.has('the honest peer leaves') ? slowest : Math.max(slowest, hostileMs / honestMs)
  failed += error == null ? 0 : 1

  return `hostile: ${(bytes / 1e6).toFixed(2)} MB in ${(hostileMs / 1000).toFixed(2)} virtual s (honest: ${(honestMs / 1000).toFixed(2)}), ` +
    `${banned} banned, ${rejected} blocks rejected${error == null ? '' : `, ended by ${error.name}`}; ${[...faults.keys()].join(', ')}`
}

for (let seed = from; seed < from + count; seed++) {
  for (const [kind, run] of Object.entries({ churn, hostile })) {
    if (values.only != null && values.only !== kind) {
      continue
    }

    try {
      print(`seed ${seed}: ${await run(seed)}`)
    } catch (err) {
      complain(`seed ${seed} failed; repeat it with: npm run chaos -- --from ${seed} --count 1 --only ${kind}`)
      complain(inspect(err))
      process.exit(1)
    }
  }
}

for (const [fault, times] of [...occurred].sort(([a], [b]) => a < b ? -1 : 1)) {
  print(`${String(times).padStart(6)} × ${fault}`)
}

print(`${count} seeds, every download right${failed > 0 ? `, but for ${failed} that failed in time when the honest peer left` : ''}, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s` +
  (occurred.size > 0 ? `; the slowest hostile network took ${slowest.toFixed(1)} × the honest time (allowed: ${SLOWER.times} × and ${SLOWER.more / 1000} s)` : ''))
