/**
 * Who the peers are (link, pace, price, bans) and what each has of each dataset. Only the engine changes it.
 */
import { PagedBitmap } from '../dataset/bitmap.ts'
import { RangeSet } from '../dataset/ranges.ts'
import { Pace } from './pace.ts'
import type { Limits } from '../constants.ts'
import type { PeerLink } from './peer-link.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { DatasetShape } from '../dataset/verify.ts'

/** Milliseconds between two questions about blocks that a peer did not have; doubles up to the second. */
const ASK_AGAIN = { first: 1_000, most: 30_000 }
/** Milliseconds that a peer is left alone after failing `n` times in a row: doubles from the first up to the second. */
const REST = { first: 500, most: 30_000 }

/** Blocks of a peer, by what became of them. */
export interface PeerCounters {
  /** Asked of it. */
  asked: number
  /** Verified and new. */
  used: number
  /** Came, but was here already or wanted no more. */
  duplicate: number
  /** Came after we had given the request up, verified, and was still of use. Not part of `used`. */
  late: number
  /** Did not verify. */
  rejected: number
  /** Requests that were not answered in time. */
  timeouts: number
  /** Bytes of blocks that came. */
  bytes: number
}

/** What one peer has of one dataset. */
export class PeerDataset {
  /** Blocks that it said it has, or delivered. A hint when it was said in an earlier link epoch. */
  readonly have: PagedBitmap
  /** Blocks that it said it has not. */
  readonly absent: PagedBitmap
  /** What it was asked about in this link epoch. */
  readonly asked = new RangeSet()
  /** Of that, what it has not answered. */
  readonly unanswered = new RangeSet()
  /** What it left unanswered until it was asked again. */
  readonly silent = new RangeSet()
  /** Blocks that it was asked for in vain: others go first. */
  readonly failed = new RangeSet()
  /** Price of a block as it last said; undefined until it has. */
  price?: bigint
  /** It is expected to have what it was not asked about: it delivered this dataset's manifest, or blocks of it. */
  likely = false
  /** When it was last asked about blocks and had answered all before; undefined once it answered. */
  questionAt?: number
  /** When to ask again for what it did not have. */
  askAgainAt = 0
  #askAgain = ASK_AGAIN.first

  constructor (leaves: number) {
    this.have = new PagedBitmap(leaves)
    this.absent = new PagedBitmap(leaves)
  }

  ask (range: IndexRange, now: number): void {
    if (this.unanswered.isEmpty) {
      this.questionAt = now
    }

    this.asked.add(range)
    this.unanswered.add(range)
    this.askAgainAt = now + this.#askAgain
  }

  /** Forgets that it was asked, so that it will be asked again; later each time. */
  askAgain (): void {
    this.#askAgain = Math.min(this.#askAgain * 2, ASK_AGAIN.most)
    this.unanswered.ranges().forEach(range => { this.silent.add(range) })
    this.#forget()
  }

  answered (have: IndexRange[], absent: IndexRange[], price: bigint): void {
    for (const range of have) {
      this.have.setRange(range)
      this.absent.clearRange(range)
      this.unanswered.delete(range)
      this.silent.delete(range)
      this.failed.delete(range)
      this.price = price
    }

    for (const range of absent) {
      this.have.clearRange(range)
      this.absent.setRange(range)
      this.unanswered.delete(range)
      this.silent.delete(range)
    }
  }

  /** The other side remembers nothing of what it was asked. */
  newEpoch (): void {
    this.silent.clear()
    this.#forget()
  }

  #forget (): void {
    this.asked.clear()
    this.unanswered.clear()
    this.failed.clear()
  }
}

/** One peer, connected or remembered. */
export class Peer {
  readonly id: string
  readonly pace: Pace
  readonly datasets = new Map<string, PeerDataset>()
  readonly counters: PeerCounters = { asked: 0, used: 0, duplicate: 0, late: 0, rejected: 0, timeouts: 0, bytes: 0 }
  /** What is asked goes over it: the first of its links. */
  link?: PeerLink
  /** Its links, one a generation of the protocol that both speak. Whatever comes over any of them is heard. */
  readonly links: PeerLink[] = []
  /** Rises with each link. */
  epoch = 0
  /** Its 20-byte account, where it sent one. */
  account?: Uint8Array
  /** Bytes asked of it and not yet delivered, over all datasets. */
  queued = 0
  /** Requests in a row that were not answered in time. */
  failures = 0
  /** Nothing is asked of it before. */
  restUntil = 0
  /** When it was last seen to send something, and how much it had sent by then. */
  #heardAt = 0
  #received = 0

  constructor (id: string, limits: Limits) {
    this.id = id
    this.pace = new Pace(limits)
  }

  dataset (key: string, shape: DatasetShape): PeerDataset {
    let dataset = this.datasets.get(key)

    if (dataset == null) {
      dataset = new PeerDataset(shape.leaves)
      this.datasets.set(key, dataset)
    }

    return dataset
  }

  /** Whether another `bytes` may be asked of it now, `planned` bytes being about to be. */
  hasRoom (planned: number, bytes: number): boolean {
    const queued = this.queued + planned

    return queued === 0 || queued + bytes <= this.pace.window
  }

  /** When it last sent something, as far as was looked: a large message on a slow path is many looks under way. */
  heardAt (now: number): number {
    const { received = 0 } = this.link ?? {}

    if (received !== this.#received) {
      this.#received = received
      this.#heardAt = now
    }

    return this.#heardAt
  }

  timedOut (now: number): void {
    this.counters.timeouts++
    this.failures++
    this.pace.failed()

    if (this.failures > 1) {
      this.restUntil = now + Math.min(REST.first * 2 ** (this.failures - 2), REST.most)
    }
  }

  /** Blocks came: so many bytes, for which `asked` were reckoned of the `queued` ones. */
  delivered (bytes: number, asked: number, queued: number, now: number): void {
    this.counters.bytes += bytes
    this.failures = 0
    this.restUntil = 0
    this.#heardAt = now
    this.pace.delivered(asked, queued, now)
  }
}

export class PeerAdmin {
  readonly #limits: Limits
  readonly #peers = new Map<string, Peer>()
  /** Peer id → when its ban ends. */
  readonly #bans = new Map<string, number>()

  constructor (limits: Limits) {
    this.#limits = limits
  }

  get (id: string): Peer | undefined {
    return this.#peers.get(id)
  }

  /** Peers that have a link, in the order in which they came. */
  * linked (): Generator<Peer & { link: PeerLink }> {
    for (const peer of this.#peers.values()) {
      if (peer.link != null) {
        yield peer as Peer & { link: PeerLink }
      }
    }
  }

  /** A link to a peer. The first one begins an epoch; the others are for the peer to use. */
  opened (link: PeerLink): Peer {
    const peer = this.#peers.get(link.peer) ?? new Peer(link.peer, this.#limits)
    this.#peers.set(link.peer, peer)
    peer.links.push(link)

    if (peer.link == null) {
      this.relink(peer)
    }

    return peer
  }

  /** Begins an epoch over the first of its links. */
  relink (peer: Peer): void {
    peer.link = peer.links[0]
    peer.epoch++
    peer.failures = 0
    peer.restUntil = 0
    peer.queued = 0
    peer.datasets.forEach(dataset => { dataset.newEpoch() })
  }

  /** One of several links is gone. False when it was the last. */
  unlinked (peer: Peer, link: PeerLink): boolean {
    peer.links.splice(peer.links.indexOf(link), 1)

    return peer.links.length > 0
  }

  /** Forgets a peer that is gone, but for what a quick reconnection needs: the last `sessionPeers` are kept as hints. */
  closed (peer: Peer): void {
    peer.link = undefined
    peer.links.length = 0
    peer.queued = 0
    this.#peers.delete(peer.id)
    this.#peers.set(peer.id, peer)

    const gone = [...this.#peers.values()].filter(peer => peer.link == null)

    for (const peer of gone.slice(0, Math.max(0, gone.length - this.#limits.sessionPeers))) {
      this.#peers.delete(peer.id)
    }
  }

  /** A dataset is fetched no more: its availability stays as a hint while there is room for it. */
  retire (key: string, isActive: (key: string) => boolean): void {
    for (const { datasets } of this.#peers.values()) {
      const dataset = datasets.get(key)

      if (dataset != null) {
        datasets.delete(key)
        datasets.set(key, dataset)
      }

      for (const oldest of datasets.keys()) {
        if (datasets.size <= this.#limits.peerDatasets) {
          break
        }

        if (!isActive(oldest)) {
          datasets.delete(oldest)
        }
      }
    }
  }

  ban (id: string, now: number): void {
    this.#bans.delete(id)
    this.#bans.set(id, now + this.#limits.banTime)

    if (this.#bans.size > this.#limits.bans) {
      const [oldest] = this.#bans.keys()
      this.#bans.delete(oldest)
    }
  }

  isBanned (id: string, now: number): boolean {
    const until = this.#bans.get(id)

    if (until == null) {
      return false
    }

    if (until <= now) {
      this.#bans.delete(id)
      return false
    }

    return true
  }

  clear (): void {
    this.#peers.clear()
    this.#bans.clear()
  }

  /** Entries of the maps, for those who watch for leaks. */
  get sizes (): { peers: number, peerDatasets: number, bans: number } {
    let peerDatasets = 0
    this.#peers.forEach(({ datasets }) => { peerDatasets += datasets.size })

    return { peers: this.#peers.size, peerDatasets, bans: this.#bans.size }
  }
}
