import { concat } from 'uint8arrays/concat'
import { blockCid, DIGEST_BYTES, SHA2_256 } from '../dataset/codecs.ts'
import { StoreRefusedError } from '../errors.ts'
import { Locks } from './locks.ts'
import { parallel } from './parallel.ts'
import { readReferences, References } from './references.ts'
import { digestText } from './store-keys.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Changes, Records } from './records.ts'
import type { AbortOptions } from 'abort-error'
import type { Blockstore } from 'interface-blockstore'

/** Calls of the blockstore at the same time, for one batch: enough to keep a disk busy. */
export const WIDTH = 16

/** Bytes with their sha2-256 digest. */
export interface DigestedBytes {
  digest: Uint8Array
  data: Uint8Array
}

/**
 * The bytes of blocks, kept once however many datasets they are in. A blockstore knows them by the CID of a data block
 * of their digest, whatever codec they are asked by.
 *
 * Whoever writes bytes or drops them holds the locks of their digests until the references are committed. So bytes are
 * never dropped for one dataset while another is about to refer to them, and never written twice at the same time.
 */
export class SharedBlocks {
  readonly locks = new Locks()
  /** Told of every reference that is added, before it is committed: who looks for garbage must not miss one. */
  readonly watchers = new Set<(id: string, name: string) => void>()
  readonly #blockstore: Blockstore
  readonly #records: Records
  readonly #commits: CommitQueue

  constructor (blockstore: Blockstore, records: Records, commits: CommitQueue) {
    this.#blockstore = blockstore
    this.#records = records
    this.#commits = commits
  }

  /**
   * The bytes as the blockstore gives them, unchecked; undefined when it does not. What a blockstore fails with says
   * little (blockstore-fs calls every failure "not found"): bytes that cannot be read are not there.
   */
  async read (digest: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const chunks: Uint8Array[] = []

      for await (const chunk of this.#blockstore.get(blockCid(digest))) {
        chunks.push(chunk)
      }

      return chunks.length === 1 ? plain(chunks[0]) : concat(chunks)
    } catch {
      return undefined
    }
  }

  /**
   * Whether the blockstore says that it has the bytes.
   *
   * @throws {StoreRefusedError} when the blockstore fails
   */
  async has (digest: Uint8Array): Promise<boolean> {
    const cid = blockCid(digest)

    try {
      return await this.#blockstore.has(cid)
    } catch (err) {
      throw new StoreRefusedError('The blockstore could not look for a block', { cid, cause: err })
    }
  }

  /**
   * Digests of all that the blockstore has and could be ours, in no order. The bytes are not read, but by a blockstore
   * whose listing reads them.
   *
   * @throws {StoreRefusedError} when the blockstore fails, or cannot list
   */
  async * all (options?: AbortOptions): AsyncGenerator<Uint8Array> {
    try {
      for await (const { cid: { multihash } } of this.#blockstore.getAll(options)) {
        if (multihash.code === SHA2_256 && multihash.digest.byteLength === DIGEST_BYTES) {
          yield multihash.digest
        }
      }
    } catch (err) {
      options?.signal?.throwIfAborted()
      throw new StoreRefusedError('The blockstore could not list its blocks', { cause: err })
    }
  }

  /** Ids that the block is kept for. */
  async keptFor (digest: Uint8Array): Promise<Set<string>> {
    return readReferences(digestText(digest), this.#records)
  }

  /**
   * Writes bytes, then has `commit` add the references and what goes with them. It may be that neither happens, or only
   * the first: then nothing refers to the bytes.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails
   */
  async write<T> (blocks: DigestedBytes[], commit: (references: References) => Promise<T>): Promise<T> {
    const named = new Map(blocks.map(block => [digestText(block.digest), block]))

    return this.locks.run(named.keys(), async () => {
      const references = this.#references()
      const unreferenced: Uint8Array[] = []

      try {
        await parallel(named, WIDTH, async ([name, { digest, data }]) => {
          const ids = await references.read(name, this.#records)

          if (ids.size === 0) {
            unreferenced.push(digest)
          }

          await this.#put(digest, data)
        })
      } catch (err) {
        await parallel(unreferenced, WIDTH, async digest => this.delete(digest)).catch(() => {})
        throw err
      }

      return commit(references)
    })
  }

  /**
   * Keeps blocks for `id` no more: drops the bytes of those that nobody else needs, then commits, together with what
   * `write` adds.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails
   */
  async drop (id: string, digests: Iterable<Uint8Array>, write: (changes: Changes) => void): Promise<void> {
    const named = new Map([...digests].map(digest => [digestText(digest), digest]))

    await this.locks.run(named.keys(), async () => {
      const references = this.#references()

      await parallel(named, WIDTH, async ([name, digest]) => {
        const ids = await references.read(name, this.#records)

        if (ids.size === 1 && ids.has(id)) {
          await this.delete(digest)
        }
      })

      await this.#commits.commit({
        write: changes => {
          references.remove(id, changes)
          write(changes)
          return true
        }
      })
    })
  }

  /**
   * Keeps a block whose bytes are there for `id` too, as long as `isStill` says so.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async keep (id: string, digest: Uint8Array, isStill: () => Promise<boolean>): Promise<void> {
    const name = digestText(digest)

    await this.locks.run([name], async () => {
      const references = this.#references()
      await references.read(name, this.#records)

      if (await isStill()) {
        await this.#commits.commit({
          write: changes => {
            references.add(id, changes)
            return true
          }
        })
      }
    })
  }

  /**
   * Keeps a block only for those who need it; where that is nobody its bytes are deleted. Gives how many references went,
   * and whether there were bytes to delete.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails
   */
  async prune (digest: Uint8Array, isNeeded: (id: string) => boolean): Promise<{ references: number, deleted: boolean }> {
    const name = digestText(digest)

    return this.locks.run([name], async () => {
      const references = this.#references()
      const ids = [...await references.read(name, this.#records)]
      const needed = ids.filter(isNeeded)
      const deleted = needed.length === 0 && await this.has(digest)

      if (deleted) {
        await this.delete(digest)
      }

      await this.#commits.commit({
        write: changes => {
          references.retain(isNeeded, changes)
          return true
        }
      })

      return { references: ids.length - needed.length, deleted }
    })
  }

  /**
   * Deletes bytes that nothing refers to. The caller holds the lock of the digest.
   *
   * @throws {StoreRefusedError} when the blockstore fails
   */
  async delete (digest: Uint8Array): Promise<void> {
    const cid = blockCid(digest)

    try {
      await this.#blockstore.delete(cid)
    } catch (err) {
      throw new StoreRefusedError('The blockstore could not delete a block', { cid, cause: err })
    }
  }

  #references (): References {
    return new References((id, name) => { this.watchers.forEach(watcher => { watcher(id, name) }) })
  }

  async #put (digest: Uint8Array, data: Uint8Array): Promise<void> {
    const cid = blockCid(digest)

    try {
      await this.#blockstore.put(cid, data)
    } catch (err) {
      throw new StoreRefusedError('The blockstore would not take a block', { cid, cause: err })
    }
  }
}

/** The same memory as a plain array: a runtime's own kind of array compares unequal to it. */
function plain (bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
