import { InvalidParametersError } from '../errors.ts'
import type { IndexRange } from './ranges.ts'

/** Bits of a page; 4 KiB where a page needs an array. */
const PAGE_BITS = 32_768
const WORD_BITS = 32

/**
 * A bit an index, for as many as a dataset may have. Pages get memory when they are first mixed: a page of which no or
 * every bit is set holds no array. Memory without them is two bytes a page: 256 KiB for 2^32 bits.
 */
export class PagedBitmap {
  readonly length: number
  #count = 0
  /** Bits set in each page. */
  readonly #counts: Uint16Array
  /** The words of the pages that are neither empty nor full. */
  readonly #mixed = new Map<number, Uint32Array>()

  /**
   * @throws {InvalidParametersError} when the length is not a whole number from 0 to 2^32
   */
  constructor (length: number) {
    if (!Number.isInteger(length) || length < 0 || length > 2 ** 32) {
      throw new InvalidParametersError(`A bitmap cannot have ${length} bits`)
    }

    this.length = length
    this.#counts = new Uint16Array(Math.ceil(length / PAGE_BITS))
  }

  /** How many bits are set. */
  get count (): number {
    return this.#count
  }

  /** False for an index beyond the length. */
  get (index: number): boolean {
    if (!this.#covers(index)) {
      return false
    }

    const page = Math.floor(index / PAGE_BITS)
    const words = this.#mixed.get(page)

    return words == null ? this.#counts[page] > 0 : (words[(index % PAGE_BITS) >>> 5] >>> (index & 31) & 1) === 1
  }

  /** Sets a bit; true when it was not set before. */
  set (index: number): boolean {
    return !this.get(index) && this.#write({ start: index, end: index + 1 }, true)
  }

  /** Clears a bit; true when it was set before. */
  clear (index: number): boolean {
    return this.get(index) && this.#write({ start: index, end: index + 1 }, false)
  }

  /** Sets the bits of an interval; what lies beyond the length is passed over. */
  setRange (range: IndexRange): void {
    this.#write(range, true)
  }

  /** Clears the bits of an interval; what lies beyond the length is passed over. */
  clearRange (range: IndexRange): void {
    this.#write(range, false)
  }

  /** The first set bit from `from`, below `end`; -1 where there is none. */
  nextSet (from: number, end: number = this.length): number {
    return this.#next(from, end, true)
  }

  /** The first clear bit from `from`, below `end`; -1 where there is none. */
  nextClear (from: number, end: number = this.length): number {
    return this.#next(from, end, false)
  }

  /** The runs of set bits within an interval. */
  * setRanges (start: number = 0, end: number = this.length): Generator<IndexRange> {
    yield * this.#runs(start, end, true)
  }

  /** The runs of clear bits within an interval. */
  * clearRanges (start: number = 0, end: number = this.length): Generator<IndexRange> {
    yield * this.#runs(start, end, false)
  }

  #covers (index: number): boolean {
    return index >= 0 && index < this.length
  }

  /** Bits of a page; the last may have fewer. */
  #bitsOf (page: number): number {
    return Math.min(PAGE_BITS, this.length - page * PAGE_BITS)
  }

  #write (range: IndexRange, value: boolean): boolean {
    const before = this.#count
    const last = Math.min(range.end, this.length)
    let start = Math.max(range.start, 0)

    while (start < last) {
      const page = Math.floor(start / PAGE_BITS)
      const end = Math.min(last, (page + 1) * PAGE_BITS)

      this.#writePage(page, start - page * PAGE_BITS, end - page * PAGE_BITS, value)
      start = end
    }

    return this.#count !== before
  }

  #writePage (page: number, start: number, end: number, value: boolean): void {
    const bits = this.#bitsOf(page)
    const before = this.#counts[page]

    if (before === (value ? bits : 0)) {
      return
    }

    let after = value ? bits : 0

    if (end - start < bits) {
      const words = this.#wordsOf(page)
      after = before + writeWords(words, start, end, value)
    }

    if (after === 0 || after === bits) {
      this.#mixed.delete(page)
    }

    this.#counts[page] = after
    this.#count += after - before
  }

  /** The words of a page, given memory where it has none. */
  #wordsOf (page: number): Uint32Array {
    let words = this.#mixed.get(page)

    if (words == null) {
      const bits = this.#bitsOf(page)
      words = new Uint32Array(Math.ceil(bits / WORD_BITS))

      if (this.#counts[page] > 0) {
        writeWords(words, 0, bits, true)
      }

      this.#mixed.set(page, words)
    }

    return words
  }

  #next (from: number, end: number, value: boolean): number {
    const last = Math.min(end, this.length)
    let start = Math.max(from, 0)

    while (start < last) {
      const page = Math.floor(start / PAGE_BITS)
      const base = page * PAGE_BITS
      const stop = Math.min(last, base + PAGE_BITS)
      const words = this.#mixed.get(page)

      if (words != null) {
        const bit = nextBit(words, start - base, stop - base, value)

        if (bit !== -1) {
          return base + bit
        }
      } else if ((this.#counts[page] > 0) === value) {
        return start
      }

      start = stop
    }

    return -1
  }

  * #runs (start: number, end: number, value: boolean): Generator<IndexRange> {
    const last = Math.min(end, this.length)
    let from = this.#next(start, last, value)

    while (from !== -1) {
      const stop = this.#next(from, last, !value)
      const range = { start: from, end: stop === -1 ? last : stop }

      yield range
      from = this.#next(range.end, last, value)
    }
  }
}

/** The bits of word `word` that lie in `start … end - 1`. */
function maskOf (word: number, start: number, end: number): number {
  const low = Math.max(start - word * WORD_BITS, 0)
  const high = Math.min(end - word * WORD_BITS, WORD_BITS)

  return (0xffffffff << low & 0xffffffff >>> (WORD_BITS - high)) >>> 0
}

/** Writes bits and tells by how many the number of set ones grew. */
function writeWords (words: Uint32Array, start: number, end: number, value: boolean): number {
  const last = (end - 1) >>> 5
  let grown = 0

  for (let i = start >>> 5; i <= last; i++) {
    const mask = maskOf(i, start, end)
    const before = words[i]
    const after = value ? before | mask : before & ~mask

    words[i] = after
    grown += popcount(after) - popcount(before)
  }

  return grown
}

function nextBit (words: Uint32Array, start: number, end: number, value: boolean): number {
  const last = (end - 1) >>> 5

  for (let i = start >>> 5; i <= last; i++) {
    const wanted = (value ? words[i] : ~words[i]) & maskOf(i, start, end)

    if (wanted !== 0) {
      return i * WORD_BITS + 31 - Math.clz32(wanted & -wanted)
    }
  }

  return -1
}

function popcount (word: number): number {
  word -= word >>> 1 & 0x55555555
  word = (word & 0x33333333) + (word >>> 2 & 0x33333333)

  return Math.imul(word + (word >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24
}
