import { constants } from 'node:fs'
import { access, link, open, rename, stat, unlink } from 'node:fs/promises'
import { formatCid } from '../src/dataset/codecs.ts'
import { hasCode } from '../src/node/has-code.ts'
import { OutputExistsError } from './exit-codes.ts'
import type { CID } from 'multiformats/cid'

/** Never through a link that someone else has laid: the name can be foretold. Windows has no such flag. */
const OPEN_OR_CREATE = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** Which bytes of the dataset a file is to hold. */
export interface Span {
  offset: number
  length: number
}

/** The file that is wanted. */
export interface Output {
  target: string
  cid: CID
  span: Span
  /** Of the whole dataset. */
  totalBytes: number
  blockSize: number
  /** Whether a file of this name may be replaced. */
  force: boolean
}

/** A file that is being written: `<file>.<last 8 characters of the CID>.part` until it is whole. */
export interface PartFile {
  readonly path: string
  /** Bytes that an earlier run has left and that need not be fetched again. */
  readonly resumed: number
  /** Appends. */
  write(bytes: Uint8Array): Promise<void>
  /** Gives the file its name. */
  finish(): Promise<void>
  /** Leaves the file for a later run. */
  close(): Promise<void>
}

/**
 * Opens the unfinished file, which an earlier run may have left: then its last block may be half written, so it is cut
 * off at a block's end. Two processes may write the same file at the same time: they write the same verified bytes to
 * the same places.
 */
export async function openPart (output: Output): Promise<PartFile> {
  const { target, span, blockSize, force } = output
  const path = partPath(output)
  const handle = await open(path, OPEN_OR_CREATE)
  const { size } = await handle.stat()
  const resumed = resumeAt(size, span, blockSize)
  let position = resumed

  return {
    path,
    resumed,
    async write (bytes) {
      while (bytes.byteLength > 0) {
        const { bytesWritten } = await handle.write(bytes, 0, bytes.byteLength, position)
        position += bytesWritten
        bytes = bytes.subarray(bytesWritten)
      }
    },
    async finish () {
      await handle.truncate(position)
      await handle.sync()
      await handle.close()
      await (force ? rename(path, target) : renameUnlessExists(path, target))
    },
    async close () {
      await handle.close()
    }
  }
}

/** @throws {OutputExistsError} */
export async function assertAbsent (target: string): Promise<void> {
  try {
    await access(target)
  } catch (err) {
    if (hasCode(err, 'ENOENT')) {
      return
    }

    throw err
  }

  throw new OutputExistsError(`${target} exists; --force overwrites it`)
}

/** Of another part of the dataset the unfinished file is another. */
export function partPath ({ target, cid, span, totalBytes }: Output): string {
  const range = span.length === totalBytes ? '' : `.${span.offset}-${span.offset + span.length}`

  return `${target}.${formatCid(cid).slice(-8)}${range}.part`
}

/** Bytes of an unfinished file of `size` bytes that are whole blocks; 0 where it cannot be one of this span. */
export function resumeAt (size: number, span: Span, blockSize: number): number {
  if (size > span.length) {
    return 0
  }

  const end = span.offset + size

  return size === span.length ? size : Math.max(0, end - end % blockSize - span.offset)
}

/** A link, unlike a rename, never replaces a file. Where the file system has none, the name is looked for first. */
async function renameUnlessExists (path: string, target: string): Promise<void> {
  try {
    await link(path, target)
    await unlink(path)
  } catch (err) {
    if (hasCode(err, 'EEXIST')) {
      throw new OutputExistsError(`${target} was made by someone else meanwhile; the bytes are in ${path}`)
    }

    if (!hasCode(err, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) {
      throw err
    }

    await assertAbsent(target)
    await rename(path, target)
  }
}

/** True for a directory that is there. */
export async function isDirectory (path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (err) {
    if (hasCode(err, 'ENOENT')) {
      return false
    }

    throw err
  }
}
