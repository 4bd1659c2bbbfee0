/** Packs: files that grow at their end until they are deleted. */
import { close, fdatasync, mkdir, open, read, readdir, stat, unlink, writev } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from './has-code.ts'
import type { Place } from './pack-index.ts'

// the calls with callbacks take a third of the memory that the file handles of `node:fs/promises` do
const closed = promisify(close)
const synced = promisify(fdatasync)
const made = promisify(mkdir)
const opened = promisify(open)
const listed = promisify(readdir)
const looked = promisify(stat)
const deleted = promisify(unlink)
const reading = promisify(read)
const writing = promisify(writev)

/** Packs that are held open for reading, besides those that are being read. */
const MAX_OPEN = 16

const NAME = /^(\d+)\.pack$/

/** A pack does not hold all of a block that should be in it. */
export class ShortPackError extends Error {
  static name = 'ShortPackError'
  name = 'ShortPackError'
}

interface OpenPack {
  fd: Promise<number>
  /** Reads under way. */
  uses: number
  /** It is closed when the last of them ends. */
  isDropped: boolean
}

export class PackFiles {
  readonly #path: string
  /** Open for reading, the one that was read last at the end. */
  readonly #open = new Map<number, OpenPack>()
  /** The pack that was written last. */
  #written?: { pack: number, fd: number }
  /** Files that are being closed. */
  readonly #closing = new Set<Promise<void>>()
  #isClosed = true

  constructor (path: string) {
    this.#path = path
  }

  /** Bytes of each pack that is there. Packs can be read from now on. */
  async open (): Promise<Map<number, number>> {
    this.#isClosed = false
    await made(this.#path, { recursive: true })
    const sizes = new Map<number, number>()

    for (const name of await listed(this.#path)) {
      const number = NAME.exec(name)?.[1]

      if (number != null) {
        sizes.set(Number(number), (await looked(join(this.#path, name))).size)
      }
    }

    return sizes
  }

  /** A block's bytes, in memory of their own. Fails with ENOENT or a `ShortPackError` where the pack, or a part of it, is gone. */
  async read ({ pack, at, length }: Place): Promise<Uint8Array> {
    if (length === 0) {
      return new Uint8Array(0)
    }

    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    const file = this.#use(pack)

    try {
      const fd = await file.fd

      for (let got = 0; got < length;) {
        const { bytesRead } = await reading(fd, bytes, got, length - got, at + got)

        if (bytesRead === 0) {
          throw new ShortPackError(`${this.#nameOf(pack)} ends before a block in it does`)
        }

        got += bytesRead
      }
    } catch (err) {
      this.#drop(pack)
      throw err
    } finally {
      this.#release(file)
    }

    return bytes
  }

  /** Writes at the end of a pack, which is begun where `at` is 0. What was left there by a write that failed is gone. */
  async append (pack: number, at: number, chunks: Uint8Array[]): Promise<void> {
    if (this.#written?.pack !== pack) {
      await this.#closeWritten()
      this.#written = { pack, fd: await opened(this.#nameOf(pack), at === 0 ? 'w' : 'r+') }
    }

    let rest = chunks

    while (rest.length > 0) {
      const { bytesWritten } = await writing(this.#written.fd, rest, at)
      at += bytesWritten
      rest = without(rest, bytesWritten)
    }
  }

  /** Waits until what was appended last is on the disk. */
  async sync (): Promise<void> {
    await (this.#written == null ? undefined : synced(this.#written.fd))
  }

  /** Deletes a pack. Who reads it still has its bytes. */
  async delete (pack: number): Promise<void> {
    if (this.#written?.pack === pack) {
      await this.#closeWritten()
    }

    try {
      await deleted(this.#nameOf(pack))
    } catch (err) {
      if (!hasCode(err, 'ENOENT')) {
        throw err
      }
    }

    this.#drop(pack)
  }

  /** Closes what is open; a pack that is being read is closed when that ends. */
  async close (): Promise<void> {
    this.#isClosed = true
    this.#open.forEach((_, pack) => { this.#drop(pack) })
    await Promise.all(this.#closing)
    await this.#closeWritten()
  }

  #use (pack: number): OpenPack {
    if (this.#isClosed) {
      throw new Error('The blockstore is not open')
    }

    const file = this.#open.get(pack) ?? { fd: opened(this.#nameOf(pack), 'r'), uses: 0, isDropped: false }
    this.#open.delete(pack)
    this.#open.set(pack, file)
    file.uses++

    if (this.#open.size > MAX_OPEN) {
      const [oldest] = this.#open.keys()
      this.#drop(oldest)
    }

    return file
  }

  #release (file: OpenPack): void {
    file.uses--
    this.#closeUnused(file)
  }

  #drop (pack: number): void {
    const file = this.#open.get(pack)

    if (file != null) {
      this.#open.delete(pack)
      file.isDropped = true
      this.#closeUnused(file)
    }
  }

  #closeUnused ({ fd, uses, isDropped }: OpenPack): void {
    if (isDropped && uses === 0) {
      // nothing was written by it, so nothing is lost where that fails
      const closing = fd.then(closed).catch(() => {}).finally(() => { this.#closing.delete(closing) })
      this.#closing.add(closing)
    }
  }

  async #closeWritten (): Promise<void> {
    const written = this.#written
    this.#written = undefined
    await (written == null ? undefined : closed(written.fd))
  }

  #nameOf (pack: number): string {
    return join(this.#path, `${pack}.pack`)
  }
}

/** Chunks without the first `bytes` bytes of them. */
function without (chunks: Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = 0

  while (skipped < chunks.length && bytes >= chunks[skipped].byteLength) {
    bytes -= chunks[skipped++].byteLength
  }

  const [first, ...rest] = chunks.slice(skipped)

  return bytes > 0 ? [first.subarray(bytes), ...rest] : chunks.slice(skipped)
}
