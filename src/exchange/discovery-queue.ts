/**
 * Lookups and announcements: one lookup a CID at a time whoever asks, a few CIDs at once, each bounded in time and in
 * what is taken of it.
 */
import { formatCid } from '../dataset/codecs.ts'
import { withDeadline } from './deadline.ts'
import type { Limits } from '../constants.ts'
import type { Clock, Discovery, Provider } from '../interfaces.ts'
import type { CID } from 'multiformats/cid'

/** Told of one lookup. */
export interface Lookup {
  /** May throw nothing. Called as each is learnt. */
  found: (provider: Provider) => void
  /** The lookup is over, having failed with `err` or not. */
  ended: (providers: number, err?: Error) => void
}

export class DiscoveryQueue {
  readonly #discovery: Discovery
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #waiting = new Map<string, { cid: CID, lookups: Lookup[] }>()
  readonly #running = new Map<string, { lookups: Lookup[], ended: Promise<void> }>()
  readonly #announcing = new Set<Promise<void>>()
  readonly #abort = new AbortController()

  constructor (init: { discovery: Discovery, clock: Clock, limits: Limits }) {
    this.#discovery = init.discovery
    this.#clock = init.clock
    this.#limits = init.limits
  }

  find (cid: CID, lookup: Lookup): void {
    const key = formatCid(cid)
    const same = this.#running.get(key) ?? this.#waiting.get(key)

    if (same == null) {
      this.#waiting.set(key, { cid, lookups: [lookup] })
      this.#next()
    } else {
      same.lookups.push(lookup)
    }
  }

  /** Announces that we have a CID; failures are told to `failed`. */
  provide (cid: CID, failed: (err: Error) => void): void {
    const announcing = withDeadline(this.#clock, this.#limits.lookupTimeout, this.#abort.signal, async signal => {
      await this.#discovery.provide(cid, { signal })
    }).catch((err: Error) => {
      if (!this.#abort.signal.aborted) {
        failed(err)
      }
    }).finally(() => this.#announcing.delete(announcing))

    this.#announcing.add(announcing)
  }

  get size (): number {
    return this.#waiting.size + this.#running.size
  }

  async stop (): Promise<void> {
    this.#waiting.clear()
    this.#abort.abort()
    await Promise.all([...this.#announcing, ...[...this.#running.values()].map(async ({ ended }) => { await ended })])
  }

  #next (): void {
    for (const [key, { cid, lookups }] of this.#waiting) {
      if (this.#running.size >= this.#limits.lookups) {
        return
      }

      this.#waiting.delete(key)
      this.#running.set(key, { lookups, ended: this.#look(key, cid, lookups) })
    }
  }

  async #look (key: string, cid: CID, lookups: Lookup[]): Promise<void> {
    let providers = 0
    let failure: Error | undefined

    try {
      await withDeadline(this.#clock, this.#limits.lookupTimeout, this.#abort.signal, async signal => {
        for await (const provider of this.#discovery.find(cid, { signal })) {
          if (signal.aborted) {
            return
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

    this.#running.delete(key)

    if (!this.#abort.signal.aborted) {
      lookups.forEach(lookup => { lookup.ended(providers, failure) })
      this.#next()
    }
  }
}
