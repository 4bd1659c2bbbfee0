import { networkOf, scopeOf } from './endpoint.ts'
import type { Rate } from './limits.ts'
import type { Clock } from '../interfaces.ts'

/** Networks that are told apart; over it those unheard of for longest start anew, and the total still holds. */
const MAX_NETWORKS = 2_048

interface Bucket {
  tokens: number
  at: number
}

/** Says what is too much: so many a second in all, and so many for one public network. */
export class RateLimit {
  readonly #clock: Clock
  readonly #rate: Rate
  readonly #total: Bucket
  readonly #networks = new Map<string, Bucket>()

  constructor (clock: Clock, rate: Rate) {
    this.#clock = clock
    this.#rate = rate
    this.#total = { tokens: rate.total, at: clock.now() }
  }

  /** Takes one for an address; false when there is none left. */
  take (host: string): boolean {
    const { total, network } = this.#rate
    const now = this.#clock.now()

    // the total first: once it is used up, strangers cost no more than this
    if (!refill(this.#total, total, now) || !(scopeOf(host) !== 'public' || this.#takeOfNetwork(networkOf(host), network, now))) {
      return false
    }

    this.#total.tokens--

    return true
  }

  #takeOfNetwork (name: string, rate: number, now: number): boolean {
    const bucket = this.#networks.get(name) ?? { tokens: rate, at: now }
    this.#networks.delete(name)
    this.#networks.set(name, bucket)

    if (this.#networks.size > MAX_NETWORKS) {
      const [oldest] = this.#networks.keys()
      this.#networks.delete(oldest)
    }

    if (!refill(bucket, rate, now)) {
      return false
    }

    bucket.tokens--

    return true
  }
}

/** Adds what time has brought. Tells whether there is one to take. */
function refill (bucket: Bucket, rate: number, now: number): boolean {
  bucket.tokens = Math.min(rate, bucket.tokens + (now - bucket.at) * rate / 1_000)
  bucket.at = now

  return bucket.tokens >= 1
}
