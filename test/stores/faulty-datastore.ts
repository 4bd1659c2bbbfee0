import { delay } from '../../src/testing/delay.ts'
import type { Clock } from '../../src/interfaces.ts'
import type { Batch, Datastore, Key, KeyQuery, Query } from 'interface-datastore'

export interface DatastoreFaults {
  /** Whether an operation fails, before anything of it is done. */
  fails?(operation: 'read' | 'write'): boolean
  /** Makes each operation wait before it begins. */
  slow?: { clock: Clock, ms: number }
}

/** A datastore that fails, fills up or is slow. */
export function faultyDatastore (inner: Datastore, { fails, slow }: DatastoreFaults): Datastore {
  const before = async (operation: 'read' | 'write'): Promise<void> => {
    if (slow != null) {
      await delay(slow.clock, slow.ms)
    }

    if (fails?.(operation) === true) {
      throw new Error(`ENOSPC: no ${operation}`)
    }
  }

  return Object.create(inner, {
    get: {
      value: async (key: Key) => {
        await before('read')

        return inner.get(key)
      }
    },
    has: {
      value: async (key: Key) => {
        await before('read')

        return inner.has(key)
      }
    },
    query: {
      value: async function * (query: Query) {
        await before('read')
        yield * inner.query(query)
      }
    },
    queryKeys: {
      value: async function * (query: KeyQuery) {
        await before('read')
        yield * inner.queryKeys(query)
      }
    },
    batch: {
      value: (): Batch => {
        const batch = inner.batch()

        return {
          put: (key, value) => { batch.put(key, value) },
          delete: key => { batch.delete(key) },
          commit: async () => {
            await before('write')
            await batch.commit()
          }
        }
      }
    }
  })
}
