import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { codexProtocol, createCodex } from '../../src/index.ts'
import { faultyDiscovery, faultyProtocol, sometimes, wrongBytes } from '../../src/testing/index.ts'
import type { Codex } from '../../src/index.ts'
import type { Random } from '../../src/interfaces.ts'
import type { DiscoveryFault, SimulatedDiscovery, SimulatedTransport, VirtualClock } from '../../src/testing/index.ts'

/** What a lookup does wrong, one in ten. */
const DISCOVERY_FAULTS: DiscoveryFault[] = ['fails', 'hangs', 'ignores the signal', 'fake', 'private', 'endless']
/** So few that memory reaches its bound within an hour. */
const REMEMBERED_REQUESTS = 64

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
  /** Serves wrong bytes now and then. */
  #lies = false

  constructor (init: SoakNodeInit) {
    this.#init = init
    this.transport = init.transport
  }

  /** Keys of the index and blocks. */
  get kept (): number {
    return Object.values(this.#stores).reduce((sum, store) => sum + (store as unknown as { data: Map<string, unknown> }).data.size, 0)
  }

  get blockstore (): MemoryBlockstore {
    return this.#stores.blockstore
  }

  /** Another peer with the same id: it has nothing. */
  beginAnew (lies: boolean): void {
    this.#stores = { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore() }
    this.#lies = lies
  }

  async join (): Promise<void> {
    const { clock, random, transport, discovery } = this.#init
    const protocol = codexProtocol({ requestedRoots: REMEMBERED_REQUESTS })
    this.codex = createCodex({
      ...this.#stores,
      transport,
      protocols: [this.#lies ? faultyProtocol(protocol, { blocks: [sometimes(random, 0.05, wrongBytes)] }) : protocol],
      discovery: faultyDiscovery(discovery.for(transport), { clock, random, probability: 0.1, faults: DISCOVERY_FAULTS }),
      clock,
      random
    })
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
