/**
 * The datastore under text keys, with every failure a `StoreRefusedError`.
 */
import { Key } from 'interface-datastore'
import { StoreRefusedError } from '../errors.ts'
import type { Datastore } from 'interface-datastore'

/** What one commit changes. Of several changes to a key the last counts. */
export class Changes {
  readonly #values = new Map<string, (() => Uint8Array) | undefined>()

  get size (): number {
    return this.#values.size
  }

  /** Writes a value. A function is called when every change of the commit is made. */
  put (key: string, value: Uint8Array | (() => Uint8Array)): void {
    this.#set(key, value instanceof Uint8Array ? () => value : value)
  }

  delete (key: string): void {
    this.#set(key, undefined)
  }

  * entries (): Generator<{ key: string, value?: Uint8Array }> {
    for (const [key, value] of this.#values) {
      yield { key, value: value?.() }
    }
  }

  #set (key: string, value: (() => Uint8Array) | undefined): void {
    // at the end: a page is written after what it relies on, should the datastore write one by one
    this.#values.delete(key)
    this.#values.set(key, value)
  }
}

export class Records {
  readonly #datastore: Datastore

  constructor (datastore: Datastore) {
    this.#datastore = datastore
  }

  /** @throws {StoreRefusedError} when the datastore fails */
  async get (key: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#datastore.get(new Key(key, false))
    } catch (err) {
      if (isNotFound(err)) {
        return undefined
      }

      throw new StoreRefusedError(`The datastore could not read ${key}`, { cause: err })
    }
  }

  /** @throws {StoreRefusedError} when the datastore fails */
  async has (key: string): Promise<boolean> {
    try {
      return await this.#datastore.has(new Key(key, false))
    } catch (err) {
      throw new StoreRefusedError(`The datastore could not look for ${key}`, { cause: err })
    }
  }

  /**
   * The keys that begin with `prefix`, in no order.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async * keys (prefix: string, limit?: number): AsyncGenerator<string> {
    try {
      for await (const key of this.#datastore.queryKeys({ prefix, limit })) {
        yield key.toString()
      }
    } catch (err) {
      throw new StoreRefusedError(`The datastore could not list ${prefix}`, { cause: err })
    }
  }

  /**
   * Whether a key begins with `prefix`.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async hasAny (prefix: string): Promise<boolean> {
    const keys = this.keys(prefix, 1)

    try {
      return (await keys.next()).done !== true
    } finally {
      await keys.return(undefined)
    }
  }

  /**
   * The records whose keys begin with `prefix`, in no order.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async * entries (prefix: string): AsyncGenerator<{ key: string, value: Uint8Array }> {
    try {
      for await (const { key, value } of this.#datastore.query({ prefix })) {
        yield { key: key.toString(), value }
      }
    } catch (err) {
      throw new StoreRefusedError(`The datastore could not list ${prefix}`, { cause: err })
    }
  }

  /**
   * Makes all changes, or none. A datastore whose batches are not atomic must write first what was put, in order, then
   * delete: then a kill in between leaves no more than waste.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async write (changes: Changes): Promise<void> {
    if (changes.size === 0) {
      return
    }

    try {
      const batch = this.#datastore.batch()

      for (const { key, value } of changes.entries()) {
        if (value == null) {
          batch.delete(new Key(key, false))
        } else {
          batch.put(new Key(key, false), value)
        }
      }

      await batch.commit()
    } catch (err) {
      throw new StoreRefusedError('The datastore would not take a batch', { cause: err })
    }
  }
}

function isNotFound (err: unknown): boolean {
  return err instanceof Error && err.name === 'NotFoundError'
}
