/**
 * Lookups and announcements: one lookup a CID at a time whoever asks, a few CIDs at once, each bounded in time and in
 * what is taken of it.
 */
import { formatCid } from '../dataset/codecs.ts'
import { withDeadline } from './deadline.ts'
import { SharedWork } from './shared-work.ts'
import type { Limits } from '../constants.ts'
import type { Clock, Discovery, Provider } from '../interfaces.ts'
import type { CID } from 'multiformats/cid'

/** Told of one lookup. */
export interface Lookup {
  /** May throw nothing. Called as each is learnt. */
  found(provider: Provider): void
  /** The lookup is over, having failed with `err` or not. */
  ended(providers: number, err?: Error): void
}

export class DiscoveryQueue {
  readonly #discovery: Discovery
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #lookups: SharedWork<Lookup>
  readonly #announcing = new Set<Promise<void>>()
  readonly #abort = new AbortController()

  constructor (init: { discovery: Discovery, clock: Clock, limits: Limits }) {
    this.#discovery = init.discovery
    this.#clock = init.clock
    this.#limits = init.limits
    this.#lookups = new SharedWork(init.limits.lookups)
  }

  /** Looks in its turn for who has a CID. Gives back what takes the wish back. */
  find (cid: CID, lookup: Lookup): () => void {
    return this.#lookups.join(formatCid(cid), lookup, async (lookups, signal) => this.#look(cid, lookups, signal))
  }

  /** Announces that we have a CID; failures are told to `failed`. Resolves when that is done, or not to be done. */
  async provide (cid: CID, failed: (err: Error) => void): Promise<void> {
    const announcing = withDeadline(this.#clock, this.#limits.lookupTimeout, this.#abort.signal, async signal => {
      await this.#discovery.provide(cid, { signal })
    }).catch((err: Error) => {
      if (!this.#abort.signal.aborted) {
        failed(err)
      }
    }).finally(() => this.#announcing.delete(announcing))

    this.#announcing.add(announcing)

    return announcing
  }

  get size (): number {
    return this.#lookups.size
  }

  /** Announcements under way. */
  get announcements (): number {
    return this.#announcing.size
  }

  async stop (): Promise<void> {
    this.#abort.abort()
    await Promise.all([...this.#announcing, this.#lookups.stop()])
  }

  async #look (cid: CID, lookups: ReadonlySet<Lookup>, signal: AbortSignal): Promise<(lookup: Lookup) => void> {
    let providers = 0
    let failure: Error | undefined

    try {
      await withDeadline(this.#clock, this.#limits.lookupTimeout, signal, async signal => {
        for await (const provider of this.#discovery.find(cid, { signal })) {
          if (signal.aborted) {
            return
          }

          if (typeof provider !== 'object' || provider == null) {
            continue
          }

          providers++
          lookups.forEach(lookup => { lookup.found(provider) })

          if (providers >= this.#limits.lookupProviders) {
            return
          }
        }
      })
    } catch (err) {
      failure = err instanceof Error ? err : new Error(String(err))
    }

    return lookup => { lookup.ended(providers, failure) }
  }
}
