import { BaseBlockstore } from 'blockstore-core/base'
import { NotFoundError } from 'interface-store'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { DEFAULT_LIMITS } from '../constants.ts'
import { CODEX_BLOCK } from '../dataset/codecs.ts'
import { StoreRefusedError } from '../errors.ts'
import type { AbortOptions } from 'abort-error'
import type { Pair } from 'interface-blockstore'

export interface BoundedMemoryBlockstoreInit {
  /**
   * Bytes of blocks, at most.
   *
   * @default 268435456
   */
  maxBytes?: number
}

/**
 * Blocks in memory, up to a bound. What is put and what is got are copies: nobody outside has the store's own memory.
 */
export class BoundedMemoryBlockstore extends BaseBlockstore {
  readonly #maxBytes: number
  /** By multihash: the codec makes no other block. */
  readonly #blocks = new Map<string, Uint8Array>()
  #bytes = 0

  constructor ({ maxBytes = DEFAULT_LIMITS.memoryStoreBytes }: BoundedMemoryBlockstoreInit = {}) {
    super()
    this.#maxBytes = maxBytes
  }

  /** Bytes of the blocks in it. */
  get bytes (): number {
    return this.#bytes
  }

  override has (cid: CID, options?: AbortOptions): boolean {
    options?.signal?.throwIfAborted()

    return this.#blocks.has(keyOf(cid))
  }

  /** @throws {StoreRefusedError} when the block does not fit */
  override async put (cid: CID, value: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options?: AbortOptions): Promise<CID> {
    const bytes = value instanceof Uint8Array ? new Uint8Array(value) : await collect(value)
    options?.signal?.throwIfAborted()

    const key = keyOf(cid)
    const after = this.#bytes + bytes.byteLength - (this.#blocks.get(key)?.byteLength ?? 0)

    if (after > this.#maxBytes) {
      throw new StoreRefusedError(`The memory store is full: ${after} bytes are over its ${this.#maxBytes}`, { cid })
    }

    this.#blocks.set(key, bytes)
    this.#bytes = after

    return cid
  }

  override * get (cid: CID, options?: AbortOptions): Generator<Uint8Array> {
    options?.signal?.throwIfAborted()
    const bytes = this.#blocks.get(keyOf(cid))

    if (bytes == null) {
      throw new NotFoundError(`${cid.toString()} is not in the memory store`)
    }

    yield bytes.slice()
  }

  override async delete (cid: CID, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    this.#bytes -= this.#blocks.get(keyOf(cid))?.byteLength ?? 0
    this.#blocks.delete(keyOf(cid))
  }

  override async * getAll (options?: AbortOptions): AsyncGenerator<Pair> {
    for (const [key, bytes] of this.#blocks) {
      options?.signal?.throwIfAborted()

      yield {
        cid: CID.createV1(CODEX_BLOCK, Digest.decode(base32.decode(key))),
        bytes: (function * () { yield bytes.slice() })()
      }
    }
  }
}

function keyOf (cid: CID): string {
  return base32.encode(cid.multihash.bytes)
}

async function collect (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []

  for await (const chunk of chunks) {
    parts.push(chunk)
  }

  return concat(parts)
}
