import { endpointKey, mayTellOf, networkOf, sameEndpoint, scopeOf } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import type { Clock } from '../interfaces.ts'

/** Milliseconds that a node's word counts; it is asked again well before. */
const VOTE_MS = 10 * 60_000
/** Votes that count; over it the oldest is forgotten. */
const MAX_VOTES = 64

interface Vote {
  endpoint: Endpoint
  /** Who lives in one network has one vote. */
  network: string
  at: number
}

/** Where others see us, by the majority of what they say in their pongs. */
export class OwnAddress {
  readonly #clock: Clock
  readonly #votes = new Map<string, Vote>()
  #endpoint?: Endpoint

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** What more than half agreed on last. */
  get endpoint (): Endpoint | undefined {
    return this.#endpoint
  }

  /**
   * A node says where it sees us.
   *
   * @param voter - the node, as the key of a map
   * @param from - where the node is
   */
  vote (voter: string, from: Endpoint, endpoint: Endpoint): void {
    if (endpoint.port === 0 || !mayTellOf(from.host, endpoint.host)) {
      return
    }

    const now = this.#clock.now()
    const network = scopeOf(from.host) === 'public' ? networkOf(from.host) : voter
    this.#votes.delete(voter)
    this.#votes.set(voter, { endpoint, network, at: now })

    for (const [old, { at }] of this.#votes) {
      if (at + VOTE_MS > now && this.#votes.size <= MAX_VOTES) {
        break
      }

      this.#votes.delete(old)
    }

    if (this.#endpoint == null || !sameEndpoint(endpoint, this.#endpoint)) {
      this.#count()
    }
  }

  clear (): void {
    this.#votes.clear()
    this.#endpoint = undefined
  }

  #count (): void {
    const votes = new Map([...this.#votes.values()].map(({ network, endpoint }) => [network, endpoint]))
    const counts = new Map<string, number>()

    for (const endpoint of votes.values()) {
      const key = endpointKey(endpoint)
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)

      if (count > votes.size / 2) {
        this.#endpoint = endpoint
      }
    }
  }
}
