import { NotRunningError } from '../errors.ts'
import type { Clock } from '../interfaces.ts'

/** What goes on by itself between start and stop: timers and work, none of which outlives `stop`. */
export class Background {
  readonly #clock: Clock
  readonly #timers = new Set<unknown>()
  readonly #work = new Set<Promise<void>>()
  readonly #abort = new AbortController()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** Aborts at `stop`. */
  get signal (): AbortSignal {
    return this.#abort.signal
  }

  /** Does something in a while, unless it is stopped before. */
  after (ms: number, fn: () => Promise<void> | void): void {
    if (this.signal.aborted) {
      return
    }

    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      this.run(fn)
    }, ms)
    this.#timers.add(timer)
  }

  /** Does something now. What it fails with is its own affair. */
  run (fn: () => Promise<void> | void): void {
    const work = (async () => { await fn() })().catch(() => {}).finally(() => { this.#work.delete(work) })
    this.#work.add(work)
  }

  /** A signal that aborts at `stop`, with the given one, or by itself. To be aborted in the end: that also lets go of the others. */
  link (signal?: AbortSignal): AbortController {
    const controller = new AbortController()
    const sources = [this.signal, ...signal == null ? [] : [signal]]

    for (const source of sources) {
      if (source.aborted) {
        controller.abort(source.reason)
        break
      }

      source.addEventListener('abort', () => { controller.abort(source.reason) }, { signal: controller.signal })
    }

    return controller
  }

  async stop (): Promise<void> {
    this.#abort.abort(new NotRunningError('the DHT was stopped while this was going on'))
    this.#timers.forEach(timer => { this.#clock.clearTimeout(timer) })
    this.#timers.clear()
    await Promise.all(this.#work)
  }
}
