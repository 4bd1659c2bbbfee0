import { turns } from './gate.ts'
import type { Stores } from './fixtures.ts'
import type { Random } from '../../src/interfaces.ts'
import type { Key, Pair, Query } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

/**
 * Stores that take their time, another for each operation: what is done at the same time meets in every order. A query
 * gives what there was when it began.
 */
export function slowStores ({ blockstore, datastore }: Stores, random: Random): Stores {
  const wait = async (): Promise<void> => {
    for (let i = Math.floor(random() * 4); i > 0; i--) {
      await turns()
    }
  }
  const slow = <T> (work: () => T) => async (): Promise<Awaited<T>> => {
    await wait()
    const result = await work()
    await wait()

    return result
  }

  return {
    blockstore: Object.create(blockstore, {
      has: { value: async (cid: CID) => slow(() => blockstore.has(cid))() },
      put: { value: async (cid: CID, bytes: Uint8Array) => slow(() => blockstore.put(cid, bytes))() },
      delete: { value: async (cid: CID) => slow(() => blockstore.delete(cid))() },
      get: {
        value: async function * (cid: CID) {
          await wait()
          yield * blockstore.get(cid)
        }
      },
      getAll: {
        value: async function * () {
          for await (const pair of blockstore.getAll()) {
            await wait()
            yield pair
          }
        }
      }
    }),
    datastore: Object.create(datastore, {
      has: { value: async (key: Key) => slow(() => datastore.has(key))() },
      get: { value: async (key: Key) => slow(() => datastore.get(key))() },
      query: {
        value: async function * (query: Query) {
          const pairs: Pair[] = []

          for await (const pair of datastore.query(query)) {
            pairs.push(pair)
          }

          for (const pair of pairs) {
            await wait()
            yield pair
          }
        }
      },
      batch: {
        value: () => {
          const batch = datastore.batch()

          return {
            put: batch.put.bind(batch),
            delete: batch.delete.bind(batch),
            commit: slow(() => batch.commit())
          }
        }
      }
    })
  }
}
