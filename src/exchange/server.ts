/**
 * Serves others: presence, and blocks in batches. Each peer has a loop of its own that holds one batch at a time, so
 * peers take turns, and what is held for all of them together is bounded. A block that is not here yet is served the
 * moment it comes.
 */
import { DEFAULT_BLOCK_SIZE, DELIVERY_BYTES } from '../constants.ts'
import { formatCid, isTreeCid } from '../dataset/codecs.ts'
import { encodeProof } from '../dataset/merkle-proof.ts'
import { RangeSet, rangesOf } from '../dataset/ranges.ts'
import { Client } from './client.ts'
import { withDeadline } from './deadline.ts'
import { Room } from './room.ts'
import type { ClientRoot, WantLimits } from './client.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Clock } from '../interfaces.ts'
import type { LocalStore } from '../stores/local-store.ts'
import type { StoredTree } from '../stores/stored-tree.ts'
import type { PeerLink, PeerWant, ServedBlock } from './peer-link.ts'
import type { CID } from 'multiformats/cid'

const STANDALONE: IndexRange = { start: 0, end: 1 }

export interface ServerInit {
  store: LocalStore
  clock: Clock
  limits: Limits
  /** False makes a client only: it says that it has nothing. */
  serve: boolean
  /** Price of one block. */
  price: bigint
  served(peer: string, blocks: number, bytes: number): void
  failed(peer: string, err: Error): void
}

/** Blocks that were read, and the room that they take until they are sent. */
interface Batch {
  blocks: ServedBlock[]
  room: number
}

export class Server {
  readonly #init: ServerInit
  readonly #clients = new Map<PeerLink, Client>()
  /** For the batches of all. */
  readonly #room: Room

  constructor (init: ServerInit) {
    this.#init = init
    this.#room = new Room(init.limits.servingBytes)
  }

  wanted (link: PeerLink, wants: PeerWant[]): void {
    if (!this.#init.serve) {
      for (const { kind, tellAbsent, root, ranges } of wants) {
        if (kind === 'have' && tellAbsent) {
          link.presence(root, { have: [], absent: ranges, price: 0n })
        }
      }

      return
    }

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

      const have = entry.arrived(ranges)

      if (have.length > 0) {
        client.link.presence(root, { have, absent: [], price: this.#init.price })
      }

      this.#wake(client)
    }
  }

  closed (link: PeerLink): void {
    this.#clients.get(link)?.close()
    this.#clients.delete(link)
  }

  /** Peers that want something of us. */
  get size (): number {
    return this.#clients.size
  }

  /** Index ranges that are kept for them. */
  get wants (): number {
    return [...this.#clients.values()].reduce((sum, { size }) => sum + size, 0)
  }

  async stop (): Promise<void> {
    const running = [...this.#clients.values()].map(client => client.running)
    this.#clients.forEach(client => { client.close() })
    this.#clients.clear()
    await Promise.all(running)
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
    for (let want = client.nextWant(); want != null; want = client.nextWant()) {
      await this.#take(client, want)
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
    const have = await this.#present(entry, ranges)

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

  /** What of the ranges is in the local store. */
  async #present ({ root }: ClientRoot, ranges: IndexRange[]): Promise<IndexRange[]> {
    const { store } = this.#init

    if (!isTreeCid(root)) {
      return await store.hasBlock(root) ? [STANDALONE] : []
    }

    return await this.#withTree(root, async tree => {
      const have: IndexRange[] = []

      for (const { start, end } of ranges) {
        const inside = { start, end: Math.min(end, tree.shape.leaves) }

        for (const range of inside.start < inside.end ? await tree.presentIn(inside) : []) {
          have.push(range)
        }
      }

      return have
    }) ?? []
  }

  /** Undefined where nothing of the tree is here. What waits holds no tree, however many it waits for. */
  async #withTree<T> (root: CID, fn: (tree: StoredTree) => Promise<T>): Promise<T | undefined> {
    const tree = await this.#init.store.findTree(root)

    try {
      return tree == null ? undefined : await fn(tree)
    } finally {
      tree?.release()
    }
  }

  /** Reads the next batch while the one before is on its way; sends what of it is still wanted when that is through. */
  async #serve (client: Client, entry: ClientRoot): Promise<void> {
    const indices = firstOf(entry.ready, client.batch)
    const batch = isTreeCid(entry.root) ? await this.#readLeaves(entry, indices) : await this.#readBlock(entry.root)

    try {
      await client.sending
      await this.#takeAll(client)
    } catch (err) {
      this.#room.free(batch.room)
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

    if (absent.length > 0 && entry.tellAbsent && !client.closed) {
      client.link.presence(entry.root, { have: [], absent, price: this.#init.price })
    }

    client.sending = this.#send(client, entry.root, blocks).finally(() => { this.#room.free(batch.room) })
    // it is awaited before the next one, or not at all when the link is gone
    client.sending.catch(() => {})
  }

  async #readBlock (cid: CID): Promise<Batch> {
    return this.#read(DEFAULT_BLOCK_SIZE, async () => {
      const block = await this.#init.store.getBlock(cid)

      return block == null ? [] : [{ index: 0, cid, data: block.data }]
    })
  }

  /** The blocks of a batch, as far as they are here and fit. */
  async #readLeaves ({ root }: ClientRoot, indices: number[]): Promise<Batch> {
    return await this.#withTree(root, async tree => {
      const { blockSize } = tree.shape
      // those who want nothing now take nothing away
      const busy = [...this.#clients.values()].filter(({ running }) => running != null).length
      const bytes = Math.min(DELIVERY_BYTES, this.#init.limits.servingBytes / (2 * busy))
      indices.splice(Math.max(1, Math.floor(bytes / blockSize)))

      return this.#read(indices.length * blockSize, async () => {
        const read = await Promise.all(indices.map(async index => ({ index, block: await tree.read(index) })))

        return read.flatMap(({ index, block }) => block == null ? [] : [{ index, cid: block.cid, data: block.data, proof: encodeProof(block.proof) }])
      })
    }) ?? { blocks: [], room: 0 }
  }

  /** Reads blocks when there is room for them. */
  async #read (room: number, read: () => Promise<ServedBlock[]>): Promise<Batch> {
    await this.#room.take(room)

    try {
      return { blocks: await read(), room }
    } catch (err) {
      this.#room.free(room)
      throw err
    }
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
