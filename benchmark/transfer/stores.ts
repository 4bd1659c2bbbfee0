/** Bytes within one process: out of a blockstore, into another, and by this library out of the same store. */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { MemoryDatastore } from 'datastore-core/memory'
import { concat } from 'uint8arrays/concat'
import { DEFAULT_BLOCK_SIZE } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { createCodex } from '../../src/index.ts'
import { openDataDir } from '../../src/node/data-dir.ts'
import { PackBlockstore } from '../../src/node/pack-blockstore.ts'
import { BoundedMemoryBlockstore } from '../../src/stores/memory-blockstore.ts'
import { contentChunks, seededContent } from '../../src/testing/corpus.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { SimulatedNetwork } from '../../src/testing/simulated-network.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { scratchDir } from './ours-disk.ts'
import type { Contender } from './contender.ts'
import type { Transport } from '../../src/index.ts'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

export type StoreName = 'memory' | 'file' | 'blockstore-fs'

/** Blocks read, and written, at the same time: as many as the library does. */
const WIDTH = 16

/** Reads and hashes every block. */
export function read (name: StoreName): Contender {
  return overBlocks(name, async () => async () => {})
}

/** Reads, hashes and writes every block. */
export function copy (name: StoreName): Contender {
  return overBlocks(name, async size => {
    const target = await openStore(name, size)

    return async (cid, bytes) => { await target.put(cid, bytes) }
  })
}

/** What the library gives of a file that is in its store, read offline. */
export function local (name: StoreName): Contender {
  return {
    seed: async () => ({}),

    async connect (_, size) {
      const { blockstore, datastore } = name === 'memory'
        ? { blockstore: await openStore(name, size), datastore: new MemoryDatastore() }
        : await openDataDir(await scratchDir())
      const codex = createCodex({ transport: noTransport(), blockstore, datastore })
      await codex.start()
      const cid = await codex.store(contentChunks(seededContent(1), size))

      return async took => {
        for await (const bytes of codex.download(cid, { offline: true })) {
          took(bytes.byteLength)
        }

        return undefined
      }
    }
  }
}

function overBlocks (name: StoreName, open: (size: number) => Promise<(cid: CID, bytes: Uint8Array) => Promise<void>>): Contender {
  return {
    seed: async () => ({}),

    async connect (_, size) {
      const source = await openStore(name, size)
      const target = await open(size)
      const cids: CID[] = []

      for await (const bytes of contentChunks(seededContent(1), size, DEFAULT_BLOCK_SIZE)) {
        cids.push(blockCid(hash('sha256', bytes, 'buffer')))
        await source.put(cids[cids.length - 1], bytes)
      }

      return async took => {
        for (let at = 0; at < cids.length; at += WIDTH) {
          const blocks = await Promise.all(cids.slice(at, at + WIDTH).map(async cid => {
            const bytes = await bytesOf(source, cid)

            if (!hash('sha256', bytes, 'buffer').equals(cid.multihash.digest)) {
              throw new Error('a block is not what it was')
            }

            await target(cid, bytes)

            return bytes
          }))
          blocks.forEach(({ byteLength }) => { took(byteLength) })
        }

        return undefined
      }
    }
  }
}

async function bytesOf (store: Blockstore, cid: CID): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []

  for await (const bytes of store.get(cid)) {
    chunks.push(bytes)
  }

  return chunks.length === 1 ? chunks[0] : concat(chunks)
}

async function openStore (name: StoreName, size: number): Promise<Blockstore> {
  if (name === 'memory') {
    return new BoundedMemoryBlockstore({ maxBytes: 2 * size })
  }

  const path = join(await scratchDir(), 'blocks')
  const store = name === 'file' ? new PackBlockstore(path) : new FsBlockstore(path)
  await store.open()

  return store
}

/** Nobody is on it: an offline download asks nobody. */
function noTransport (): Transport {
  return new SimulatedNetwork({ clock: new VirtualClock(), random: seededRandom(1) }).addPeer()
}
