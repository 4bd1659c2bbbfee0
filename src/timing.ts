/** How long something takes, as a histogram: what it costs does not grow with how often it is told. */

/** Milliseconds: 1, 2, 5, 10 … up to 1000 s. The upper ends of the buckets; one more holds what is above. */
export const TIME_BUCKETS: readonly number[] = [0, 1, 2, 3, 4, 5].flatMap(power => [1, 2, 5].map(digit => digit * 10 ** power)).concat(1_000_000)

/** Times that something took, in milliseconds. */
export interface Times {
  /** How many there are. */
  count: number
  /** Their sum. */
  total: number
  /** The longest; 0 where there is none. */
  max: number
  /** Half of them were shorter, as nearly as buckets tell: within the 1-2-5 step that it lies in. 0 where there is none. */
  p50: number
  /** 95 of 100 were shorter, as nearly as buckets tell. */
  p95: number
}

export class Timing {
  readonly #buckets = new Array<number>(TIME_BUCKETS.length + 1).fill(0)
  #count = 0
  #total = 0
  #max = 0

  /** `ms` milliseconds, at least 0. */
  add (ms: number): void {
    const bucket = TIME_BUCKETS.findIndex(end => ms <= end)
    this.#buckets[bucket < 0 ? TIME_BUCKETS.length : bucket]++
    this.#count++
    this.#total += ms
    this.#max = Math.max(this.#max, ms)
  }

  get times (): Times {
    return { count: this.#count, total: this.#total, max: this.#max, p50: this.#quantile(0.5), p95: this.#quantile(0.95) }
  }

  /** Taken to be spread evenly over the bucket that it lies in. */
  #quantile (share: number): number {
    let before = 0

    for (const [bucket, count] of this.#buckets.entries()) {
      const rank = this.#count * share - before

      if (count > 0 && rank <= count) {
        const start = TIME_BUCKETS[bucket - 1] ?? 0
        const end = Math.min(TIME_BUCKETS[bucket] ?? Infinity, this.#max)

        return start + (end - start) * rank / count
      }

      before += count
    }

    return 0
  }
}
