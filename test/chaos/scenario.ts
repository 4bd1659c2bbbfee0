/**
 * A random network of a seed: peers of different speeds and distances that come, go and stall, some with all of a file
 * and some with parts of it, and readers who want all of it, a part of it, slowly, or give up. One peer has all of it
 * and stays, so every reader that does not give up must get its bytes.
 */
import { KiB, MiB } from '../../src/constants.ts'
import { createCodex } from '../../src/index.ts'
import { delay } from '../../src/testing/delay.ts'
import { int, memoryStores, pick, seededContent, seededRandom, SimulatedDiscovery, SimulatedNetwork, VirtualClock, runPromise } from '../../src/testing/index.ts'
import type { Codex } from '../../src/index.ts'
import type { Random } from '../../src/interfaces.ts'
import type { SimulatedTransport, TraceEvent } from '../../src/testing/index.ts'
import type { CID } from 'multiformats/cid'

/** Milliseconds of virtual time in which a reader must be done. */
const MAX_MS = 60 * 60_000

export interface ChaosResult {
  peers: number
  readers: number
  gaveUp: number
  bytes: number
  /** Milliseconds of virtual time. */
  milliseconds: number
  disturbances: number
  duplicates: number
  timeouts: number
}

interface Node {
  codex: Codex
  transport: SimulatedTransport
}

class Scenario {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly discovery: SimulatedDiscovery
  readonly nodes: Node[] = []
  disturbances = 0
  timeouts = 0
  readonly #trace?: (event: TraceEvent) => void

  constructor (seed: number, trace?: (event: TraceEvent) => void) {
    this.random = seededRandom(seed)
    this.#trace = trace
    this.network = new SimulatedNetwork({ clock: this.clock, random: this.random, trace: event => { this.#trace?.(event) } })
    this.discovery = new SimulatedDiscovery({ clock: this.clock, latency: int(this.random, 1, 500) })
  }

  async addNode (serve: boolean): Promise<Node> {
    const { clock, random } = this
    const slow = random() < 0.3
    const transport = this.network.addPeer({
      latency: int(random, 1, slow ? 200 : 40),
      jitter: int(random, 0, 20),
      upload: int(random, 100, slow ? 500 : 20_000) * KiB,
      download: int(random, 500, 20_000) * KiB
    })
    const codex = createCodex({ ...memoryStores(), transport, discovery: this.discovery.for(transport), clock, random, serve })
    codex.addEventListener('codex:peer:timeout', () => { this.timeouts++ })
    await codex.start()
    const node = { codex, transport }
    this.nodes.push(node)

    return node
  }

  /** Lets a peer come and go, stall, or die and start anew over its stores, for a while. */
  async disturb ({ transport, codex }: Node, until: () => boolean, mayDie: boolean): Promise<void> {
    while (!until()) {
      await delay(this.clock, int(this.random, 50, 5_000))

      if (until()) {
        break
      }

      this.disturbances++

      switch (pick(this.random, mayDie ? ['stall', 'offline', 'disconnect', 'crash'] : ['stall', 'offline', 'disconnect'])) {
        case 'stall':
          transport.stall()
          await delay(this.clock, int(this.random, 10, 8_000))
          transport.resume()
          break
        case 'offline':
          transport.goOffline()
          await delay(this.clock, int(this.random, 10, 8_000))
          transport.goOnline()
          break
        case 'crash':
          transport.crash()
          await codex.stop()
          await delay(this.clock, int(this.random, 10, 8_000))
          transport.goOnline()
          await codex.start()
          break
        default:
          this.network.disconnect(transport, pick(this.random, this.nodes).transport)
      }
    }
  }
}

/** Runs the network of a seed. Throws with what went wrong. */
export async function runChaos (seed: number, trace?: (event: TraceEvent) => void): Promise<ChaosResult> {
  const scenario = new Scenario(seed, trace)
  const { clock } = scenario
  const result = await runPromise(clock, play(scenario, seed), { maxMs: 2 * MAX_MS })

  if (clock.pending > 0) {
    throw new Error(`${clock.pending} timers are left`)
  }

  return { ...result, peers: scenario.nodes.length, disturbances: scenario.disturbances, timeouts: scenario.timeouts, milliseconds: Math.round(clock.now()) }
}

async function play (scenario: Scenario, seed: number): Promise<Pick<ChaosResult, 'readers' | 'gaveUp' | 'bytes' | 'duplicates'>> {
  const { clock, random } = scenario
  const blockSize = pick(random, [KiB, 4 * KiB, 16 * KiB, 64 * KiB])
  const size = int(random, 1, pick(random, [blockSize, 20 * blockSize, 2 * MiB, 6 * MiB]))
  const content = seededContent(seed)(size)
  const faithful = await scenario.addNode(true)
  const cid = await faithful.codex.store(content, { blockSize, filename: `${seed}.bin` })
  const others: Node[] = []

  for (let i = int(random, 1, 11); i > 0; i--) {
    others.push(await scenario.addNode(random() < 0.9))
  }

  for (const { codex } of others) {
    if (random() < 0.4) {
      const offset = int(random, 0, size - 1)
      await readAll(codex, cid, content, offset, random() < 0.3 ? size : int(random, 1, size - offset))
    }
  }

  let done = false
  const readers = others.slice(0, int(random, 1, Math.min(3, others.length)))
  const disturbed = others.filter(node => !readers.includes(node) || random() < 0.3)
  const disturbances = Promise.all(disturbed.map(async node => { await scenario.disturb(node, () => done, !readers.includes(node)) }))
  const outcomes = await Promise.all(readers.flatMap(node => Array.from({ length: int(random, 1, 3) }, async () => read(scenario, node, cid, content))))
  done = true
  await disturbances

  for (const { codex } of scenario.nodes) {
    await settled(scenario, codex)
  }

  const duplicates = scenario.nodes.reduce((sum, { codex }) => sum + codex.stats().duplicate.blocks, 0)
  await Promise.all(scenario.nodes.map(async ({ codex }) => { await codex.stop() }))
  await delay(clock, 60_000)

  return {
    readers: outcomes.length,
    gaveUp: outcomes.filter(bytes => bytes == null).length,
    bytes: outcomes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0),
    duplicates
  }
}

/** One reader: all or a part, at its own speed; some give up. Undefined for those. */
async function read ({ clock, random }: Scenario, { codex }: Node, cid: CID, content: Uint8Array): Promise<number | undefined> {
  const isWhole = random() < 0.6
  const offset = isWhole ? 0 : int(random, 0, content.byteLength - 1)
  const length = isWhole ? undefined : int(random, 1, content.byteLength - offset)
  const sleep = random() < 0.2 ? int(random, 1, 50) : 0
  const givesUpAfter = random() < 0.15 ? int(random, 0, content.byteLength) : Infinity

  await delay(clock, int(random, 0, 500))

  return readAll(codex, cid, content, offset, length, { store: random() < 0.8, sleep: async () => { await delay(clock, sleep) }, givesUpAfter })
}

async function readAll (codex: Codex, cid: CID, content: Uint8Array, offset: number, length?: number, options: { store?: boolean, sleep?(): Promise<void>, givesUpAfter?: number } = {}): Promise<number | undefined> {
  const { store, sleep, givesUpAfter = Infinity } = options
  const expected = content.subarray(offset, length == null ? undefined : offset + length)
  const download = codex.download(cid, { offset, length, store, stallTimeout: MAX_MS })
  let at = 0

  for await (const chunk of download) {
    for (let i = 0; i < chunk.byteLength; i++) {
      if (chunk[i] !== expected[at + i]) {
        throw new Error(`byte ${offset + at + i} is wrong`)
      }
    }

    at += chunk.byteLength

    if (at >= givesUpAfter) {
      return undefined
    }

    await sleep?.()
  }

  if (at !== expected.byteLength) {
    throw new Error(`${at} bytes came of ${expected.byteLength}`)
  }

  return at
}

/** Nothing of a download is left once its readers are gone. */
async function settled ({ clock }: Scenario, codex: Codex): Promise<void> {
  await delay(clock, 1_000)
  const { downloads, sizes } = codex.stats()

  for (const [name, size] of Object.entries({ downloads, sources: sizes.sources, sessions: sizes.sessions, flights: sizes.flights, intakeBytes: sizes.intakeBytes })) {
    if (size !== 0) {
      throw new Error(`${name} is ${size} after the last download ended`)
    }
  }
}
