import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { Level } from 'level'
import { MiB } from '../constants.ts'
import { DataDirInUseError } from '../errors.ts'
import { FileBlockstore } from './file-blockstore.ts'
import { hasCode } from './has-code.ts'
import { loadIdentity } from './identity.ts'
import type { Secp256k1PrivateKey } from '@libp2p/interface'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'

/** Memory of the index: what is asked of it is of the file at hand, and small. By default it takes 8 MiB, and 4 that it holds twice. */
const INDEX = { cacheBytes: MiB, writeBufferBytes: MiB }

/** What a node keeps on disk. */
export interface DataDir {
  identity: Secp256k1PrivateKey
  blockstore: Blockstore
  datastore: Datastore
  /** Gives the directory free for another process. */
  close(): Promise<void>
}

/**
 * Opens a data directory, or makes it: `key`, `blocks/` and `index/`. LevelDB's lock on `index/` is the lock of the
 * whole; it goes with the process, however that ends.
 *
 * @throws {DataDirInUseError} when another process, or this one, has it open
 */
export async function openDataDir (path: string): Promise<DataDir> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const index = await openIndex(path)

  try {
    const blockstore = new FileBlockstore(join(path, 'blocks'))
    await blockstore.open()

    return {
      identity: await loadIdentity(join(path, 'key')),
      blockstore,
      datastore: new LevelDatastore(index),
      close: async () => {
        await blockstore.close()
        await index.close()
      }
    }
  } catch (err) {
    await index.close()
    throw err
  }
}

async function openIndex (path: string): Promise<Level<string, Uint8Array>> {
  // `LevelDatastore.open` keeps only the text of an error, so the database is opened here, where its code is seen
  const index = new Level<string, Uint8Array>(join(path, 'index'), { keyEncoding: 'utf8', valueEncoding: 'view' })

  try {
    await index.open({ compression: false, cacheSize: INDEX.cacheBytes, writeBufferSize: INDEX.writeBufferBytes })
  } catch (err) {
    if (err instanceof Error && hasCode(err.cause, 'LEVEL_LOCKED')) {
      throw new DataDirInUseError(`${path} is in use by another process`, { cause: err })
    }

    throw err
  }

  return index
}
