/**
 * What the requesting side costs a block, above the codec: links that have everything answer at once, one block of memory
 * is all blocks, and a stub stands for verification. CPU time a block by the number of blocks and of connected peers, and
 * the memory of a want.
 */
import { DEFAULT_BLOCK_SIZE, DEFAULT_LIMITS } from '../src/constants.ts'
import { blockCid, treeCid } from '../src/dataset/codecs.ts'
import { indicesOf, RangeSet } from '../src/dataset/ranges.ts'
import { reverify } from '../src/dataset/verify.ts'
import { freeOnly } from '../src/exchange/buying.ts'
import { staticPeers } from '../src/exchange/discoveries.ts'
import { Engine } from '../src/exchange/engine.ts'
import { macrotask } from '../src/testing/macrotask.ts'
import { seededRandom, simulatedPeerId } from '../src/testing/index.ts'
import type { Result } from './report.ts'
import type { Hasher } from '../src/dataset/hasher.ts'
import type { IndexRange } from '../src/dataset/ranges.ts'
import type { PeerLink } from '../src/exchange/peer-link.ts'
import type { Interest } from '../src/exchange/session.ts'
import type { Clock, Transport } from '../src/interfaces.ts'
import type { LocalStore } from '../src/stores/local-store.ts'

const BLOCKS = (process.env.B ?? '1000,10000,100000,1000000').split(',').map(Number)
const PEERS = (process.env.P ?? '1,10,100,1000').split(',').map(Number)
const ROUNDS = 5
/** Blocks of a message, as the reference sends them. */
const MESSAGE_BLOCKS = 20
/** Bytes a millisecond that all peers deliver together. */
const RATE = 1_000_000

const DIGEST = new Uint8Array(32)
const DATA = new Uint8Array(DEFAULT_BLOCK_SIZE)
const BLOCK = blockCid(DIGEST)
const ROOT = treeCid(DIGEST)
const HASHER: Hasher = { digest: () => DIGEST, digestNode: () => DIGEST }

/** Time as the driver lets it pass; what is due happens with the next delivery. */
class SteppedClock implements Clock {
  time = 0
  readonly #timers = new Map<object, { fn: () => void, at: number }>()

  now (): number {
    return this.time
  }

  setTimeout (fn: () => void, ms: number): object {
    const timer = {}
    this.#timers.set(timer, { fn, at: this.time + ms })

    return timer
  }

  clearTimeout (timer: unknown): void {
    this.#timers.delete(timer as object)
  }

  pass (ms: number): void {
    this.time += ms

    for (const [timer, { fn, at }] of this.#timers) {
      if (at <= this.time) {
        this.#timers.delete(timer)
        fn()
      }
    }
  }
}

/** A peer that has everything. */
class Seeder implements PeerLink {
  readonly peerId
  readonly peer: string
  readonly features = { ranges: false, refusals: false, price: true }
  readonly requested: number[] = []
  readonly #engine: Engine

  constructor (engine: Engine, index: number) {
    this.#engine = engine
    this.peerId = simulatedPeerId(index)
    this.peer = this.peerId.toString()
  }

  askHave (root: typeof ROOT, ranges: IndexRange[]): void {
    queueMicrotask(() => { this.#engine.have(this, root, { have: ranges, absent: [], price: 0n }) })
  }

  request (root: typeof ROOT, ranges: IndexRange[]): void {
    this.requested.push(...indicesOf(ranges))
  }

  deliverSome (): number {
    const indices = this.requested.splice(0, MESSAGE_BLOCKS)
    this.#engine.delivered(this, indices.map(index => ({ root: ROOT, index, cid: BLOCK, data: DATA })))

    return indices.length
  }

  cancel (): void {}
  presence (): void {}
  async deliver (): Promise<void> {}
  account (): void {}
  pay (): void {}
  close (): void {}
}

interface Run {
  /** Microseconds of CPU a block. */
  cpu: number
  /** Bytes of heap a want, all being wanted and as much asked as may be. */
  want: number
}

export async function * benchEngine (): AsyncGenerator<Result> {
  await run(10_000, 10)

  for (const peers of PEERS) {
    for (const blocks of BLOCKS) {
      const runs: Run[] = []

      for (let round = 0; round < ROUNDS; round++) {
        runs.push(await run(blocks, peers))
      }

      const cpu = runs.map(run => run.cpu).sort((a, b) => a - b)
      const want = runs.map(run => run.want).sort((a, b) => a - b)
      yield {
        figures: { blocks, peers, cpuUs: cpu[2], spread: [cpu[0], cpu[4]], bytesPerWant: want[2] },
        line: `${blocks} blocks, ${peers} peers: ${cpu[2].toFixed(2)} us a block (${cpu[0].toFixed(2)} to ${cpu[4].toFixed(2)}), ${want[2].toFixed(1)} bytes a want`
      }
    }
  }
}

async function run (blocks: number, peers: number): Promise<Run> {
  const clock = new SteppedClock()
  const engine = new Engine({
    transport: {} as Transport,
    protocols: [],
    discovery: staticPeers([]),
    store: {} as LocalStore,
    policy: freeOnly,
    serve: false,
    clock,
    random: seededRandom(1),
    hasher: HASHER,
    limits: DEFAULT_LIMITS,
    emit: () => {},
    verify: (shape, { index, cid, data }, _, hasher) => reverify(shape, index, cid, data, hasher)
  })
  await engine.start()
  const seeders = Array.from({ length: peers }, (_, i) => new Seeder(engine, i))
  seeders.forEach(seeder => { engine.opened(seeder) })
  await macrotask()

  let left = blocks
  const interest: Interest = {
    wanted: new RangeSet(),
    horizon: blocks,
    order: 'sequential',
    reads: true,
    store: false,
    patience: 30_000,
    providers: [],
    arrived: verified => { left -= verified.length },
    failed: err => { throw err }
  }
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  interest.wanted.add({ start: 0, end: blocks })
  const session = engine.join({ shape: { root: ROOT, leaves: blocks, blockSize: DEFAULT_BLOCK_SIZE }, names: [], likely: [] }, interest)
  await macrotask()
  globalThis.gc?.()
  const want = (process.memoryUsage().heapUsed - before) / blocks
  const started = process.cpuUsage()
  let turn = 0

  while (left > 0) {
    let sent = 0

    for (let i = 0; i < peers && sent === 0; i++) {
      sent = seeders[turn++ % peers].deliverSome()
    }

    clock.pass(Math.max(1, sent) * DEFAULT_BLOCK_SIZE / RATE)
    await macrotask()
  }

  const { user, system } = process.cpuUsage(started)
  engine.leave(session, interest)
  await engine.stop()

  return { cpu: (user + system) / blocks, want }
}
