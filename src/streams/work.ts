import type { Clock } from '../interfaces.ts'
import type { BlockSource } from '../stores/block-source.ts'

/** Sources that are open and pauses that are under way, which end together. */
export class Work {
  readonly #clock: Clock
  readonly #sources = new Set<BlockSource>()
  /** What ends the pauses. */
  readonly #pauses = new Set<() => void>()
  #ended?: { reason: unknown }

  constructor (clock: Clock) {
    this.#clock = clock
  }

  get isEnded (): boolean {
    return this.#ended != null
  }

  /** A source that ends with the work. Throws the reason where that has ended. */
  async open (open: () => Promise<BlockSource>): Promise<BlockSource> {
    const source = await open()
    const close = source.close.bind(source)

    source.close = reason => {
      this.#sources.delete(source)
      close(reason)
    }

    if (this.#ended != null) {
      source.close(this.#ended.reason)
      throw this.#ended.reason
    }

    this.#sources.add(source)

    return source
  }

  /** Waits so many milliseconds, or until the work ends. Throws the reason where it has ended before. */
  async pause (ms: number): Promise<void> {
    if (this.#ended != null) {
      throw this.#ended.reason
    }

    await new Promise<void>(resolve => {
      const end = (): void => {
        this.#clock.clearTimeout(timer)
        this.#pauses.delete(end)
        resolve()
      }
      const timer = this.#clock.setTimeout(end, ms)
      this.#pauses.add(end)
    })
  }

  /** Whoever waits for a source gets `reason`. */
  end (reason: unknown): void {
    this.#ended ??= { reason }
    this.#sources.forEach(source => { source.close(reason) })
    this.#pauses.forEach(end => { end() })
  }
}
