import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { createPrivateKey } from '../../src/dht/crypto.ts'
import { Dht } from '../../src/dht/dht.ts'
import { DEFAULT_DHT_LIMITS } from '../../src/dht/limits.ts'
import { identify, isContact } from '../../src/dht/record-book.ts'
import { DatagramNetwork } from './datagram-network.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'
import type { DhtLimits } from '../../src/dht/limits.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Random } from '../../src/interfaces.ts'
import type { VirtualClock } from '../../src/testing/index.ts'

/** When simulated time begins, in milliseconds since 1970. */
export const EPOCH = 1_800_000_000_000

export interface DhtNetworkInit {
  clock: VirtualClock
  random: Random
  crypto: DhtCrypto
  limits?: Partial<DhtLimits>
  latency?: number
  loss?: number
}

/** Nodes of a DHT in virtual time. */
export class DhtNetwork {
  readonly datagrams: DatagramNetwork
  readonly clock: VirtualClock
  readonly #init: DhtNetworkInit
  #made = 0

  constructor (init: DhtNetworkInit) {
    this.#init = init
    this.clock = init.clock
    this.datagrams = new DatagramNetwork(init)
  }

  /** A node at an address of its own, public unless told otherwise; not started. */
  node (bootstrap: Contact[] = [], endpoint: Endpoint = this.nextEndpoint()): Dht {
    const { clock, random, crypto, limits } = this.#init

    return new Dht({
      crypto,
      clock,
      random,
      unixTime: () => EPOCH + clock.now(),
      socket: this.datagrams.socket(endpoint),
      privateKey: createPrivateKey(crypto),
      addresses: () => [multiaddr(`/ip4/${endpoint.host}/tcp/8070`)],
      bootstrap,
      datastore: new MemoryDatastore(),
      limits: { ...DEFAULT_DHT_LIMITS, ...limits }
    })
  }

  /** A public address in a /24 of its own. */
  nextEndpoint (): Endpoint {
    const n = this.#made++

    return { host: `${20 + (n >> 16)}.${(n >> 8) & 0xff}.${n & 0xff}.1`, port: 8090 }
  }

  /** How a running node is reached. */
  contactOf (dht: Dht): Contact {
    const contact = identify(this.#init.crypto, dht.self.record)

    if (!isContact(contact)) {
      throw new Error('the node has no address')
    }

    return contact
  }

  /** So many running nodes, the first of them the bootstrap of the others. */
  async start (count: number): Promise<Dht[]> {
    const first = this.node()
    await first.start()
    const nodes = [first]

    while (nodes.length < count) {
      const node = this.node([this.contactOf(first)])
      await node.start()
      nodes.push(node)
    }

    return nodes
  }
}
