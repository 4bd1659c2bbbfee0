/**
 * What the requesting side costs a block, above the codec: links that have everything answer at once, one block of memory
 * is all blocks, and a stub stands for verification. CPU time a block by the number of blocks and of connected peers, how
 * that grows, and the memory of a want. `--size`: the most blocks.
 */
import { DEFAULT_BLOCK_SIZE, DEFAULT_LIMITS } from '../src/constants.ts'
import { blockCid, treeCid } from '../src/dataset/codecs.ts'
import { indicesOf, RangeSet } from '../src/dataset/ranges.ts'
import { reverify } from '../src/dataset/verify.ts'
import { freeOnly } from '../src/exchange/buying.ts'
import { staticPeers } from '../src/exchange/discoveries.ts'
import { Engine } from '../src/exchange/engine.ts'
import { seededRandom, simulatedPeerId } from '../src/testing/index.ts'
import { macrotask } from '../src/testing/macrotask.ts'
import { rounded, spread } from './report.ts'
import type { BenchOptions, Result } from './report.ts'
import type { Hasher } from '../src/dataset/hasher.ts'
import type { IndexRange } from '../src/dataset/ranges.ts'
import type { PeerLink } from '../src/exchange/peer-link.ts'
import type { Interest, Session } from '../src/exchange/session.ts'
import type { Clock, Transport } from '../src/interfaces.ts'
import type { LocalStore } from '../src/stores/local-store.ts'

const BLOCKS = [1_000, 10_000, 100_000, 1_000_000]
const PEERS = [1, 10, 100, 1_000]
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

/** A peer that has everything, and sends a message when it is told to. `busy`: those that have something to send. */
class Seeder implements PeerLink {
  readonly peerId
  readonly peer: string
  readonly features = { ranges: false, refusals: false, price: true }
  readonly #requested: number[] = []
  readonly #engine: Engine
  readonly #busy: Set<Seeder>

  constructor (engine: Engine, index: number, busy: Set<Seeder>) {
    this.#engine = engine
    this.#busy = busy
    this.peerId = simulatedPeerId(index)
    this.peer = this.peerId.toString()
  }

  askHave (root: typeof ROOT, ranges: IndexRange[]): void {
    queueMicrotask(() => { this.#engine.have(this, root, { have: ranges, absent: [], price: 0n }) })
  }

  request (root: typeof ROOT, ranges: IndexRange[]): void {
    this.#requested.push(...indicesOf(ranges))
    this.#busy.add(this)
  }

  deliverSome (): number {
    const indices = this.#requested.splice(0, MESSAGE_BLOCKS)
    this.#busy.delete(this)

    if (this.#requested.length > 0) {
      this.#busy.add(this)
    }

    this.#engine.delivered(this, indices.map(index => ({ root: ROOT, index, cid: BLOCK.bytes, data: DATA })))

    return indices.length
  }

  cancel (): void {}
  presence (): void {}
  async deliver (): Promise<void> {}
  account (): void {}
  pay (): void {}
  close (): void {}
}

/** Wants blocks and counts those that come. */
class Reader implements Interest {
  readonly wanted = new RangeSet()
  readonly order = 'sequential'
  readonly reads = true
  readonly store = false
  readonly patience = 30_000
  readonly providers = []
  readonly horizon: number
  left: number

  constructor (blocks: number) {
    this.horizon = this.left = blocks
  }

  arrived (blocks: unknown[]): void {
    this.left -= blocks.length
  }

  failed (err: Error): void {
    throw err
  }
}

/** What growth is measured from. */
const BASE = { blocks: 100_000, peers: 10 }

export async function * benchEngine ({ size = 1_000_000 }: BenchOptions): AsyncGenerator<Result> {
  const medians = new Map<string, number>()
  await download(10_000, 10)

  for (const peers of PEERS) {
    for (const blocks of BLOCKS.filter(blocks => blocks <= size)) {
      const costs: number[] = []

      for (let round = 0; round < ROUNDS; round++) {
        costs.push(await download(blocks, peers))
      }

      const { median, min, max } = spread(costs)
      medians.set(`${blocks} ${peers}`, median)
      yield {
        figures: { blocks, peers, microseconds: rounded(median), min: rounded(min), max: rounded(max) },
        line: `${blocks} blocks, ${peers} peers`.padEnd(28) + `${median.toFixed(2)} us of CPU a block (${min.toFixed(2)} to ${max.toFixed(2)})`
      }
    }
  }

  const base = medians.get(`${BASE.blocks} ${BASE.peers}`)
  const ratios = {
    millionBlocks: ratio(medians.get(`1000000 ${BASE.peers}`), base),
    thousandPeers: ratio(medians.get(`${BASE.blocks} 1000`), base)
  }
  const bytesPerWant = rounded(await memory(size, 1))
  const bytesPerLoneWant = rounded(await memory(size, 2))

  yield {
    figures: { ratios, bytesPerWant, bytesPerLoneWant },
    line: `of ${BASE.blocks} blocks with ${BASE.peers} peers: 1000000 blocks ${ratios.millionBlocks}, 1000 peers ${ratios.thousandPeers}; ` +
      `${bytesPerWant} bytes a want, ${bytesPerLoneWant} where every second block is wanted`
  }
}

/** Microseconds of CPU a block. */
async function download (blocks: number, peers: number): Promise<number> {
  const { engine, clock, busy } = await start(peers)
  const interest = new Reader(blocks)
  interest.wanted.add({ start: 0, end: blocks })
  const session = join(engine, interest)
  const started = process.cpuUsage()

  while (interest.left > 0) {
    const [seeder] = busy
    const blocks = seeder?.deliverSome() ?? 0
    clock.pass(Math.max(1, blocks) * DEFAULT_BLOCK_SIZE / RATE)
    await macrotask()
  }

  const { user, system } = process.cpuUsage(started)
  engine.leave(session, interest)
  await engine.stop()

  return (user + system) / blocks
}

/** Bytes of heap a want, when of so many blocks every `step`th is wanted and as many are asked for as may be. */
async function memory (blocks: number, step: number): Promise<number> {
  const { engine } = await start(10)
  const interest = new Reader(blocks)
  const before = heap()

  for (let start = 0; start < blocks; start += step) {
    interest.wanted.add({ start, end: start + 1 })
  }

  const session = join(engine, interest)
  await macrotask()
  const bytes = heap() - before
  engine.leave(session, interest)
  await engine.stop()

  return bytes / Math.ceil(blocks / step)
}

async function start (peers: number): Promise<{ engine: Engine, clock: SteppedClock, busy: Set<Seeder> }> {
  const busy = new Set<Seeder>()
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
    verify: (shape, { index, data }, _, hasher) => reverify(shape, index, BLOCK, data, hasher)
  })
  await engine.start()

  for (let i = 0; i < peers; i++) {
    engine.opened(new Seeder(engine, i, busy))
  }

  await macrotask()

  return { engine, clock, busy }
}

function join (engine: Engine, interest: Reader): Session {
  return engine.join({ shape: { root: ROOT, leaves: interest.horizon, blockSize: DEFAULT_BLOCK_SIZE }, names: [], likely: [] }, interest)
}

function heap (): number {
  globalThis.gc?.()

  return process.memoryUsage().heapUsed
}

function ratio (value: number | undefined, base: number | undefined): number | undefined {
  return value == null || base == null ? undefined : rounded(value / base)
}
