import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { codexProtocol, createCodex } from '../../src/index.ts'
import { faultyDiscovery, faultyProtocol, sometimes, wrongBytes } from '../../src/testing/index.ts'
import type { Codex } from '../../src/index.ts'
import type { Random } from '../../src/interfaces.ts'
import type { DiscoveryFault, SimulatedDiscovery, SimulatedTransport, VirtualClock } from '../../src/testing/index.ts'

/** What a lookup does wrong, one in ten. */
const DISCOVERY_FAULTS: DiscoveryFault[] = ['fails', 'hangs', 'ignores the signal', 'private', 'endless']
/** What is remembered reaches its bounds within an hour or two. */
export const LIMITS = { sessionPeers: 16, peerDatasets: 8, peerWantRoots: 64, bans: 8 }
export const WIRE_LIMITS = { requestedRoots: 16 }

export interface SoakNodeInit {
  clock: VirtualClock
  random: Random
  transport: SimulatedTransport
  discovery: SimulatedDiscovery
}

/** A peer that comes and goes. Its stores are kept when it leaves or crashes, until it begins anew. */
export class SoakNode {
  readonly transport: SimulatedTransport
  codex?: Codex
  readonly #init: SoakNodeInit
  #stores = { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore() }
  /** What it was when it joined last. */
  #last?: Codex
  /** Serves wrong bytes now and then. */
  #lies = false

  constructor (init: SoakNodeInit) {
    this.#init = init
    this.transport = init.transport
  }

  /** What it holds, by name; when it has left, what it still does. */
  get sizes (): Record<string, number> {
    const stats = this.#last?.stats()

    return stats == null ? {} : { downloads: stats.downloads, ...stats.sizes }
  }

  /** Values in its stores. */
  async kept (): Promise<number> {
    const { blockstore, datastore } = this.#stores

    return await count(blockstore.getAll()) + await count(datastore.queryKeys({}))
  }

  get blockstore (): MemoryBlockstore {
    return this.#stores.blockstore
  }

  /** Another peer with the same id: it has nothing. */
  beginAnew (lies: boolean): void {
    this.#last = undefined
    this.#stores = { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore() }
    this.#lies = lies
  }

  async join (): Promise<void> {
    const { clock, random, transport, discovery } = this.#init
    const protocol = codexProtocol(WIRE_LIMITS)
    this.codex = this.#last = createCodex({
      ...this.#stores,
      transport,
      protocols: [this.#lies ? faultyProtocol(protocol, { blocks: [sometimes(random, 0.05, wrongBytes)] }) : protocol],
      discovery: faultyDiscovery(discovery.for(transport), { clock, random, probability: 0.1, faults: DISCOVERY_FAULTS }),
      clock,
      random
    }, LIMITS)
    await this.codex.start()
  }

  async leave (): Promise<void> {
    const { codex } = this
    this.codex = undefined
    await codex?.stop()
  }

  async crash (): Promise<void> {
    this.transport.crash()
    await this.leave()
  }
}

async function count (values: AsyncIterable<unknown> | Iterable<unknown>): Promise<number> {
  const iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : values[Symbol.iterator]()
  let number = 0

  while ((await iterator.next()).done !== true) {
    number++
  }

  return number
}
