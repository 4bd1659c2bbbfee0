/**
 * Connects to providers: each once at a time, a few at once, and later each time after a failure.
 */
import { withDeadline } from './deadline.ts'
import { providerKey } from './provider-key.ts'
import { SharedWork } from './shared-work.ts'
import type { Limits } from '../constants.ts'
import type { Clock, Provider, Transport } from '../interfaces.ts'
import type { PeerId } from '@libp2p/interface'

/** Milliseconds before a provider that could not be reached is dialled again; doubles up to the second. */
const BACKOFF = { first: 1_000, most: 10_000 }
/** Providers that could not be reached that are remembered, and providers that wait to be dialled. */
const REMEMBERED = 1_024

/** Told of one dial. */
export interface Dial {
  done (peer: PeerId): void
  failed (err: Error): void
}

export class Dialer {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #dials: SharedWork<Dial>
  readonly #failed = new Map<string, { times: number, until: number }>()
  readonly #onError: (provider: string, err: Error) => void

  constructor (init: { transport: Transport, clock: Clock, limits: Limits, onError(provider: string, err: Error): void }) {
    this.#transport = init.transport
    this.#clock = init.clock
    this.#limits = init.limits
    this.#onError = init.onError
    this.#dials = new SharedWork(init.limits.dials)
  }

  /**
   * Connects in its turn, unless it failed lately or is ourselves: then nothing is told. Gives back what takes the wish
   * back.
   */
  dial (provider: Provider, dial: Dial): (() => void) | undefined {
    const key = providerKey(provider)

    if (!this.#dials.has(key) && (this.#isOurs(key) || this.#failedLately(key) || this.#dials.size >= REMEMBERED)) {
      return undefined
    }

    return this.#dials.join(key, dial, async (_, signal) => this.#connect(key, provider, signal))
  }

  get size (): number {
    return this.#dials.size
  }

  /** Providers that are not dialled for a while: they could not be reached. */
  get failed (): number {
    return this.#failed.size
  }

  async stop (): Promise<void> {
    await this.#dials.stop()
    this.#failed.clear()
  }

  async #connect (key: string, provider: Provider, signal: AbortSignal): Promise<(dial: Dial) => void> {
    try {
      const peer = await withDeadline(this.#clock, this.#limits.dialTimeout, signal, async signal => {
        return this.#transport.connect(provider, { signal })
      })
      this.#failed.delete(key)

      return dial => { dial.done(peer) }
    } catch (err) {
      const error = err instanceof Error ? err : new Error(String(err))

      if (!signal.aborted) {
        this.#remember(key)
        this.#onError(key, error)
      }

      return dial => { dial.failed(error) }
    }
  }

  /** An address of ours ends in our id. */
  #isOurs (key: string): boolean {
    const own = this.#transport.peerId.toString()

    return key === own || key.endsWith(`/p2p/${own}`)
  }

  #failedLately (key: string): boolean {
    return (this.#failed.get(key)?.until ?? 0) > this.#clock.now()
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
