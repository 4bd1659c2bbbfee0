/**
 * What one peer wants of us: index ranges by dataset, not blocks, since a reference node asks for thousands at once.
 */
import { DELIVERY_BLOCKS } from '../constants.ts'
import { formatCid } from '../dataset/codecs.ts'
import { RangeSet } from '../dataset/ranges.ts'
import type { PeerLink, PeerWant } from './peer-link.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { CID } from 'multiformats/cid'

/** Milliseconds: a delivery that takes longer is made smaller, so that the peer sees blocks, not silence. */
const SLOW = 200

/** The wants of a peer for one dataset or standalone block. */
export class ClientRoot {
  readonly root: CID
  /** Blocks wanted that are here. */
  readonly ready = new RangeSet()
  /** Blocks wanted that are not: served when they come. */
  readonly waiting = new RangeSet()
  /** Blocks it asked about that are not here: it is told when they come. */
  readonly watched = new RangeSet()
  /** It wants to be told of what is not here. */
  tellAbsent = false

  constructor (root: CID) {
    this.root = root
  }

  get isEmpty (): boolean {
    return this.ready.isEmpty && this.waiting.isEmpty && this.watched.isEmpty
  }

  get size (): number {
    return this.ready.intervals + this.waiting.intervals + this.watched.intervals
  }

  cancel (ranges: IndexRange[]): void {
    this.ready.deleteAll(ranges)
    this.waiting.deleteAll(ranges)
  }

  /** Blocks came: which of them it asked about. Those it wanted become ready. */
  arrived (ranges: IndexRange[]): IndexRange[] {
    const wanted = ranges.flatMap(range => this.waiting.intersection(range))
    this.waiting.deleteAll(wanted)
    this.ready.addAll(wanted)

    const told = ranges.flatMap(range => this.watched.intersection(range))
    this.watched.deleteAll(told)

    return told
  }
}

/** How much one peer may want now. */
export interface WantLimits {
  /** Index ranges. */
  ranges: number
  /** Datasets and standalone blocks. */
  roots: number
}

export class Client {
  readonly link: PeerLink
  readonly roots = new Map<string, ClientRoot>()
  /** Its loop, while it has something to do. */
  running?: Promise<void>
  /** Ends what is under way for it. */
  readonly abort = new AbortController()
  /** Blocks of the next delivery. The first is small; then it grows while deliveries go quickly. */
  batch: number
  /** The delivery under way; settled when the link can take more. */
  sending: Promise<void> = Promise.resolve()
  readonly #limits: () => WantLimits
  /** Wants not looked at yet, with the key of their root. */
  readonly #incoming: Array<PeerWant & { key: string }> = []
  #incomingRanges = 0

  constructor (link: PeerLink, batch: number, limits: () => WantLimits) {
    this.link = link
    this.batch = batch
    this.#limits = limits
  }

  get closed (): boolean {
    return this.abort.signal.aborted
  }

  /** Index ranges that are kept for it. */
  get size (): number {
    let size = this.#incomingRanges

    for (const root of this.roots.values()) {
      size += root.size
    }

    return size
  }

  /** Whether something is to be looked at or to be sent. */
  get hasWork (): boolean {
    return this.#incoming.length > 0 || this.next() != null
  }

  /** A delivery of so many blocks took so many milliseconds until the link could take more. */
  sent (blocks: number, ms: number): void {
    if (ms > SLOW) {
      this.batch = Math.max(1, Math.floor(blocks / 2))
    } else if (blocks >= this.batch) {
      this.batch = Math.min(DELIVERY_BLOCKS, this.batch * 2)
    }
  }

  /**
   * Takes wants in, as far as the limits go: what is beyond is forgotten, as if never asked. What is taken back is
   * forgotten at once.
   */
  take (wants: PeerWant[]): void {
    const limits = this.#limits()

    for (const want of wants) {
      const key = formatCid(want.root)

      if (want.kind === 'cancel') {
        this.#cancel(key, want.ranges)
      } else if (this.#incoming.length < limits.roots) {
        const ranges = want.ranges.slice(0, Math.max(0, limits.ranges - this.size))
        this.#incomingRanges += ranges.length
        this.#incoming.push({ ...want, ranges, key })
      }
    }
  }

  /** The next want to look at. */
  nextWant (): PeerWant | undefined {
    const want = this.#incoming.shift()
    this.#incomingRanges -= want?.ranges.length ?? 0

    return want
  }

  /** The wants for a root; undefined where the peer wants too much already. */
  root (root: CID): ClientRoot | undefined {
    const key = formatCid(root)
    let entry = this.roots.get(key)

    if (entry == null) {
      if (this.roots.size >= this.#limits().roots && !this.#forgetWatched()) {
        return undefined
      }

      entry = new ClientRoot(root)
      this.roots.set(key, entry)
    }

    return entry
  }

  /** Forgets the oldest root of which nothing is wanted but to be told when it comes: a question is not taken back. */
  #forgetWatched (): boolean {
    for (const [key, { ready, waiting }] of this.roots) {
      if (ready.isEmpty && waiting.isEmpty) {
        return this.roots.delete(key)
      }
    }

    return false
  }

  #cancel (key: string, ranges: IndexRange[]): void {
    this.roots.get(key)?.cancel(ranges)

    for (const want of this.#incoming) {
      if (want.key === key && want.kind === 'block') {
        const left = new RangeSet(want.ranges)
        left.deleteAll(ranges)
        this.#incomingRanges += left.intervals - want.ranges.length
        want.ranges = left.ranges()
      }
    }
  }

  /** The next root with something to serve; the roots take turns. */
  next (): ClientRoot | undefined {
    for (const [key, entry] of this.roots) {
      if (!entry.ready.isEmpty) {
        this.roots.delete(key)
        this.roots.set(key, entry)
        return entry
      }
    }
  }

  /** Forgets the roots of which nothing is wanted any more. */
  tidy (): void {
    for (const [key, entry] of this.roots) {
      if (entry.isEmpty) {
        this.roots.delete(key)
      }
    }
  }

  close (): void {
    this.abort.abort()
    this.#incoming.length = 0
    this.#incomingRanges = 0
    this.roots.clear()
  }
}
