import { BaseBlockstore } from 'blockstore-core'
import { BaseDatastore } from 'datastore-core'
import type { Stores } from './fixtures.ts'
import type { Blockstore, Pair as BlockPair } from 'interface-blockstore'
import type { Batch, Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

/** How many of the last writes that a store said it made were not made: as when the machine loses its power. */
export interface Forgotten {
  blockstore: number
  datastore: number
}

type Undo = () => unknown

/** A process that is killed after so many writes: nothing it does afterwards reaches the stores. */
export class Life {
  writes = 0
  /** What undoes the writes so far, by store. */
  readonly made: Record<keyof Forgotten, Undo[]> = { blockstore: [], datastore: [] }
  readonly #last: number

  constructor (last: number) {
    this.#last = last
  }

  get isOver (): boolean {
    return this.writes > this.#last
  }

  write (): void {
    this.writes++
    this.live()
  }

  live (): void {
    if (this.isOver) {
      throw new Error('killed')
    }
  }

  /** Undoes the last writes, once it is over. */
  async forget (forgotten: Forgotten): Promise<void> {
    for (const store of ['blockstore', 'datastore'] as const) {
      for (let i = forgotten[store]; i > 0; i--) {
        await this.made[store].pop()?.()
      }
    }
  }
}

/** The stores as a process sees them that is killed. A batch is written all or not at all, or operation by operation. */
export function mortalStores (inner: Stores, life: Life, atomic: boolean): Stores {
  return { blockstore: new MortalBlockstore(inner.blockstore, life), datastore: new MortalDatastore(inner.datastore, life, atomic) }
}

class MortalBlockstore extends BaseBlockstore {
  readonly #inner: Blockstore
  readonly #life: Life

  constructor (inner: Blockstore, life: Life) {
    super()
    this.#inner = inner
    this.#life = life
  }

  override async has (cid: CID): Promise<boolean> {
    this.#life.live()

    return this.#inner.has(cid)
  }

  override async * get (cid: CID): AsyncGenerator<Uint8Array> {
    this.#life.live()
    yield * this.#inner.get(cid)
  }

  override async put (cid: CID, bytes: Uint8Array): Promise<CID> {
    this.#life.write()
    await this.#remember(cid)

    return this.#inner.put(cid, bytes)
  }

  override async delete (cid: CID): Promise<void> {
    this.#life.write()
    await this.#remember(cid)
    await this.#inner.delete(cid)
  }

  override async * getAll (): AsyncGenerator<BlockPair> {
    for await (const pair of this.#inner.getAll()) {
      this.#life.live()
      yield pair
    }
  }

  async #remember (cid: CID): Promise<void> {
    const had = await this.#inner.has(cid)
    const bytes: Uint8Array[] = []

    for await (const chunk of had ? this.#inner.get(cid) : []) {
      bytes.push(chunk)
    }

    this.#life.made.blockstore.push(() => had ? this.#inner.put(cid, bytes) : this.#inner.delete(cid))
  }
}

class MortalDatastore extends BaseDatastore {
  readonly #inner: Datastore
  readonly #life: Life
  readonly #atomic: boolean

  constructor (inner: Datastore, life: Life, atomic: boolean) {
    super()
    this.#inner = inner
    this.#life = life
    this.#atomic = atomic
  }

  override async has (key: Key): Promise<boolean> {
    this.#life.live()

    return this.#inner.has(key)
  }

  override async get (key: Key): Promise<Uint8Array> {
    this.#life.live()

    return this.#inner.get(key)
  }

  override async put (key: Key, value: Uint8Array): Promise<Key> {
    this.#life.write()

    return this.#inner.put(key, value)
  }

  override async delete (key: Key): Promise<void> {
    this.#life.write()
    await this.#inner.delete(key)
  }

  override batch (): Batch {
    if (!this.#atomic) {
      return super.batch()
    }

    const batch = this.#inner.batch()
    const keys: Key[] = []

    return {
      put: (key, value) => {
        keys.push(key)
        batch.put(key, value)
      },
      delete: key => {
        keys.push(key)
        batch.delete(key)
      },
      commit: async () => {
        this.#life.write()
        await this.#remember(keys)
        await batch.commit()
      }
    }
  }

  async #remember (keys: Key[]): Promise<void> {
    const had = await Promise.all(keys.map(async key => ({ key, value: await this.#inner.has(key) ? await this.#inner.get(key) : undefined })))

    this.#life.made.datastore.push(async () => {
      for (const { key, value } of had) {
        await (value == null ? this.#inner.delete(key) : this.#inner.put(key, value))
      }
    })
  }

  override async * _all (query: Query): AsyncGenerator<Pair> {
    this.#life.live()
    yield * this.#inner.query({ prefix: query.prefix })
  }

  override async * _allKeys (query: KeyQuery): AsyncGenerator<Key> {
    this.#life.live()
    yield * this.#inner.queryKeys({ prefix: query.prefix })
  }
}
