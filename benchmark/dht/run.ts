/** One network of the benchmark `dht`, in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadCrypto } from '../../src/dht/node-crypto.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { churn } from '../../test/dht/churn.ts'
import { seededCrypto, toyCrypto } from '../../test/dht/toy-crypto.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Random } from '../../src/interfaces.ts'
import type { Result } from '../report.ts'

export interface ChurnSetting {
  nodes: number
  curve: 'stand-in' | 'real'
  /** Share of the nodes that vanish each minute. */
  churn: number
  /** Of announcing. */
  minutes: number
  contents: number
  seed: number
}

parentPort?.postMessage(await run(workerData))

async function run ({ nodes, curve, churn: share, minutes, contents, seed }: ChurnSetting): Promise<Result> {
  const random = seededRandom(seed)
  const crypto = await cryptoOf(curve, random)
  const started = performance.now()
  const { looked, gone, duration, load } = await churn({ crypto, random, nodes, churn: share, minutes, contents })
  const found = looked.filter(({ found }) => found)
  const rounds = found.map(({ rounds }) => rounds)
  const took = found.map(({ took }) => Math.round(took))
  const datagrams = looked.map(({ datagrams }) => datagrams)
  const figures = {
    nodes,
    curve,
    seed,
    churn: share,
    lookups: looked.length,
    found: Math.round(10_000 * found.length / looked.length) / 10_000,
    rounds: { median: quantile(rounds, 0.5), p95: quantile(rounds, 0.95) },
    milliseconds: { median: quantile(took, 0.5), p95: quantile(took, 0.95) },
    datagrams: { median: quantile(datagrams, 0.5), p95: quantile(datagrams, 0.95) },
    load: Math.round(10 * load) / 10,
    gone,
    virtualSeconds: Math.round(duration / 1_000),
    seconds: Math.round((performance.now() - started) / 1_000)
  }

  return {
    figures,
    line: `${nodes} nodes, ${curve} curve, seed ${seed}: found ${(100 * figures.found).toFixed(1)} % of ${looked.length}; median / p95: ` +
      `${figures.rounds.median} / ${figures.rounds.p95} rounds, ${figures.milliseconds.median} / ${figures.milliseconds.p95} ms, ` +
      `${figures.datagrams.median} / ${figures.datagrams.p95} datagrams; ${figures.load} datagrams a node and second; ` +
      `${gone} nodes left in ${figures.virtualSeconds} s of virtual time, which took ${figures.seconds} s`
  }
}

async function cryptoOf (curve: ChurnSetting['curve'], random: Random): Promise<DhtCrypto> {
  return curve === 'real' ? seededCrypto(await loadCrypto(), random) : toyCrypto(random)
}

function quantile (values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]
}
