/**
 * Sets of block indices as half-open intervals: what travels between the parts instead of lists of indices.
 */

/** The indices `start`, `start + 1` … `end - 1`. */
export interface IndexRange {
  start: number
  /** Exclusive. */
  end: number
}

/** The intervals that cover sorted indices; repeated ones are taken once. */
export function rangesOf (sortedIndices: Iterable<number>): IndexRange[] {
  const ranges: IndexRange[] = []
  let last: IndexRange | undefined

  for (const index of sortedIndices) {
    if (last != null && index <= last.end) {
      last.end = Math.max(last.end, index + 1)
    } else {
      last = { start: index, end: index + 1 }
      ranges.push(last)
    }
  }

  return ranges
}

/** How many indices disjoint intervals hold. */
export function countOf (ranges: Iterable<IndexRange>): number {
  let count = 0

  for (const { start, end } of ranges) {
    count += end - start
  }

  return count
}

/** The indices of the intervals, one by one. */
export function * indicesOf (ranges: Iterable<IndexRange>): Generator<number> {
  for (const { start, end } of ranges) {
    for (let index = start; index < end; index++) {
      yield index
    }
  }
}

/**
 * Intervals that are added or taken out one by one, and for so many that are here one more: each moves what comes after
 * it, which is much quicker than to write all of it anew.
 */
const FEW = 8
const FOR_EACH = 32

/**
 * A set of indices kept as sorted, disjoint, non-adjacent intervals. A lookup costs the logarithm of their number.
 */
export class RangeSet {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #count = 0

  constructor (ranges: Iterable<IndexRange> = []) {
    for (const range of ranges) {
      this.add(range)
    }
  }

  /** How many indices are in the set. */
  get count (): number {
    return this.#count
  }

  get isEmpty (): boolean {
    return this.#count === 0
  }

  /** The lowest index; undefined when empty. */
  get first (): number | undefined {
    return this.#starts[0]
  }

  /** One above the highest index; 0 when empty. */
  get end (): number {
    return this.#ends.at(-1) ?? 0
  }

  /** How many intervals it takes: what the set costs in memory. */
  get intervals (): number {
    return this.#starts.length
  }

  /** Adds the indices of an interval; an empty one adds nothing. */
  add ({ start, end }: IndexRange): void {
    if (start >= end) {
      return
    }

    const first = firstAtLeast(this.#ends, start)
    const after = firstAbove(this.#starts, end)

    if (first < after) {
      start = Math.min(start, this.#starts[first])
      end = Math.max(end, this.#ends[after - 1])
    }

    this.#replace(first, after, [start], [end])
  }

  /** Takes the indices of an interval out; those that are not in the set are passed over. */
  delete ({ start, end }: IndexRange): void {
    if (start >= end) {
      return
    }

    const first = firstAbove(this.#ends, start)
    const after = firstAtLeast(this.#starts, end)

    if (first >= after) {
      return
    }

    const starts: number[] = []
    const ends: number[] = []

    if (this.#starts[first] < start) {
      starts.push(this.#starts[first])
      ends.push(start)
    }

    if (this.#ends[after - 1] > end) {
      starts.push(end)
      ends.push(this.#ends[after - 1])
    }

    this.#replace(first, after, starts, ends)
  }

  /** Adds sorted intervals. What it costs grows with the sum of what is here and what is added, not with the product. */
  addAll (ranges: IndexRange[]): void {
    if (this.#areFew(ranges)) {
      ranges.forEach(range => { this.add(range) })
      return
    }

    const starts = this.#starts.splice(0)
    const ends = this.#ends.splice(0)
    let at = 0

    this.#count = 0

    for (const { start, end } of ranges) {
      for (; at < starts.length && starts[at] <= start; at++) {
        this.#append(starts[at], ends[at])
      }

      this.#append(start, end)
    }

    for (; at < starts.length; at++) {
      this.#append(starts[at], ends[at])
    }
  }

  /** Takes sorted intervals out, at a cost like that of `addAll`. */
  deleteAll (ranges: IndexRange[]): void {
    if (this.#areFew(ranges)) {
      ranges.forEach(range => { this.delete(range) })
      return
    }

    const starts = this.#starts.splice(0)
    const ends = this.#ends.splice(0)
    let at = 0

    this.#count = 0

    for (let i = 0; i < starts.length; i++) {
      let start = starts[i]

      for (; at < ranges.length && ranges[at].start < ends[i]; at++) {
        this.#append(start, ranges[at].start)
        start = Math.max(start, ranges[at].end)

        if (start >= ends[i]) {
          break
        }
      }

      this.#append(start, ends[i])
    }
  }

  /** Takes the first intervals out, so many at most. */
  takeFirst (most: number): IndexRange[] {
    const ends = this.#ends.splice(0, most)
    const ranges = this.#starts.splice(0, most).map((start, i) => ({ start, end: ends[i] }))
    this.#count -= countOf(ranges)

    return ranges
  }

  has (index: number): boolean {
    const at = firstAbove(this.#ends, index)

    return at < this.#starts.length && this.#starts[at] <= index
  }

  /** Whether the set has every index of an interval. */
  covers ({ start, end }: IndexRange): boolean {
    const at = firstAbove(this.#ends, start)

    return start >= end || (at < this.#starts.length && this.#starts[at] <= start && this.#ends[at] >= end)
  }

  /** The parts of an interval that are in the set, in order. */
  intersection ({ start, end }: IndexRange): IndexRange[] {
    const found: IndexRange[] = []

    for (let i = firstAbove(this.#ends, start); i < this.#starts.length && this.#starts[i] < end; i++) {
      found.push({ start: Math.max(start, this.#starts[i]), end: Math.min(end, this.#ends[i]) })
    }

    return found
  }

  /** The parts of an interval that are not in the set, in order. */
  gaps ({ start, end }: IndexRange): IndexRange[] {
    const found: IndexRange[] = []

    for (const inside of this.intersection({ start, end })) {
      if (inside.start > start) {
        found.push({ start, end: inside.start })
      }

      start = inside.end
    }

    if (start < end) {
      found.push({ start, end })
    }

    return found
  }

  /** The first index of an interval that is not in the set; -1 where all are. */
  firstGap ({ start, end }: IndexRange): number {
    const at = firstAbove(this.#ends, start)
    const first = at < this.#starts.length && this.#starts[at] <= start ? this.#ends[at] : start

    return first < end ? first : -1
  }

  /** The intervals, in order. */
  ranges (): IndexRange[] {
    return this.#starts.map((start, i) => ({ start, end: this.#ends[i] }))
  }

  /** The intervals, in order. The set must not be changed meanwhile. */
  * [Symbol.iterator] (): Generator<IndexRange> {
    for (let i = 0; i < this.#starts.length; i++) {
      yield { start: this.#starts[i], end: this.#ends[i] }
    }
  }

  clear (): void {
    this.#starts.length = 0
    this.#ends.length = 0
    this.#count = 0
  }

  #areFew ({ length }: IndexRange[]): boolean {
    return length <= FEW + this.intervals / FOR_EACH
  }

  /** Adds an interval that begins no earlier than any here. */
  #append (start: number, end: number): void {
    const last = this.#ends.length - 1

    if (last >= 0 && start <= this.#ends[last]) {
      start = this.#ends[last]
      this.#ends[last] = Math.max(start, end)
    } else if (start < end) {
      this.#starts.push(start)
      this.#ends.push(end)
    }

    this.#count += Math.max(0, end - start)
  }

  #replace (first: number, after: number, starts: number[], ends: number[]): void {
    for (let i = first; i < after; i++) {
      this.#count -= this.#ends[i] - this.#starts[i]
    }

    for (let i = 0; i < starts.length; i++) {
      this.#count += ends[i] - starts[i]
    }

    this.#starts.splice(first, after - first, ...starts)
    this.#ends.splice(first, after - first, ...ends)
  }
}

/** Position of the first value that is at least `value` in sorted values; their number where none is. */
function firstAtLeast (sorted: number[], value: number): number {
  let low = 0
  let high = sorted.length

  while (low < high) {
    const middle = (low + high) >>> 1

    if (sorted[middle] < value) {
      low = middle + 1
    } else {
      high = middle
    }
  }

  return low
}

/** Position of the first value above `value`, for whole numbers. */
function firstAbove (sorted: number[], value: number): number {
  return firstAtLeast(sorted, value + 1)
}
