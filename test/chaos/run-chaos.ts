/**
 * `npm run chaos -- --from <seed> --count <n> [--verbose]`: random networks, one a seed. Exits with 1 at the first that
 * fails, naming the seed that repeats it.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './scenario.ts'

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    verbose: { type: 'boolean', default: false }
  }
})
const from = Number(values.from)
const count = Number(values.count)
const startedAt = performance.now()

for (let seed = from; seed < from + count; seed++) {
  try {
    const { peers, readers, gaveUp, bytes, milliseconds, disturbances, duplicates, timeouts } = await runChaos(seed, values.verbose
      ? event => { console.log(JSON.stringify(event)) }
      : undefined)
    console.log(`seed ${seed}: ${peers} peers, ${readers} readers (${gaveUp} gave up), ${(bytes / 1e6).toFixed(2)} MB in ` +
      `${(milliseconds / 1000).toFixed(1)} virtual s, ${disturbances} disturbances, ${timeouts} timeouts, ${duplicates} duplicate blocks`)
  } catch (err) {
    console.error(`seed ${seed} failed; repeat it with: npm run chaos -- --from ${seed} --count 1`)
    console.error(err)
    process.exit(1)
  }
}

console.log(`${count} networks, every download right, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
