import { providerKey } from '../exchange/provider-key.ts'
import { delay } from './delay.ts'
import type { Clock, Discovery, Provider, Transport } from '../interfaces.ts'
import type { CID } from 'multiformats/cid'

/** What a simulated discovery is made of. */
export interface SimulatedDiscoveryInit {
  /** Whose time lookups take: a `VirtualClock`. */
  clock: Clock
  /** Milliseconds that a lookup or an announcement takes. 100 by default. */
  latency?: number
}

/**
 * Who has what, shared by the peers of a simulated network. As with a DHT, whoever announced is given out until it is
 * removed, be it gone or the asker itself.
 */
export class SimulatedDiscovery {
  /** Milliseconds that a lookup or an announcement takes from now on. */
  latency: number
  /** Where set, lookups and announcements fail with it. */
  failure?: Error
  /** So many lookups more find nothing. */
  emptyLookups = 0
  /** Lookups so far. */
  lookups = 0
  readonly #clock: Clock
  readonly #providers = new Map<string, Map<string, Provider>>()

  constructor ({ clock, latency = 100 }: SimulatedDiscoveryInit) {
    this.#clock = clock
    this.latency = latency
  }

  /** What one peer uses; it announces the addresses that its transport has then. */
  for (transport: Transport): Discovery {
    return {
      find: (cid, options) => this.#find(cid, options?.signal),
      provide: async (cid, options) => {
        await this.#wait(options?.signal)
        this.add(cid, { id: transport.peerId, multiaddrs: transport.addresses() })
      }
    }
  }

  /** Makes a provider known at once; it takes the place of what was known of that peer. */
  add (cid: CID, provider: Provider): void {
    const key = cid.toString()
    const providers = this.#providers.get(key) ?? new Map<string, Provider>()
    this.#providers.set(key, providers.set(providerKey(provider), provider))
  }

  /** Makes a provider unknown at once. */
  remove (cid: CID, provider: Provider): void {
    const key = cid.toString()
    const providers = this.#providers.get(key)
    providers?.delete(providerKey(provider))

    if (providers?.size === 0) {
      this.#providers.delete(key)
    }
  }

  async * #find (cid: CID, signal?: AbortSignal): AsyncGenerator<Provider> {
    this.lookups++
    await this.#wait(signal)

    if (this.emptyLookups > 0) {
      this.emptyLookups--
      return
    }

    yield * [...this.#providers.get(cid.toString())?.values() ?? []]
  }

  async #wait (signal?: AbortSignal): Promise<void> {
    await delay(this.#clock, this.latency, { signal })

    if (this.failure != null) {
      throw this.failure
    }
  }
}
