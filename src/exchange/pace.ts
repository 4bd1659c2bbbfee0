/**
 * How quickly one peer delivers, and so how much to ask of it and how long to wait. A window in the manner of TCP: it
 * grows by what is delivered while it is the bottleneck, up to what the peer is expected to deliver in a short time.
 */
import type { Limits } from '../constants.ts'

/** What a peer is asked ahead: what it delivers in so many round trips and milliseconds. A message counts when all of it is here. */
const AHEAD = { roundTrips: 2, ms: 250 }
/** Milliseconds over which the rate is averaged before it counts as a sample. */
const SAMPLE = 20
/** What a peer is taken for until it delivered something: hopeful, so that it is tried. Milliseconds; bytes a millisecond. */
const GUESS = { rtt: 100, rate: 1_000 }

export class Pace {
  /** Milliseconds from a question to its answer, the shortest so far: longer ones waited in a queue. Undefined until known. */
  rtt?: number
  /** Bytes a millisecond while something is asked of it, smoothed; undefined until known. */
  rate?: number
  /** Bytes that may be asked and not yet delivered. */
  window: number
  readonly #limits: Limits
  #askedAt?: number
  #countedFrom = 0
  #bytes = 0
  #time = 0

  constructor (limits: Limits) {
    this.#limits = limits
    this.window = limits.firstWindowBytes
  }

  /** Something is asked, `queued` bytes of earlier requests not being here yet. */
  asked (queued: number, now: number): void {
    if (queued === 0) {
      this.#askedAt = now
      this.#countedFrom = now
    }
  }

  /** Something was answered after `ms` milliseconds. */
  answered (ms: number): void {
    this.rtt = Math.min(this.rtt ?? Infinity, ms)
  }

  /** `bytes` came, of `queued` asked. */
  delivered (bytes: number, queued: number, now: number): void {
    if (this.#askedAt != null) {
      this.answered(now - this.#askedAt)
      this.#askedAt = undefined
    }

    const isBusy = queued * 2 >= this.window
    this.#bytes += bytes
    this.#time += now - this.#countedFrom
    this.#countedFrom = now

    if (this.#time >= SAMPLE || (this.rate == null && this.#time > 0)) {
      this.#sample(this.#bytes / this.#time, isBusy)
      this.#bytes = 0
      this.#time = 0
    }

    if (isBusy) {
      this.window += bytes
    }

    const { firstWindowBytes, peerWindowBytes } = this.#limits
    const goal = this.rate == null ? firstWindowBytes : this.rate * (AHEAD.ms + AHEAD.roundTrips * (this.rtt ?? 0))
    this.window = Math.min(this.window, Math.max(1, goal), peerWindowBytes)
  }

  /** A request was not answered in time. */
  failed (): void {
    this.window = Math.max(1, this.window / 2)
    this.rate = (this.rate ?? GUESS.rate) / 2
  }

  /** Milliseconds until `bytes` more would be here, behind `queued` bytes asked before. */
  expected (queued: number, bytes: number): number {
    return (this.rtt ?? GUESS.rtt) + (queued + bytes) / (this.rate ?? GUESS.rate)
  }

  /** Milliseconds to wait for a request of which the last byte is the `queued`th asked of the peer. */
  timeout (queued: number): number {
    const { firstTimeout, minTimeout, maxTimeout } = this.#limits
    const patience = this.rate == null ? firstTimeout : 4 * this.expected(queued, 0)

    return Math.min(Math.max(patience, minTimeout), maxTimeout)
  }

  /** A peer that was asked for little delivers little: that says nothing of what it could, unless it is more than was thought. */
  #sample (rate: number, isBusy: boolean): void {
    if (this.rate == null) {
      this.rate = isBusy ? rate : undefined
    } else if (isBusy || rate > this.rate) {
      this.rate += (rate - this.rate) / 4
    }
  }
}
