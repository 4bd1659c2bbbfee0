import { BaseBlockstore } from 'blockstore-core/base'
import { NotFoundError } from 'interface-store'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { MiB } from '../constants.ts'
import { PackFiles } from './pack-files.ts'
import { PackIndex } from './pack-index.ts'
import { Packing } from './packing.ts'
import type { AbortOptions } from 'abort-error'
import type { InputPair, Pair } from 'interface-blockstore'

export interface PackBlockstoreInit {
  /**
   * Bytes of a file, at most, but for one with a single block. Space comes back file by file.
   *
   * @default 67108864
   */
  packBytes?: number
}

/**
 * Blocks in few large files, `<n>.pack`, and a LevelDB, `index/`, that says where each lies. What is put at the same time is
 * one write, and what is read one read of a file that is open: a file a block takes four calls of the file system for either.
 *
 * A kill loses no block whose `put` has resolved. What was being written then is overwritten, or goes with its pack. A put does
 * not wait for the disk: where power fails, a block that was put last may be there with other bytes. After a write of the index
 * that fails, where the disk is full for one, nothing more is taken until there is space again; what is there can be read.
 *
 * A pack of which less than half is still there is emptied into the one that is being written, and deleted.
 */
export class PackBlockstore extends BaseBlockstore {
  readonly #index: PackIndex
  readonly #files: PackFiles
  readonly #packing: Packing

  /** @param path - a directory; `open` makes it where it is missing */
  constructor (path: string, { packBytes = 64 * MiB }: PackBlockstoreInit = {}) {
    super()
    this.#index = new PackIndex(path)
    this.#files = new PackFiles(path)
    this.#packing = new Packing(this.#index, this.#files, packBytes)
  }

  /** @throws {DataDirInUseError} when another process, or this one, has it open */
  async open (): Promise<void> {
    await this.#index.open()

    try {
      await this.#packing.open()
    } catch (err) {
      await this.close()
      throw err
    }
  }

  /** Ends what was begun, and gives the directory free. */
  async close (): Promise<void> {
    await this.#packing.close()
    await this.#files.close().finally(async () => this.#index.close())
  }

  override async has (cid: CID, options?: AbortOptions): Promise<boolean> {
    options?.signal?.throwIfAborted()

    return await this.#index.find(cid.multihash.bytes) != null
  }

  /** The bytes must stay as they are until it resolves. A block that is there is written again only where it is damaged. */
  override async put (cid: CID, value: InputPair['bytes'], options?: AbortOptions): Promise<CID> {
    const bytes = value instanceof Uint8Array ? value : await collect(value)
    options?.signal?.throwIfAborted()
    await this.#packing.put(cid.multihash.bytes, bytes)

    return cid
  }

  override async * get (cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    options?.signal?.throwIfAborted()
    yield await this.#read(cid)
  }

  override async delete (cid: CID, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await this.#packing.delete(cid.multihash.bytes)
  }

  /** All that is there as it begins, with the codec of raw bytes: a store does not know another. */
  override async * getAll (options?: AbortOptions): AsyncGenerator<Pair> {
    for await (const multihash of this.#index.all()) {
      options?.signal?.throwIfAborted()
      const cid = CID.createV1(raw.code, Digest.decode(multihash))

      yield { cid, bytes: this.get(cid, options) }
    }
  }

  /** Reads once more where the pack was emptied after the block had been looked up. */
  async #read (cid: CID, failed?: { pack: number, err: unknown }): Promise<Uint8Array> {
    const place = await this.#index.find(cid.multihash.bytes)

    if (place == null) {
      throw new NotFoundError(`${cid.toString()} is not in the blockstore`)
    }

    if (failed?.pack === place.pack) {
      throw failed.err
    }

    return this.#files.read(place).catch(async err => this.#read(cid, { pack: place.pack, err }))
  }
}

async function collect (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []

  for await (const chunk of chunks) {
    parts.push(chunk)
  }

  return concat(parts)
}
