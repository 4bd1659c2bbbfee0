import { countOf, RangeSet } from '../dataset/ranges.ts'
import { DELIVERY_OVERHEAD } from './limits.ts'
import { rootKey } from './root-key.ts'
import type { WireLimits } from './limits.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { CID } from 'multiformats/cid'

interface RequestedRoot {
  readonly indices: RangeSet
  blockBytes: number
  /** Intervals added since they were last counted. */
  added: number
}

/**
 * What was asked of a peer on one connection, and how many bytes of it may still come. What was taken back or timed out
 * stays in: it may be on its way.
 */
export class Requested {
  readonly #limits: WireLimits
  readonly #roots = new Map<string, RequestedRoot>()
  readonly #askedAbout = new Set<string>()
  #bytes = 0
  #awaited = 0

  constructor (limits: WireLimits) {
    this.#limits = limits
  }

  /** Bytes that were asked for and did not come, overhead included. A block asked twice counts twice: it comes twice. */
  get bytes (): number {
    return this.#bytes
  }

  /** Bytes of what was asked for and not taken back since, about: never too many. */
  get awaitedBytes (): number {
    return this.#awaited
  }

  /** Datasets and standalone blocks that are remembered. */
  get roots (): number {
    return this.#roots.size
  }

  /** It is asked whether it has some of this. */
  ask (root: CID): void {
    const key = rootKey(root.bytes)
    this.#askedAbout.delete(key)
    this.#askedAbout.add(key)

    if (this.#askedAbout.size > this.#limits.requestedRoots) {
      const [oldest] = this.#askedAbout
      this.#askedAbout.delete(oldest)
    }
  }

  add (root: CID, ranges: IndexRange[], blockBytes: number): void {
    const key = rootKey(root.bytes)
    const entry = this.#roots.get(key) ?? { indices: new RangeSet(), blockBytes, added: 0 }
    entry.blockBytes = Math.max(entry.blockBytes, blockBytes)

    ranges.forEach(range => { entry.indices.add(range) })
    const bytes = countOf(ranges) * (entry.blockBytes + DELIVERY_OVERHEAD)
    this.#bytes += bytes
    this.#awaited += bytes

    entry.added += ranges.length

    if (entry.added > this.#limits.requestedRanges) {
      entry.added = this.#fillGaps(entry.indices)
    }

    this.#roots.delete(key)
    this.#roots.set(key, entry)

    if (this.#roots.size > this.#limits.requestedRoots) {
      const [oldest] = this.#roots.keys()
      this.#roots.delete(oldest)
    }
  }

  /** It was asked for this in vain, or it is wanted no more. It may come all the same. */
  takeBack (root: CID, ranges: IndexRange[]): void {
    this.#awaited = Math.max(0, this.#awaited - countOf(ranges) * this.#bytesOf(rootKey(root.bytes)))
  }

  /** Whether it was asked about anything of this root, or for it. */
  knows (key: string): boolean {
    return this.#askedAbout.has(key) || this.#roots.has(key)
  }

  has (key: string, index: number): boolean {
    return this.#roots.get(key)?.indices.has(index) === true
  }

  /** A block that was asked for has come. */
  delivered (key: string): void {
    const bytes = this.#bytesOf(key)
    this.#bytes = Math.max(0, this.#bytes - bytes)
    this.#awaited = Math.max(0, this.#awaited - bytes)
  }

  /** Of one block, overhead included. */
  #bytesOf (key: string): number {
    return (this.#roots.get(key)?.blockBytes ?? 0) + DELIVERY_OVERHEAD
  }

  /** Makes one interval of too many. Returns how many there are. */
  #fillGaps (indices: RangeSet): number {
    const ranges = indices.ranges()

    if (ranges.length <= this.#limits.requestedRanges) {
      return ranges.length
    }

    indices.add({ start: ranges[0].start, end: ranges[ranges.length - 1].end })

    return 1
  }
}
