import { Level } from 'level'
import { MiB } from '../constants.ts'
import { DataDirInUseError } from '../errors.ts'
import { hasCode } from './has-code.ts'

/** Memory of a database: what is asked of it is of the file at hand, and small. By default it takes 8 MiB, and 4 that it holds twice. */
const MEMORY = { cacheBytes: MiB, writeBufferBytes: MiB }

type Write = (...args: unknown[]) => Promise<void>

/**
 * Opens a database of bytes, or makes it. LevelDB's lock goes with the process, however that ends, and is the lock of the
 * directory around it, `whole`.
 *
 * After a write that fails, where the disk is full for one, LevelDB goes on behind what it has half written, and finds nothing of
 * what came after it when it is opened the next time. So from then on every write fails as that one did, until it is opened again.
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

  refuseAfterFailure(level)

  return level
}

function refuseAfterFailure<K> (level: Level<K, Uint8Array>): void {
  let failure: { reason: unknown } | undefined

  const guarded = (name: 'put' | 'del' | 'batch'): Write => {
    const write = level[name].bind(level) as Write

    return async (...args) => {
      if (failure != null) {
        throw failure.reason
      }

      return write(...args).catch((reason: unknown) => {
        failure = { reason }
        throw reason
      })
    }
  }

  Object.assign(level, { put: guarded('put'), del: guarded('del'), batch: guarded('batch') })
}
