import { CodexError, InvalidParametersError } from '../errors.ts'
import { macrotask } from './macrotask.ts'
import './preload.ts'
import { TimerHeap } from './timer-heap.ts'
import type { Timer } from './timer-heap.ts'
import type { Clock } from '../interfaces.ts'

/** Milliseconds of virtual time after which a run gives up unless told otherwise: a day. */
const MAX_MS = 24 * 60 * 60 * 1000
/** Timers that may fire at one instant; with more, time stands still and the run would never end. */
const MAX_TIMERS_AN_INSTANT = 250_000

/** What was waited for did not come in the virtual time that was given. */
export class VirtualTimeoutError extends CodexError { static name = 'VirtualTimeoutError' }

/** What was waited for cannot come: nothing is scheduled any more. */
export class DeadlockError extends CodexError { static name = 'DeadlockError' }

/** How long a run may take. */
export interface RunOptions {
  /** Milliseconds of virtual time that may pass. A day by default. */
  maxMs?: number
}

/**
 * Time that moves only when told. Timers fire in the order of their time, those of one time in the order in which they
 * were set, one a macrotask, so that all promises settle in between. Starts at 0.
 *
 * Whatever runs on it must wait for nothing but promises and this clock: real I/O takes no virtual time, so time goes on
 * without it.
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap()
  #now = 0
  #order = 0
  #running = false

  /** Milliseconds since the clock was made. */
  now (): number {
    return this.#now
  }

  /** How many timers are set. */
  get pending (): number {
    return this.#timers.size
  }

  /** @throws {InvalidParametersError} when `ms` is no finite number */
  setTimeout (fn: () => void, ms: number): unknown {
    if (!Number.isFinite(ms)) {
      throw new InvalidParametersError(`A timer cannot be set in ${ms} ms`)
    }

    const timer: Timer = { time: this.#now + Math.max(0, ms), order: this.#order++, fn, place: -1 }
    this.#timers.add(timer)

    return timer
  }

  clearTimeout (timer: unknown): void {
    if (timer != null) {
      this.#timers.remove(timer as Timer)
    }
  }

  /** Time jumps, as when a machine slept: what was due meanwhile happens afterwards, all at once, in its order. */
  jump (ms: number): void {
    this.#now += ms
  }

  /** Lets `ms` milliseconds pass and all that happens in them. */
  async advance (ms: number): Promise<void> {
    const end = this.#now + ms
    await this.#run(() => false, end)
    this.#now = Math.max(this.#now, end)
  }

  /**
   * Lets time pass until `until` returns true, or until nothing is scheduled when there is no `until`.
   *
   * @throws {VirtualTimeoutError} when more than `maxMs` would pass
   * @throws {DeadlockError} when nothing is scheduled and `until` is still false
   */
  async run (until?: () => boolean, { maxMs = MAX_MS }: RunOptions = {}): Promise<void> {
    const start = this.#now

    if (await this.#run(until ?? (() => false), start + maxMs)) {
      return
    }

    if (this.pending > 0) {
      throw new VirtualTimeoutError(`Not done after ${maxMs} ms of virtual time, ${this.pending} timers are set`)
    }

    if (until != null) {
      throw new DeadlockError(`Nothing is scheduled after ${this.#now - start} ms of virtual time, and it is not done`)
    }
  }

  /** Fires timers up to `end`. Tells whether it stopped because of `until`. */
  async #run (until: () => boolean, end: number): Promise<boolean> {
    if (this.#running) {
      throw new InvalidParametersError('The clock is being run already')
    }

    this.#running = true

    try {
      return await this.#fire(until, end)
    } finally {
      this.#running = false
    }
  }

  async #fire (until: () => boolean, end: number): Promise<boolean> {
    let fired = 0
    await macrotask()

    while (!until()) {
      const timer = this.#timers.peek()

      if (timer == null || timer.time > end) {
        return false
      }

      fired = timer.time > this.#now ? 1 : fired + 1

      if (fired > MAX_TIMERS_AN_INSTANT) {
        throw new VirtualTimeoutError(`Time stands still at ${this.#now} ms: there is always another timer for now`)
      }

      this.#now = Math.max(this.#now, timer.time)
      this.#timers.remove(timer)
      timer.fn()
      await macrotask()
    }

    return true
  }
}

/**
 * Runs the clock until `promise` settles, and settles as it does.
 *
 * @throws {VirtualTimeoutError} when more than `maxMs` would pass
 * @throws {DeadlockError} when nothing is scheduled and the promise is pending
 */
export async function runPromise<T> (clock: VirtualClock, promise: Promise<T>, options?: RunOptions): Promise<T> {
  let settled = false
  const settle = (): void => { settled = true }
  promise.then(settle, settle)

  await clock.run(() => settled, options)

  return promise
}
