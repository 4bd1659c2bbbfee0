/**
 * Connects to providers: each once at a time, a few at once, and later each time after a failure.
 */
import { withDeadline } from './deadline.ts'
import { providerKey } from './provider-key.ts'
import type { Limits } from '../constants.ts'
import type { Clock, Provider, Transport } from '../interfaces.ts'
import type { PeerId } from '@libp2p/interface'

/** Milliseconds before a provider that could not be reached is dialled again; doubles up to the second. */
const BACKOFF = { first: 1_000, most: 10_000 }
/** Providers that could not be reached that are remembered, and providers that wait to be dialled. */
const REMEMBERED = 1_024

export class Dialer {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #waiting = new Map<string, { provider: Provider, done: Array<(peer: PeerId) => void> }>()
  readonly #dialling = new Map<string, { done: Array<(peer: PeerId) => void>, ended: Promise<void> }>()
  readonly #failed = new Map<string, { times: number, until: number }>()
  readonly #onError: (provider: string, err: Error) => void
  #abort = new AbortController()

  constructor (init: { transport: Transport, clock: Clock, limits: Limits, onError: (provider: string, err: Error) => void }) {
    this.#transport = init.transport
    this.#clock = init.clock
    this.#limits = init.limits
    this.#onError = init.onError
  }

  /** Connects in its turn, unless it failed lately; `done` is told who it is once connected. */
  dial (provider: Provider, done: (peer: PeerId) => void): void {
    const key = providerKey(provider)
    const same = this.#dialling.get(key) ?? this.#waiting.get(key)

    if (same != null) {
      same.done.push(done)
      return
    }

    if ((this.#failed.get(key)?.until ?? 0) > this.#clock.now() || this.#waiting.size >= REMEMBERED) {
      return
    }

    this.#waiting.set(key, { provider, done: [done] })
    this.#next()
  }

  get size (): number {
    return this.#waiting.size + this.#dialling.size
  }

  async stop (): Promise<void> {
    this.#waiting.clear()
    this.#abort.abort()
    await Promise.all([...this.#dialling.values()].map(async ({ ended }) => { await ended }))
    this.#abort = new AbortController()
    this.#failed.clear()
  }

  #next (): void {
    for (const [key, { provider, done }] of this.#waiting) {
      if (this.#dialling.size >= this.#limits.dials) {
        return
      }

      this.#waiting.delete(key)
      this.#dialling.set(key, { done, ended: this.#connect(key, provider, done) })
    }
  }

  async #connect (key: string, provider: Provider, done: Array<(peer: PeerId) => void>): Promise<void> {
    try {
      const peer = await withDeadline(this.#clock, this.#limits.dialTimeout, this.#abort.signal, async signal => {
        return this.#transport.connect(provider, { signal })
      })
      this.#failed.delete(key)
      done.forEach(done => { done(peer) })
    } catch (err) {
      if (!this.#abort.signal.aborted) {
        this.#remember(key)
        this.#onError(key, err instanceof Error ? err : new Error(String(err)))
      }
    }

    this.#dialling.delete(key)
    this.#next()
  }

  #remember (key: string): void {
    const times = (this.#failed.get(key)?.times ?? 0) + 1
    this.#failed.delete(key)
    this.#failed.set(key, { times, until: this.#clock.now() + Math.min(BACKOFF.first * 2 ** (times - 1), BACKOFF.most) })

    if (this.#failed.size > REMEMBERED) {
      const [oldest] = this.#failed.keys()
      this.#failed.delete(oldest)
    }
  }
}
