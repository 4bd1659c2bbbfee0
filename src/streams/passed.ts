import { PagedBitmap } from '../dataset/bitmap.ts'

/** Blocks that came or were recovered, and that no store kept: they cost as much once more. */
export class Passed {
  readonly #passed: PagedBitmap
  /** What came in this very turn: one delivery may be for several who wait. */
  readonly #justCame = new Set<number>()
  readonly #again: (indices: number[]) => void

  /** `again`: told of those that came once more */
  constructor (blocks: number, again: (indices: number[]) => void) {
    this.#passed = new PagedBitmap(blocks)
    this.#again = again
  }

  /** Blocks came; the store has none of them. */
  came (indices: number[]): void {
    const news = indices.filter(index => !this.#justCame.has(index))
    const again = news.filter(index => this.#passed.get(index))

    for (const index of news) {
      this.#passed.set(index)
      this.#justCame.add(index)
    }

    queueMicrotask(() => { this.#justCame.clear() })

    if (again.length > 0) {
      this.#again(again)
    }
  }
}
