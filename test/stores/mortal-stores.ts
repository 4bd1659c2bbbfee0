import { BaseBlockstore } from 'blockstore-core'
import { BaseDatastore } from 'datastore-core'
import type { Stores } from './fixtures.ts'
import type { Blockstore } from 'interface-blockstore'
import type { Batch, Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

/** A process that is killed after so many writes: nothing it does afterwards reaches the stores. */
export class Life {
  writes = 0
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

    return this.#inner.put(cid, bytes)
  }

  override async delete (cid: CID): Promise<void> {
    this.#life.write()
    await this.#inner.delete(cid)
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

    return {
      put: (key, value) => { batch.put(key, value) },
      delete: key => { batch.delete(key) },
      commit: async () => {
        this.#life.write()
        await batch.commit()
      }
    }
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
