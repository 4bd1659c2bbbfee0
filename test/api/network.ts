/** A network of nodes in virtual time, for tests of what a host sees. Every test ends with nothing left anywhere. */
import { expect } from 'aegir/chai'
import { KiB } from '../../src/constants.ts'
import { codexProtocol, createCodex } from '../../src/index.ts'
import { delay } from '../../src/testing/delay.ts'
import { faultyProtocol, memoryStores, runPromise, seededContent, seededRandom, SimulatedDiscovery, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import { recordingProtocol } from './recording-protocol.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import type { LinkEvent } from './recording-protocol.ts'
import type { Script } from './scripted-peer.ts'
import type { Codex, CodexEvents, CodexInit, ExchangeProtocol, Limits } from '../../src/index.ts'
import type { Random } from '../../src/interfaces.ts'
import type { Faults, PeerConditions, SimulatedTransport, TraceEvent } from '../../src/testing/index.ts'
import type { CID } from 'multiformats/cid'

/** Bytes of a block in most tests: small, so that there are many. */
export const BLOCK = 4 * KiB

export interface NodeOptions extends Partial<Omit<CodexInit, 'transport' | 'protocols' | 'clock'>> {
  conditions?: Partial<PeerConditions>
  limits?: Partial<Limits>
  /** What befalls the blocks that it sends. */
  faults?: Faults
  protocol?(): ExchangeProtocol
  /** False leaves it to the test to start it. */
  start?: boolean
}

export interface TestNode {
  codex: Codex
  transport: SimulatedTransport
  /** Its id, as text. */
  id: string
  /** All that went over its links, both ways, in order. */
  links: LinkEvent[]
}

/** A file that a node has. */
export interface TestFile {
  cid: CID
  content: Uint8Array
  blocks: number
}

export class TestNetwork {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly transports: SimulatedNetwork
  readonly discovery: SimulatedDiscovery
  readonly nodes: TestNode[] = []
  readonly scripted: ScriptedPeer[] = []
  readonly trace: TraceEvent[] = []

  constructor (seed: number) {
    const { clock, trace } = this
    this.random = seededRandom(seed)
    this.transports = new SimulatedNetwork({ clock, random: this.random, trace: event => { trace.push(event) } })
    this.discovery = new SimulatedDiscovery({ clock, latency: 50 })
  }

  async add ({ conditions, limits, faults, protocol = codexProtocol, start = true, ...init }: NodeOptions = {}): Promise<TestNode> {
    const { clock, random } = this
    const transport = this.transports.addPeer(conditions)
    const links: LinkEvent[] = []
    const inner = faults == null ? protocol() : faultyProtocol(protocol(), faults)
    const codex = createCodex({
      ...memoryStores(),
      discovery: this.discovery.for(transport),
      random,
      ...init,
      transport,
      protocols: [recordingProtocol(inner, clock, links)],
      clock
    }, limits)
    const node = { codex, transport, id: transport.peer, links }
    this.nodes.push(node)

    if (start) {
      await codex.start()
    }

    return node
  }

  /** Adds a peer that does what a test says. It is stopped with the nodes. */
  async script (script: Script = {}, { conditions, protocol }: { conditions?: Partial<PeerConditions>, protocol?: ExchangeProtocol } = {}): Promise<ScriptedPeer> {
    const peer = new ScriptedPeer(this.transports.addPeer(conditions), this.clock, script, protocol)
    this.scripted.push(peer)
    await peer.start()

    return peer
  }

  /** Lets virtual time pass. */
  async sleep (ms: number): Promise<void> {
    await delay(this.clock, ms)
  }

  /** Waits for what does real I/O, during which time stands almost still. */
  async real<T> (work: Promise<T>): Promise<T> {
    const state = { settled: false }
    const settle = (): void => { state.settled = true }
    work.then(settle, settle)

    while (!state.settled) {
      await this.sleep(0.001)
    }

    return work
  }

  /** Lets time pass until something is so. */
  async until (what: () => boolean, ms = 60_000): Promise<void> {
    for (const end = this.clock.now() + ms; !what();) {
      expect(this.clock.now()).to.be.below(end, 'waited in vain')
      await this.sleep(1)
    }
  }
}

/** Runs a test on a network of its own, stops every node, and sees that nothing is left. */
export async function onNetwork (test: (net: TestNetwork) => Promise<void>, seed = 1): Promise<void> {
  const net = new TestNetwork(seed)
  const { clock, nodes } = net

  await runPromise(clock, (async () => {
    await test(net)
    await Promise.all(net.scripted.map(async peer => { await peer.stop() }))

    for (const { codex } of nodes) {
      if (codex.isStarted()) {
        await codex.stop()
      }

      expectNothingLeft(codex)
    }
  })(), { maxMs: 3 * 60 * 60_000 })

  await clock.run(undefined, { maxMs: 60_000 })
  expect(clock.pending).to.equal(0)
}

/** What a stopped node holds: nothing. One that was never started has no figures. */
function expectNothingLeft (codex: Codex): void {
  let stats: ReturnType<Codex['stats']>

  try {
    stats = codex.stats()
  } catch {
    return
  }

  expect(stats.downloads).to.equal(0)
  expect(left(stats.sizes)).to.deep.equal({})
}

/** Sizes that are not zero. */
export function left (sizes: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(sizes).filter(([, size]) => size !== 0))
}

/** What a node knows of peers, and what it has open to them: it stays while they do. */
const KNOWN = ['peers', 'peerDatasets', 'bans', 'failedDials', 'clients', 'wants', 'connectedPeers', 'streams', 'requestedRoots', 'trees', 'announcements']

/** What a running node holds of downloads; what it knows is not counted. */
export function held (codex: Codex): Record<string, number> {
  const { downloads, sizes } = codex.stats()

  return left(Object.fromEntries(Object.entries({ downloads, ...sizes }).filter(([name]) => !KNOWN.includes(name))))
}

/** Keeps a file of known content in a node. */
export async function seed ({ codex }: TestNode, size: number, { blockSize = BLOCK, content = seededContent(size)(size), filename }: { blockSize?: number, content?: Uint8Array, filename?: string } = {}): Promise<TestFile> {
  const cid = await codex.store(content, { blockSize, filename })

  return { cid, content, blocks: Math.ceil(size / blockSize) }
}

/** Details of the events of one type, from now on. */
export function events<K extends keyof CodexEvents> ({ codex }: TestNode, type: K): Array<CodexEvents[K]['detail']> {
  const details: Array<CodexEvents[K]['detail']> = []
  codex.addEventListener(type, event => { details.push((event as CodexEvents[K]).detail) })

  return details
}

/** What a promise rejects with. */
export async function failure (promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return promise.then(() => { throw new Error('it did not fail') }, (err: Error & Record<string, unknown>) => err)
}
