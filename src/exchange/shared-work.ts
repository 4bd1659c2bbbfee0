/** Tells one who waits for a piece of work what came of it. */
type Tell<Waiter> = (waiter: Waiter) => void

type Run<Waiter> = (waiters: ReadonlySet<Waiter>, signal: AbortSignal) => Promise<Tell<Waiter>>

interface Piece<Waiter> {
  readonly run: Run<Waiter>
  readonly waiters: Set<Waiter>
  readonly abort: AbortController
}

/**
 * Work that several may wait for: a piece once at a time, a few pieces at once in the order in which they were wanted,
 * and none that nobody waits for any more.
 */
export class SharedWork<Waiter> {
  readonly #most: number
  readonly #waiting = new Map<string, Piece<Waiter>>()
  readonly #running = new Map<string, Piece<Waiter>>()
  readonly #underWay = new Set<Promise<void>>()

  /** @param most - pieces at the same time */
  constructor (most: number) {
    this.#most = most
  }

  /** Pieces that are under way, or wait for their turn. */
  get size (): number {
    return this.#waiting.size + this.#running.size
  }

  has (key: string): boolean {
    return this.#waiting.has(key) || this.#running.has(key)
  }

  /**
   * Waits for a piece of work, which `run` does in its turn unless it is under way; it must not reject. Gives back what
   * ends the waiting.
   */
  join (key: string, waiter: Waiter, run: Run<Waiter>): () => void {
    const piece = this.#running.get(key) ?? this.#waiting.get(key) ?? { run, waiters: new Set(), abort: new AbortController() }
    piece.waiters.add(waiter)

    if (!this.has(key)) {
      this.#waiting.set(key, piece)
      this.#next()
    }

    return () => {
      piece.waiters.delete(waiter)

      if (piece.waiters.size === 0) {
        this.#forget(key, piece)
        piece.abort.abort()
        this.#next()
      }
    }
  }

  /** Ends all of it, telling nobody, and waits for what is under way. */
  async stop (): Promise<void> {
    for (const { waiters, abort } of [...this.#running.values()]) {
      waiters.clear()
      abort.abort()
    }

    this.#waiting.clear()
    this.#running.clear()
    await Promise.all(this.#underWay)
  }

  #next (): void {
    for (const [key, piece] of this.#waiting) {
      if (this.#running.size >= this.#most) {
        return
      }

      this.#waiting.delete(key)
      this.#running.set(key, piece)
      const working = piece.run(piece.waiters, piece.abort.signal).then(tell => {
        this.#forget(key, piece)
        piece.waiters.forEach(tell)
      }).finally(() => {
        this.#underWay.delete(working)
        this.#next()
      })
      this.#underWay.add(working)
    }
  }

  #forget (key: string, piece: Piece<Waiter>): void {
    for (const pieces of [this.#waiting, this.#running]) {
      if (pieces.get(key) === piece) {
        pieces.delete(key)
      }
    }
  }
}
