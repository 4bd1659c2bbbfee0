/**
 * What one peer wants of us: index ranges by dataset, not blocks, since a reference node asks for thousands at once.
 */
import { DELIVERY_BLOCKS } from '../constants.ts'
import { formatCid } from '../dataset/codecs.ts'
import { RangeSet } from '../dataset/ranges.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { StoredTree } from '../stores/stored-tree.ts'
import type { PeerLink, PeerWant } from './peer-link.ts'
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
  tree?: StoredTree

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
    for (const range of ranges) {
      this.ready.delete(range)
      this.waiting.delete(range)
    }
  }

  /** Blocks came: which of them it asked about. Those it wanted become ready. */
  arrived (ranges: IndexRange[]): IndexRange[] {
    const told: IndexRange[] = []

    for (const range of ranges) {
      for (const wanted of this.waiting.intersection(range)) {
        this.waiting.delete(wanted)
        this.ready.add(wanted)
      }

      for (const watched of this.watched.intersection(range)) {
        this.watched.delete(watched)
        told.push(watched)
      }
    }

    return told
  }
}

export class Client {
  readonly link: PeerLink
  /** Wants not looked at yet. */
  readonly incoming: PeerWant[] = []
  readonly roots = new Map<string, ClientRoot>()
  /** Its loop, while it has something to do. */
  running?: Promise<void>
  closed = false
  /** Blocks of the next delivery. The first is small; then it grows while deliveries go quickly. */
  batch: number
  /** The delivery under way; settled when the link can take more. */
  sending: Promise<void> = Promise.resolve()
  readonly #limits: Limits

  constructor (link: PeerLink, limits: Limits) {
    this.link = link
    this.#limits = limits
    this.batch = limits.firstDeliveryBlocks
  }

  /** A delivery of so many blocks took so many milliseconds until the link could take more. */
  sent (blocks: number, ms: number): void {
    if (ms > SLOW) {
      this.batch = Math.max(1, Math.floor(blocks / 2))
    } else if (blocks >= this.batch) {
      this.batch = Math.min(DELIVERY_BLOCKS, this.batch * 2)
    }
  }

  /** Takes wants in, as far as the limits go: what is beyond is forgotten, as if never asked. */
  take (wants: PeerWant[]): void {
    for (const want of wants) {
      if (this.incoming.length < this.#limits.peerWantRoots) {
        this.incoming.push(want)
      }
    }
  }

  /** The wants for a root; undefined where the peer wants too much already. */
  root (root: CID): ClientRoot | undefined {
    const key = formatCid(root)
    let entry = this.roots.get(key)

    if (entry == null) {
      let size = 0

      for (const { size: more } of this.roots.values()) {
        size += more
      }

      if (this.roots.size >= this.#limits.peerWantRoots || size >= this.#limits.peerWants) {
        return undefined
      }

      entry = new ClientRoot(root)
      this.roots.set(key, entry)
    }

    return entry
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
        entry.tree?.release()
        this.roots.delete(key)
      }
    }
  }

  close (): void {
    this.closed = true
    this.incoming.length = 0
    this.roots.forEach(({ tree }) => { tree?.release() })
    this.roots.clear()
  }
}
