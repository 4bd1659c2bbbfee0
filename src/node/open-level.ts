import { ClassicLevel } from 'classic-level'
import { MiB } from '../constants.ts'
import { DataDirInUseError } from '../errors.ts'
import { hasCode } from './has-code.ts'
import { LevelMender } from './level-mender.ts'
import { Lookups } from './lookups.ts'

/** What is asked of a database is of the file at hand, and small. By default it takes 8 MiB of memory, and 4 that it holds twice. */
const OPTIONS = { compression: false, cacheSize: MiB, writeBufferSize: MiB }

type Call = (...args: unknown[]) => Promise<unknown>

export interface OpenLevel<K> extends ClassicLevel<K, Uint8Array> {
  /**
   * Resolves when what is written is found again. It may be that a write that failed is done then.
   *
   * @throws what a write has failed with, as long as there is no space
   */
  assertSound(): Promise<void>
}

/**
 * Opens a database of bytes, or makes it. LevelDB's lock goes with the process, however that ends, and is the lock of the
 * directory around it, `whole`.
 *
 * What is asked for at the same time with `get` is looked up in one call.
 *
 * After a write that fails, every write fails as that one did until there is space again, since LevelDB would lose it. It may take
 * closing and opening it, which an iteration that is under way does not survive.
 *
 * @throws {DataDirInUseError} when another process, or this one, has it open
 */
export async function openLevel<K> (path: string, whole: string, keyEncoding: 'utf8' | 'view'): Promise<OpenLevel<K>> {
  const level = new ClassicLevel<K, Uint8Array>(path, { keyEncoding, valueEncoding: 'view' })

  try {
    await level.open(OPTIONS)
  } catch (err) {
    if (err instanceof Error && hasCode(err.cause, 'LEVEL_LOCKED')) {
      throw new DataDirInUseError(`${whole} is in use by another process`, { cause: err })
    }

    throw err
  }

  return equip(level, path)
}

/** Adds what a database does without: lookups in one call, and going on after a write that failed. */
async function equip<K> (level: ClassicLevel<K, Uint8Array>, path: string): Promise<OpenLevel<K>> {
  const [put, del, batch, open, close, compactRange] = (
    ['put', 'del', 'batch', 'open', 'close', 'compactRange'] as const
  ).map(name => level[name].bind(level) as Call)
  const mender = new LevelMender({ level: { open, close, compactRange } as ClassicLevel<K, Uint8Array>, path, options: OPTIONS })
  const lookups = new Lookups<K>(async keys => {
    await mender.opened()

    return level.getMany(keys)
  })

  const guarded = (write: Call): Call => async (...args) => {
    await mender.assertSound()

    return write(...args).catch((reason: unknown) => {
      mender.failed(reason)
      throw reason
    })
  }

  // what a kill left is 2 MiB at most: opening does not fail for it
  await mender.clear().catch(() => {})

  return Object.assign(level, {
    put: guarded(put),
    del: guarded(del),
    batch: guarded(batch),
    get: async (key: K) => lookups.get(key),
    assertSound: async () => mender.assertSound(),
    close: async () => {
      await mender.stop()
      await close()
    }
  }) as OpenLevel<K>
}
