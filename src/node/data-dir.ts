import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { loadIdentity } from './identity.ts'
import { openLevel } from './open-level.ts'
import { PackBlockstore } from './pack-blockstore.ts'
import type { Secp256k1PrivateKey } from '@libp2p/interface'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'

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
  const index = await openLevel<string>(join(path, 'index'), path, 'utf8')

  try {
    const identity = await loadIdentity(join(path, 'key'))
    const blockstore = new PackBlockstore(join(path, 'blocks'))
    await blockstore.open()

    return {
      identity,
      blockstore,
      // by its types it wants the `Level` of another package, which in Node is this class
      datastore: new LevelDatastore(index as unknown as ConstructorParameters<typeof LevelDatastore>[0]),
      close: async () => {
        await blockstore.close().finally(async () => index.close())
      }
    }
  } catch (err) {
    await index.close()
    throw err
  }
}
