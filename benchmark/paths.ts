/**
 * How near a download comes to what its paths carry, in virtual time: its time beside `4 round trips + bytes / bandwidth`,
 * and its first byte in round trips. The round trips are those to connect, to open a stream, for the manifest, and for
 * the first block.
 */
import { MiB } from '../src/constants.ts'
import { codexProtocol } from '../src/index.ts'
import { contentChunks, faultyProtocol, goldenContent, neverDelivered, seededRandom, sometimes } from '../src/testing/index.ts'
import { bytesOf, rounded, spread } from './report.ts'
import { MBIT, SEEDS, Simulation } from './simulation.ts'
import type { BenchOptions, Result } from './report.ts'
import type { Node } from './simulation.ts'

const BLOCK = 64 * 1024
/** Milliseconds that a packet takes longer at most, as a share of its way. */
const JITTER = 0.05
/** Round trips that nobody can do without: connection, stream, manifest, first block. */
const ROUND_TRIPS = 4

interface Path {
  name: string
  /** Of each peer, in Mbit/s. */
  peers: number[]
  /** Milliseconds, to each peer. */
  rtt: number
  bytes: number
  /** What the time may be of the bound. */
  target: number
  /** The first peer sends at a tenth from the middle of the file on. */
  slows?: boolean
  /** Share of the wanted blocks that are never answered. */
  lost?: number
}

const UNEQUAL = [1, 2, 5, 10, 15, 20, 30, 50]
const STEADY = 1.15
const ROUGH = 1.3

const PATHS: Path[] = [
  ...[5, 50, 200].map(rtt => ({ name: `100 Mbit/s, ${rtt} ms`, peers: [100], rtt, bytes: 64 * MiB, target: STEADY })),
  { name: '1 Gbit/s, 50 ms', peers: [1_000], rtt: 50, bytes: 512 * MiB, target: STEADY },
  { name: '8 peers of 1 to 50 Mbit/s', peers: UNEQUAL, rtt: 50, bytes: 64 * MiB, target: ROUGH },
  { name: '2 × 50 Mbit/s, one slows to a tenth', peers: [50, 50], rtt: 50, bytes: 64 * MiB, target: ROUGH, slows: true },
  { name: '100 Mbit/s that slows to a tenth', peers: [100], rtt: 50, bytes: 64 * MiB, target: ROUGH, slows: true },
  { name: '4 × 25 Mbit/s, 1 % never answered', peers: [25, 25, 25, 25], rtt: 50, bytes: 64 * MiB, target: ROUGH, lost: 0.01 },
  { name: '100 Mbit/s, 1 % never answered', peers: [100], rtt: 50, bytes: 64 * MiB, target: ROUGH, lost: 0.01 }
]

/** What one run gave. Milliseconds; blocks. */
interface Run {
  firstByte: number
  total: number
  /** Blocks that came and were not of use. */
  duplicates: number
  /** Bytes asked of one peer and not here, at most. */
  asked: number
}

export async function * benchPaths ({ size }: BenchOptions): AsyncGenerator<Result> {
  for (const path of PATHS) {
    const bytes = size == null ? path.bytes : bytesOf(size)
    const runs: Run[] = []
    const started = performance.now()

    for (const seed of SEEDS) {
      runs.push(await run({ ...path, bytes }, seed))
    }

    yield report({ ...path, bytes }, runs, (performance.now() - started) / SEEDS.length)
  }
}

async function run (path: Path, seed: number): Promise<Run> {
  const { peers, rtt, bytes, lost = 0, slows = false } = path
  const simulation = new Simulation(seed)
  const { clock } = simulation
  // so that the round trip is `rtt` on average
  const conditions = { latency: (1 - JITTER / 2) * rtt / 4, jitter: JITTER * rtt / 4 }
  const lose = sometimes(seededRandom(seed), lost, neverDelivered)

  return simulation.run(async () => {
    const seeders: Node[] = []

    for (const mbits of peers) {
      const protocols = lost > 0 ? [faultyProtocol(codexProtocol(), { blocks: [block => block.proof == null ? block : lose(block)] })] : undefined
      seeders.push(await simulation.addNode({ ...conditions, upload: mbits * MBIT }, { protocols }))
    }

    const [cid] = await Promise.all(seeders.map(async ({ codex }) => codex.store(contentChunks(goldenContent, bytes))))
    const { codex } = await simulation.addNode(conditions, { serve: false })
    let asked = 0
    codex.addEventListener('codex:blocks:request', () => {
      queueMicrotask(() => { asked = Math.max(asked, ...codex.peers().map(({ queued }) => queued)) })
    })

    const startedAt = clock.now()
    let firstByte: number | undefined
    let left = bytes

    for await (const chunk of codex.download(cid, { providers: seeders.map(({ transport }) => transport.peerId), store: false })) {
      firstByte ??= clock.now() - startedAt
      left -= chunk.byteLength

      if (slows && left <= bytes / 2) {
        seeders[0].transport.conditions.upload = peers[0] * MBIT / 10
      }
    }

    return { firstByte: firstByte ?? Infinity, total: clock.now() - startedAt, duplicates: codex.stats().duplicate.blocks, asked }
  })
}

/** Milliseconds. */
function boundOf ({ peers, rtt, bytes, slows = false }: Path): number {
  const rate = peers.reduce((sum, mbits) => sum + mbits * MBIT, 0) / 1_000
  const slowed = rate - peers[0] * MBIT * 0.9 / 1_000
  // what left before the reader had its half is not slowed
  const slow = slows ? bytes / 2 - rate * rtt / 2 : 0

  return ROUND_TRIPS * rtt + (bytes - slow) / rate + slow / slowed
}

function report (path: Path, runs: Run[], cpuMs: number): Result {
  const bound = boundOf(path)
  const blockMs = BLOCK / (Math.max(...path.peers) * MBIT / 1_000)
  const ratio = roundedAll(spread(runs.map(({ total }) => total / bound)))
  const firstByteRtt = roundedAll(spread(runs.map(({ firstByte }) => firstByte / path.rtt)))
  const firstByteBoundRtt = rounded(ROUND_TRIPS + 2 * blockMs / path.rtt)
  const seconds = roundedAll(spread(runs.map(({ total }) => total / 1_000)))
  const duplicates = rounded(spread(runs.map(run => run.duplicates * BLOCK / path.bytes)).median * 100)
  const askedMiB = rounded(Math.max(...runs.map(({ asked }) => asked)) / MiB, 1)

  return {
    figures: {
      path: path.name, bytes: path.bytes, ratio, target: path.target, seconds, boundSeconds: rounded(bound / 1_000), firstByteRtt, firstByteBoundRtt, duplicatePercent: duplicates, askedMiB
    },
    line: `${path.name}, ${path.bytes / MiB} MiB: `.padEnd(50) +
      `${ratio.median.toFixed(2)} × the bound of ${(bound / 1_000).toFixed(2)} s (${ratio.min} to ${ratio.max}; target ${path.target}), ` +
      `first byte ${firstByteRtt.median} round trips (target ${firstByteBoundRtt}), duplicates ${duplicates} %, ` +
      `at most ${askedMiB} MiB asked of a peer; ${Math.round(cpuMs)} ms to simulate`
  }
}

function roundedAll ({ median, min, max }: { median: number, min: number, max: number }): { median: number, min: number, max: number } {
  return { median: rounded(median, 3), min: rounded(min, 3), max: rounded(max, 3) }
}
