import { BaseBlockstore } from 'blockstore-core'
import type { AbortOptions } from '@libp2p/interface'
import type { Blockstore, Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

/** What can be done to a block in a blockstore. */
export type BlockstoreOperation = 'put' | 'get' | 'has' | 'delete'

export interface BlockstoreHooks {
  /** Comes first; what it throws is what the operation fails with. `bytes` is the length of the block that is put. */
  before?(operation: BlockstoreOperation, cid: CID, bytes: number, options?: AbortOptions): void | Promise<void>
  /** Comes when the operation has succeeded. `bytes` is the length of the block that was put or read. */
  after?(operation: BlockstoreOperation, cid: CID, bytes: number): void
  /** Each chunk that is read passes through here. */
  got?(cid: CID, chunk: Uint8Array): Uint8Array
}

/** A blockstore that does something before and after each operation of another one. */
export class HookedBlockstore extends BaseBlockstore {
  readonly #inner: Blockstore
  readonly #hooks: BlockstoreHooks

  constructor (inner: Blockstore, hooks: BlockstoreHooks) {
    super()
    this.#inner = inner
    this.#hooks = hooks
  }

  async has (cid: CID, options?: AbortOptions): Promise<boolean> {
    await this.#hooks.before?.('has', cid, 0, options)
    const has = await this.#inner.has(cid, options)
    this.#hooks.after?.('has', cid, 0)

    return has
  }

  async put (cid: CID, value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options?: AbortOptions): Promise<CID> {
    const chunks: Uint8Array[] = []
    let bytes = 0

    for await (const chunk of value instanceof Uint8Array ? [value] : value) {
      chunks.push(chunk)
      bytes += chunk.byteLength
    }

    await this.#hooks.before?.('put', cid, bytes, options)
    await this.#inner.put(cid, chunks, options)
    this.#hooks.after?.('put', cid, bytes)

    return cid
  }

  async * get (cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    await this.#hooks.before?.('get', cid, 0, options)
    let bytes = 0

    for await (const chunk of this.#inner.get(cid, options)) {
      bytes += chunk.byteLength
      yield this.#hooks.got?.(cid, chunk) ?? chunk
    }

    this.#hooks.after?.('get', cid, bytes)
  }

  async delete (cid: CID, options?: AbortOptions): Promise<void> {
    await this.#hooks.before?.('delete', cid, 0, options)
    await this.#inner.delete(cid, options)
    this.#hooks.after?.('delete', cid, 0)
  }

  async * getAll (options?: AbortOptions): AsyncGenerator<Pair> {
    yield * this.#inner.getAll(options)
  }
}
