import { Level } from 'level'
import { MiB } from '../constants.ts'
import { DataDirInUseError } from '../errors.ts'
import { hasCode } from './has-code.ts'

/** Memory of a database: what is asked of it is of the file at hand, and small. By default it takes 8 MiB, and 4 that it holds twice. */
const MEMORY = { cacheBytes: MiB, writeBufferBytes: MiB }

/**
 * Opens a database of bytes, or makes it. LevelDB's lock goes with the process, however that ends, and is the lock of the
 * directory around it, `whole`.
 *
 * @throws {DataDirInUseError} when another process, or this one, has it open
 */
export async function openLevel<K> (path: string, whole: string, keyEncoding: 'utf8' | 'view'): Promise<Level<K, Uint8Array>> {
  const level = new Level<K, Uint8Array>(path, { keyEncoding, valueEncoding: 'view' })

  try {
    await level.open({ compression: false, cacheSize: MEMORY.cacheBytes, writeBufferSize: MEMORY.writeBufferBytes })
  } catch (err) {
    if (err instanceof Error && hasCode(err.cause, 'LEVEL_LOCKED')) {
      throw new DataDirInUseError(`${whole} is in use by another process`, { cause: err })
    }

    throw err
  }

  return level
}
