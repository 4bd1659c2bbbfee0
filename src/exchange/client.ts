/**
 * What one peer wants of us: index ranges by dataset, not blocks, since a reference node asks for thousands at once.
 */
import { DELIVERY_BLOCKS, MAX_WANT_ENTRIES } from '../constants.ts'
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
  /** Of these, what has come and it is about to be told of. */
  readonly news = new RangeSet()
  /** It wants to be told of what is not here. */
  tellAbsent = false

  constructor (root: CID) {
    this.root = root
  }

  get isEmpty (): boolean {
    return this.ready.isEmpty && this.waiting.isEmpty && this.watched.isEmpty && this.news.isEmpty
  }

  get size (): number {
    return this.ready.intervals + this.waiting.intervals + this.watched.intervals + this.news.intervals
  }

  cancel (ranges: IndexRange[]): void {
    this.ready.deleteAll(ranges)
    this.waiting.deleteAll(ranges)
  }

  /** Blocks came. Those it wanted become ready, those it asked about it is to be told of. */
  arrived (ranges: IndexRange[]): void {
    const wanted = ranges.flatMap(range => this.waiting.intersection(range))
    this.waiting.deleteAll(wanted)
    this.ready.addAll(wanted)

    const told = ranges.flatMap(range => this.watched.intersection(range))
    this.watched.deleteAll(told)
    this.news.addAll(told)
  }

  /** It has blocks itself. */
  had (ranges: IndexRange[]): void {
    this.watched.deleteAll(ranges)
    this.news.deleteAll(ranges)
  }
}

/** How much one peer may want now. */
export interface WantLimits {
  /** Index ranges. */
  ranges: number
  /** Datasets and standalone blocks. */
  roots: number
}

/** Wants of one kind for one root that were not looked at yet. */
interface Incoming extends Pick<PeerWant, 'root' | 'kind' | 'tellAbsent'> {
  readonly ranges: RangeSet
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
  /** Wants not looked at yet. What is wanted of a root is kept together: to take it back costs the same however it came. */
  readonly #incoming = new Map<string, Incoming>()

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
    let size = 0

    for (const root of this.roots.values()) {
      size += root.size
    }

    for (const { ranges } of this.#incoming.values()) {
      size += ranges.intervals
    }

    return size
  }

  /** Whether something is to be looked at. */
  get hasWants (): boolean {
    return this.#incoming.size > 0
  }

  /** Whether something is to be looked at or to be sent. */
  get hasWork (): boolean {
    return this.hasWants || this.next() != null
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

    for (const { root, kind, ranges, tellAbsent } of wants) {
      if (kind === 'cancel') {
        this.#cancel(root, ranges)
        continue
      }

      const name = nameOf(root, kind, tellAbsent)
      const incoming = this.#incoming.get(name) ?? { root, kind, tellAbsent, ranges: new RangeSet() }

      if (this.#incoming.has(name) || this.#incoming.size < limits.roots) {
        incoming.ranges.addAll(ranges.slice(0, Math.max(0, limits.ranges - this.size)))
        this.#incoming.set(name, incoming)
      }
    }
  }

  /** The next want to look at, or a part of it: the answer must not be longer than what the link can tell. */
  nextWant (): PeerWant | undefined {
    const [next] = this.#incoming

    if (next == null) {
      return undefined
    }

    const [name, { ranges, ...want }] = next
    const first = ranges.takeFirst(MAX_WANT_ENTRIES)

    if (ranges.isEmpty) {
      this.#incoming.delete(name)
    }

    return { ...want, ranges: first }
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

  #cancel (root: CID, ranges: IndexRange[]): void {
    this.roots.get(formatCid(root))?.cancel(ranges)

    for (const tellAbsent of [false, true]) {
      this.#incoming.get(nameOf(root, 'block', tellAbsent))?.ranges.deleteAll(ranges)
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
    this.#incoming.clear()
    this.roots.clear()
  }
}

function nameOf (root: CID, kind: PeerWant['kind'], tellAbsent: boolean): string {
  return `${kind} ${tellAbsent} ${formatCid(root)}`
}
