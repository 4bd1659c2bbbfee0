/**
 * A flash crowd, in virtual time: one seed, and many who want all of a file at the same moment and serve each other. The
 * time of the median and of the last of them beside the least that any way of sharing takes.
 *
 * The bound: with up- and downlinks of the same rate u, a file of F bytes in M blocks takes N downloaders at least
 * F / u × (1 + ⌊log2 N⌋ / M). Nobody takes in F in less than F / u, the seed cannot have sent every block once before
 * that, and the last block it sends still has to double its holders until all have it (Mundinger, Weber and Weiss,
 * 2008). Round trips, the manifest and the choice of neighbours are not in it.
 */
import { KiB, MiB } from '../src/constants.ts'
import { contentChunks, int, seededContent, shuffle } from '../src/testing/index.ts'
import { bytesOf, rounded, spread } from './report.ts'
import { MBIT, SEEDS, Simulation } from './simulation.ts'
import type { BenchOptions, Result } from './report.ts'
import type { Node } from './simulation.ts'

const SIZE = 64 * MiB
/** Mbit/s, up and down. */
const RATE = 20
/** Milliseconds of each peer to the middle of the network. */
const LATENCY = { min: 5, max: 25 }
/** Neighbours of a peer, at most. */
const NEIGHBOURS = 16
/** Milliseconds of patience: none of them is to give up. */
const PATIENCE = 3_600_000

interface Crowd {
  downloaders: number
  /** Bytes. Larger ones for the largest crowd, which costs a millisecond of CPU a block. */
  blockSize: number
  /** What the last may take of the bound, rarest first. */
  target?: number
}

const CROWDS: Crowd[] = [
  { downloaders: 8, blockSize: 64 * KiB },
  { downloaders: 64, blockSize: 64 * KiB, target: 2 },
  { downloaders: 256, blockSize: 256 * KiB, target: 2.5 }
]

type Selection = 'rarest' | 'sequential'

/** What one run gave. */
interface Run {
  /** Milliseconds that each downloader took, the quickest first. */
  times: number[]
  /** Blocks that came and were of no use, as a share of those that were. */
  duplicates: number
  /** How often the seed sent the file. */
  seeded: number
}

export async function * benchSwarm ({ size = SIZE }: BenchOptions): AsyncGenerator<Result> {
  for (const crowd of CROWDS) {
    for (const selection of ['rarest', 'sequential'] as const) {
      const runs: Run[] = []
      const started = performance.now()

      for (const seed of SEEDS) {
        runs.push(await run(crowd, selection, bytesOf(size), seed))
      }

      yield report(crowd, selection, bytesOf(size), runs, (performance.now() - started) / SEEDS.length)
    }
  }
}

async function run ({ downloaders, blockSize }: Crowd, selection: Selection, bytes: number, seed: number): Promise<Run> {
  const simulation = new Simulation(seed)
  const { clock, random } = simulation

  return simulation.run(async () => {
    const nodes: Node[] = []

    for (let i = 0; i <= downloaders; i++) {
      nodes.push(await simulation.addNode({ latency: int(random, LATENCY.min, LATENCY.max), upload: RATE * MBIT, download: RATE * MBIT }))
    }

    const [seeder, ...others] = nodes
    const cid = await seeder.codex.store(contentChunks(seededContent(seed), bytes), { blockSize })

    for (const [a, b] of edges(nodes.length, simulation)) {
      await nodes[a].transport.connect(nodes[b].transport.peerId)
    }

    const startedAt = clock.now()
    const times = await Promise.all(others.map(async ({ codex }) => {
      for await (const _ of codex.prefetch(cid, { selection, stallTimeout: PATIENCE })) {
        // until all is here
      }

      return clock.now() - startedAt
    }))
    const duplicates = others.reduce((sum, { codex }) => sum + codex.stats().duplicate.bytes, 0)

    return { times: times.sort((a, b) => a - b), duplicates: duplicates / downloaders / bytes, seeded: seeder.codex.stats().served.bytes / bytes }
  })
}

/** A ring, so that all are connected, and then pairs by chance, as long as both have room for a neighbour. */
function edges (nodes: number, { random }: Simulation): Array<[number, number]> {
  const neighbours = Array.from({ length: nodes }, () => new Set<number>())
  const pairs: Array<[number, number]> = []
  const join = (a: number, b: number): void => {
    if (a !== b && !neighbours[a].has(b) && neighbours[a].size < NEIGHBOURS && neighbours[b].size < NEIGHBOURS) {
      neighbours[a].add(b)
      neighbours[b].add(a)
      pairs.push([a, b])
    }
  }
  const all = shuffle(random, [...neighbours.keys()])
  all.forEach((node, i) => { join(node, all[(i + 1) % nodes]) })

  for (let round = 0; round < 2 * NEIGHBOURS; round++) {
    shuffle(random, all).forEach((node, i) => { join(node, all[i]) })
  }

  return pairs
}

function report ({ downloaders, blockSize, target }: Crowd, selection: Selection, bytes: number, runs: Run[], cpuMs: number): Result {
  const bound = bytes * 1_000 / (RATE * MBIT) * (1 + Math.floor(Math.log2(downloaders)) / (bytes / blockSize))
  const ratioOf = (timeOf: (run: Run) => number): { median: number, min: number, max: number } => {
    const { median, min, max } = spread(runs.map(run => timeOf(run) / bound))

    return { median: rounded(median), min: rounded(min), max: rounded(max) }
  }
  const last = ratioOf(({ times }) => times[times.length - 1])
  const median = ratioOf(({ times }) => times[times.length >> 1])
  const duplicatePercent = rounded(spread(runs.map(run => run.duplicates)).median * 100)
  const seeded = rounded(spread(runs.map(run => run.seeded)).median)

  return {
    figures: { downloaders, selection, bytes, blockSize, boundSeconds: rounded(bound / 1_000), last, median, target: selection === 'rarest' ? target : undefined, duplicatePercent, seeded },
    line: `${downloaders} downloaders, ${selection}, ${bytes / MiB} MiB: `.padEnd(42) +
      `the last in ${last.median.toFixed(2)} × the bound of ${(bound / 1_000).toFixed(1)} s (${last.min} to ${last.max}${selection === 'rarest' && target != null ? `; target ${target}` : ''}), ` +
      `the median in ${median.median.toFixed(2)} (${median.min} to ${median.max}); duplicates ${duplicatePercent} %, ` +
      `the seed sent the file ${seeded} times; ${(cpuMs / 1_000).toFixed(1)} s to simulate`
  }
}
