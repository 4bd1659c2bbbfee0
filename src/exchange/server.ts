/**
 * Serves others: presence, and blocks in batches. Each peer has a loop of its own that reads a batch while the one before
 * is on its way, so peers take turns, and what is held for all of them together is bounded. A block that is not here yet is served the
 * moment it comes.
 */
import { formatCid } from '../dataset/codecs.ts'
import { RangeSet, rangesOf } from '../dataset/ranges.ts'
import { Client } from './client.ts'
import { withDeadline } from './deadline.ts'
import { Stock } from './stock.ts'
import type { ClientRoot, WantLimits } from './client.ts'
import type { PeerLink, PeerWant, ServedBlock } from './peer-link.ts'
import type { Serving } from './serving.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Clock } from '../interfaces.ts'
import type { LocalStore } from '../stores/local-store.ts'
import type { CID } from 'multiformats/cid'

/** Milliseconds between two times that peers are told what came: a message a block to each neighbour is more than the blocks are worth. */
const TELLING = 100

export interface ServerInit {
  store: LocalStore
  clock: Clock
  limits: Limits
  /** Price of one block. */
  price: bigint
  served(peer: string, blocks: number, bytes: number): void
  failed(peer: string, err: Error): void
}

export class Server implements Serving {
  readonly #init: ServerInit
  readonly #clients = new Map<PeerLink, Client>()
  readonly #stock: Stock
  /** Whose news wait, when they may be told again, and what will do it. */
  readonly #untold = new Map<ClientRoot, PeerLink>()
  #tellAt = 0
  #telling: unknown

  constructor (init: ServerInit) {
    this.#init = init
    this.#stock = new Stock(init.store, init.limits.servingBytes)
  }

  wanted (link: PeerLink, wants: PeerWant[]): void {
    let client = this.#clients.get(link)

    if (client == null) {
      client = new Client(link, this.#init.limits.firstDeliveryBlocks, () => shareOf(this.#init.limits, this.#clients.size))
      this.#clients.set(link, client)
    }

    client.take(wants)
    this.#wake(client)
  }

  /** Blocks are in the local store now. */
  stored (root: CID, ranges: IndexRange[]): void {
    const key = formatCid(root)

    for (const client of this.#clients.values()) {
      const entry = client.roots.get(key)

      if (entry == null) {
        continue
      }

      entry.arrived(ranges)
      this.#wake(client)

      if (!entry.news.isEmpty) {
        this.#untold.set(entry, client.link)
      }
    }

    this.#tell()
  }

  /** A peer has blocks itself: it is not told any more that they came. */
  had (link: PeerLink, root: CID, ranges: IndexRange[]): void {
    this.#clients.get(link)?.roots.get(formatCid(root))?.had(ranges)
  }

  closed (link: PeerLink): void {
    this.#clients.get(link)?.roots.forEach(entry => this.#untold.delete(entry))
    this.#clients.get(link)?.close()
    this.#clients.delete(link)
  }

  /** Linked peers that have wanted something of us. */
  get size (): number {
    return this.#clients.size
  }

  /** Index ranges that are kept for them. */
  get wants (): number {
    return [...this.#clients.values()].reduce((sum, { size }) => sum + size, 0)
  }

  async stop (): Promise<void> {
    const running = [...this.#clients.values()].flatMap(({ running }) => running ?? [])
    this.#clients.forEach(client => { client.close() })
    this.#clients.clear()
    this.#untold.clear()
    this.#init.clock.clearTimeout(this.#telling)
    await Promise.all(running)
  }

  /** Tells those who asked what came since: at once, or when it is time again. */
  #tell (): void {
    const { clock, price } = this.#init

    if (this.#untold.size === 0 || this.#telling != null) {
      return
    }

    if (this.#tellAt > clock.now()) {
      this.#telling = clock.setTimeout(() => {
        this.#telling = undefined
        this.#tell()
      }, this.#tellAt - clock.now())

      return
    }

    for (const [{ root, news }, link] of this.#untold) {
      if (!news.isEmpty) {
        link.presence(root, { have: news.ranges(), absent: [], price })
        news.clear()
      }
    }

    this.#untold.clear()
    this.#tellAt = clock.now() + TELLING
  }

  #wake (client: Client): void {
    client.running ??= this.#run(client)
      .catch((err: Error) => {
        if (!client.closed) {
          this.#init.failed(client.link.peer, err)
        }
      })
      .finally(() => {
        client.running = undefined

        if (!client.closed && client.hasWork) {
          this.#wake(client)
        }
      })
  }

  async #run (client: Client): Promise<void> {
    while (!client.closed) {
      await this.#takeAll(client)

      const entry = client.next()

      if (entry == null) {
        await client.sending
        client.tidy()

        if (!client.hasWork) {
          return
        }

        continue
      }

      await this.#serve(client, entry)
    }
  }

  async #takeAll (client: Client): Promise<void> {
    while (client.hasWants) {
      await this.#untilHeard(client)
      const want = client.nextWant()

      if (want != null) {
        await this.#take(client, want)
      }
    }
  }

  /** A peer that asks faster than it reads is answered as fast as it reads. */
  async #untilHeard ({ link, abort }: Client): Promise<void> {
    const { clock, limits } = this.#init
    const room = link.room?.()

    if (room != null) {
      await withDeadline(clock, limits.servingTimeout, abort.signal, async () => room)
    }
  }

  async #take (client: Client, { root, kind, ranges, tellAbsent }: PeerWant): Promise<void> {
    const entry = ranges.length === 0 ? undefined : client.root(root)

    if (entry == null) {
      return
    }

    entry.tellAbsent ||= tellAbsent
    const pending = kind === 'have' ? entry.watched : entry.waiting
    pending.addAll(ranges)
    const have = await this.#stock.present(root, ranges)

    if (client.closed) {
      return
    }

    if (kind === 'block') {
      entry.arrived(have)
      return
    }

    entry.watched.deleteAll(have)
    const absent = tellAbsent ? ranges.flatMap(range => entry.watched.intersection(range)) : []
    client.link.presence(root, { have, absent, price: this.#init.price })
  }

  /** Reads the next batch while the one before is on its way; sends what of it is still wanted when that is through. */
  async #serve (client: Client, entry: ClientRoot): Promise<void> {
    const indices = firstOf(entry.ready, client.batch)
    // those who want nothing now take nothing away
    const busy = [...this.#clients.values()].filter(({ running }) => running != null).length
    const batch = await this.#stock.read(entry.root, indices, busy)

    try {
      await client.sending
      await this.#takeAll(client)
    } catch (err) {
      this.#stock.giveBack(batch)
      throw err
    }

    const blocks = batch.blocks.filter(({ index }) => entry.ready.has(index))
    const lost = new RangeSet(rangesOf(indices))
    blocks.forEach(({ index }) => { entry.ready.delete({ start: index, end: index + 1 }) })
    batch.blocks.forEach(({ index }) => { lost.delete({ start: index, end: index + 1 }) })

    const absent = [...lost].flatMap(range => entry.ready.intersection(range))

    for (const range of absent) {
      entry.ready.delete(range)
      entry.waiting.add(range)
    }

    if (absent.length > 0 && !client.closed && client.link.features.refusals) {
      client.link.refuse?.(entry.root, absent)
    } else if (absent.length > 0 && !client.closed && entry.tellAbsent) {
      client.link.presence(entry.root, { have: [], absent, price: this.#init.price })
    }

    client.sending = this.#send(client, entry.root, blocks).finally(() => { this.#stock.giveBack(batch) })
    // it is awaited before the next one, or not at all when the link is gone
    client.sending.catch(() => {})
  }

  async #send (client: Client, root: CID, blocks: ServedBlock[]): Promise<void> {
    if (client.closed || blocks.length === 0) {
      return
    }

    const { clock, limits, served } = this.#init
    const startedAt = clock.now()
    await withDeadline(clock, limits.servingTimeout, client.abort.signal, async signal => client.link.deliver(root, blocks, { signal }))
    client.sent(blocks.length, clock.now() - startedAt)
    served(client.link.peer, blocks.length, blocks.reduce((sum, { data }) => sum + data.byteLength, 0))
  }
}

/** The even share of each of some peers in what all may want. */
function shareOf (limits: Limits, peers: number): WantLimits {
  return {
    ranges: Math.min(limits.peerWants, Math.floor(limits.totalWants / peers)),
    roots: Math.min(limits.peerWantRoots, Math.floor(limits.totalWantRoots / peers))
  }
}

function firstOf (set: RangeSet, most: number): number[] {
  const indices: number[] = []

  for (const { start, end } of set) {
    for (let index = start; index < end; index++) {
      if (indices.push(index) === most) {
        return indices
      }
    }
  }

  return indices
}
