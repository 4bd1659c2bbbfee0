/**
 * What we have to serve: which blocks are here, and blocks to send. The blocks that are read and not sent yet take room,
 * of which there is so much for all peers together.
 */
import { DEFAULT_BLOCK_SIZE, DELIVERY_BYTES } from '../constants.ts'
import { isTreeCid } from '../dataset/codecs.ts'
import { encodeProof } from '../dataset/merkle-proof.ts'
import { StoreRefusedError } from '../errors.ts'
import { Room } from './room.ts'
import type { ServedBlock } from './peer-link.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { LocalStore } from '../stores/local-store.ts'
import type { StoredTree } from '../stores/stored-tree.ts'
import type { CID } from 'multiformats/cid'

const STANDALONE: IndexRange = { start: 0, end: 1 }

/** Blocks that were read, and the room that they take until they are given back. */
export interface Batch {
  blocks: ServedBlock[]
  room: number
}

/** What the local store cannot read is not here: whoever asked for it is no worse off than with another peer. */
export class Stock {
  readonly #store: LocalStore
  readonly #servingBytes: number
  readonly #room: Room

  constructor (store: LocalStore, servingBytes: number) {
    this.#store = store
    this.#servingBytes = servingBytes
    this.#room = new Room(servingBytes)
  }

  /** What of some sorted ranges is here. */
  async present (root: CID, ranges: IndexRange[]): Promise<IndexRange[]> {
    if (!isTreeCid(root)) {
      return await orNothing(async () => this.#store.hasBlock(root)) === true ? [STANDALONE] : []
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

  /**
   * Reads blocks, as far as they are here, once there is room for them. `indices` is cut to what fits where `peers` are
   * served at the same time.
   */
  async read (root: CID, indices: number[], peers: number): Promise<Batch> {
    if (!isTreeCid(root)) {
      return this.#read(DEFAULT_BLOCK_SIZE, async () => {
        const block = await orNothing(async () => this.#store.getBlock(root))

        return block == null ? [] : [{ index: 0, cid: root, data: block.data }]
      })
    }

    return await this.#withTree(root, async tree => {
      const { blockSize } = tree.shape
      // one batch is read while another is sent
      const bytes = Math.min(DELIVERY_BYTES, this.#servingBytes / (2 * peers))
      indices.splice(Math.max(1, Math.floor(bytes / blockSize)))

      return this.#read(indices.length * blockSize, async () => {
        const read = await Promise.all(indices.map(async index => ({ index, block: await orNothing(async () => tree.read(index)) })))

        return read.flatMap(({ index, block }) => block == null ? [] : [{ index, cid: block.cid, data: block.data, proof: encodeProof(block.proof) }])
      })
    }) ?? { blocks: [], room: 0 }
  }

  /** The blocks of a batch are sent, or will not be. */
  giveBack ({ room }: Batch): void {
    this.#room.free(room)
  }

  /** Undefined where nothing of the tree is here. Who waits for blocks holds no tree, however many it waits for. */
  async #withTree<T> (root: CID, fn: (tree: StoredTree) => Promise<T>): Promise<T | undefined> {
    const tree = await orNothing(async () => this.#store.findTree(root))

    try {
      return tree == null ? undefined : await orNothing(async () => fn(tree))
    } finally {
      tree?.release()
    }
  }

  async #read (room: number, read: () => Promise<ServedBlock[]>): Promise<Batch> {
    await this.#room.take(room)

    try {
      return { blocks: await read(), room }
    } catch (err) {
      this.#room.free(room)
      throw err
    }
  }
}

async function orNothing<T> (read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (err) {
    if (err instanceof StoreRefusedError) {
      return undefined
    }

    throw err
  }
}
