import { mkdir, readFile, rename, writeFile } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import { NotFoundError } from 'interface-store'
import { hasCode } from './has-code.ts'
import type { AbortOptions } from 'abort-error'
import type { CID } from 'multiformats/cid'

// the calls with callbacks take a third of the memory that the file handles of `node:fs/promises` do
const make = promisify(mkdir)
const read = promisify(readFile)
const renamed = promisify(rename)
const written = promisify(writeFile)

/**
 * The files of blockstore-fs, read and written with less: no stream a block read, no directory made a block written. That
 * is half of the processor time and a third of the garbage, and it is garbage that lets the memory of a process grow.
 */
export class FileBlockstore extends FsBlockstore {
  readonly #names: NextToLast

  /** @param path - a directory; `open` makes it where it is missing */
  constructor (path: string) {
    const names = new NextToLast()
    super(path, { shardingStrategy: names })
    this.#names = names
  }

  /** Whoever finds the file finds all of it: it is written beside and renamed. */
  override async put (cid: CID, bytes: Parameters<FsBlockstore['put']>[1], options?: AbortOptions): Promise<CID> {
    if (!(bytes instanceof Uint8Array)) {
      return super.put(cid, bytes, options)
    }

    options?.signal?.throwIfAborted()
    const { dir, file } = this.#names.encode(cid)
    const unfinished = join(this.path, dir, `.${file}.tmp`)

    try {
      await written(unfinished, bytes)
    } catch (err) {
      if (!hasCode(err, 'ENOENT')) {
        throw err
      }

      await make(join(this.path, dir), { recursive: true })
      await written(unfinished, bytes)
    }

    try {
      await renamed(unfinished, join(this.path, dir, file))
    } catch (err) {
      // Windows does not rename over a file that is being read: it holds the same block
      if (!hasCode(err, 'EPERM') || !await this.has(cid)) {
        throw err
      }
    }

    return cid
  }

  override async * get (cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    options?.signal?.throwIfAborted()
    const { dir, file } = this.#names.encode(cid)

    try {
      yield await read(join(this.path, dir, file))
    } catch (err) {
      throw hasCode(err, 'ENOENT') ? new NotFoundError(`${cid.toString()} is not in the blockstore`) : err
    }
  }
}
