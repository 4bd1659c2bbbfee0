/**
 * Serves others: presence, and blocks in batches. Each peer has a loop of its own that holds one batch at a time, so
 * peers take turns, and what is held for all of them together is bounded. A block that is not here yet is served the
 * moment it comes.
 */
import { DELIVERY_BLOCKS, DELIVERY_BYTES } from '../constants.ts'
import { formatCid, isTreeCid } from '../dataset/codecs.ts'
import { encodeProof } from '../dataset/merkle-proof.ts'
import { RangeSet, countOf } from '../dataset/ranges.ts'
import { Client } from './client.ts'
import type { ClientRoot } from './client.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { LocalStore } from '../stores/local-store.ts'
import type { PeerLink, PeerWant, ServedBlock } from './peer-link.ts'
import type { CID } from 'multiformats/cid'

const STANDALONE: IndexRange = { start: 0, end: 1 }

export interface ServerInit {
  store: LocalStore
  limits: Limits
  /** False makes a client only: it says that it has nothing. */
  serve: boolean
  /** Price of one block. */
  price: bigint
  served(peer: string, blocks: number, bytes: number): void
  failed(peer: string, err: Error): void
}

export class Server {
  readonly #init: ServerInit
  readonly #clients = new Map<PeerLink, Client>()

  constructor (init: ServerInit) {
    this.#init = init
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
      client = new Client(link, this.#init.limits)
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

        if (!client.closed && (client.incoming.length > 0 || client.next() != null)) {
          this.#wake(client)
        }
      })
  }

  async #run (client: Client): Promise<void> {
    while (!client.closed) {
      const want = client.incoming.shift()

      if (want != null) {
        await this.#take(client, want)
        continue
      }

      const entry = client.next()

      if (entry == null) {
        client.tidy()
        return
      }

      await this.#serve(client, entry)
    }
  }

  async #take (client: Client, { root, kind, ranges, tellAbsent }: PeerWant): Promise<void> {
    if (kind === 'cancel') {
      client.roots.get(formatCid(root))?.cancel(ranges)
      return
    }

    const entry = client.root(root)

    if (entry == null) {
      return
    }

    const { have, absent } = await this.#present(entry, ranges)

    if (client.closed) {
      return
    }

    if (kind === 'have') {
      absent.forEach(range => { entry.watched.add(range) })
      client.link.presence(root, { have, absent: tellAbsent ? absent : [], price: this.#init.price })
    } else {
      have.forEach(range => { entry.ready.add(range) })
      absent.forEach(range => { entry.waiting.add(range) })
    }
  }

  async #present (entry: ClientRoot, ranges: IndexRange[]): Promise<{ have: IndexRange[], absent: IndexRange[] }> {
    const { store } = this.#init
    const have = new RangeSet()
    const absent = new RangeSet()
    ranges.forEach(range => { absent.add(range) })

    if (!isTreeCid(entry.root)) {
      if (await store.hasBlock(entry.root)) {
        have.add(STANDALONE)
      }
    } else {
      entry.tree ??= await store.findTree(entry.root)

      for (const { start, end } of entry.tree == null ? [] : ranges) {
        const inside = { start, end: Math.min(end, entry.tree?.shape.leaves ?? 0) }

        for (const range of inside.start < inside.end ? await entry.tree?.presentIn(inside) ?? [] : []) {
          have.add(range)
        }
      }
    }

    for (const range of have) {
      absent.delete(range)
    }

    return { have: have.ranges(), absent: absent.ranges() }
  }

  async #serve (client: Client, entry: ClientRoot): Promise<void> {
    const { store, limits } = this.#init
    const blocks: ServedBlock[] = []
    let bytes = 0

    if (!isTreeCid(entry.root)) {
      entry.ready.clear()
      const block = await store.getBlock(entry.root)

      if (block != null) {
        blocks.push({ index: 0, cid: entry.root, data: block.data })
        bytes += block.data.byteLength
      }
    } else {
      entry.tree ??= await store.findTree(entry.root)
      const { tree } = entry

      if (tree == null) {
        entry.ready.clear()
        return
      }

      const indices = firstOf(entry.ready, this.#batch(tree.shape.blockSize, client))
      const read = await Promise.all(indices.map(async index => ({ index, block: await tree.read(index) })))

      for (const { index, block } of read) {
        const range = { start: index, end: index + 1 }

        if (countOf(entry.ready.intersection(range)) === 0) {
          continue
        }

        entry.ready.delete(range)

        if (block?.proof == null) {
          entry.waiting.add(range)
        } else {
          blocks.push({ index, cid: block.cid, data: block.data, proof: encodeProof(block.proof) })
          bytes += block.data.byteLength
        }
      }
    }

    client.fresh = false

    if (!client.closed && blocks.length > 0) {
      await client.link.deliver(entry.root, blocks)
      this.#init.served(client.link.peer, blocks.length, bytes)
    }
  }

  /** Blocks of the next batch to a client. */
  #batch (blockSize: number, client: Client): number {
    const { limits } = this.#init
    const bytes = Math.min(DELIVERY_BYTES, limits.servingBytes / this.#clients.size)
    const blocks = Math.min(DELIVERY_BLOCKS, Math.max(1, Math.floor(bytes / blockSize)))

    return client.fresh ? Math.min(blocks, limits.firstDeliveryBlocks) : blocks
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
