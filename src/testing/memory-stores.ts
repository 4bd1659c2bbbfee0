import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { NotFoundError } from 'interface-store'
import { toString } from 'uint8arrays/to-string'
import { delay } from './delay.ts'
import { HookedBlockstore } from './hooked-blockstore.ts'
import type { BlockstoreOperation } from './hooked-blockstore.ts'
import type { Clock } from '../interfaces.ts'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

/** A pair of stores for one `Codex`. */
export interface MemoryStores {
  blockstore: Blockstore
  datastore: Datastore
}

/** What a `Codex` keeps its blocks in, without bounds, as long as the process lives. */
export function memoryStores (): MemoryStores {
  return { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore() }
}

/**
 * Takes `maxBytes` bytes of blocks at most. A put that goes over fails with a `QuotaExceededError`, as a browser's store
 * does; what is deleted makes room. What was in `inner` before does not count.
 */
export function quotaBlockstore (inner: Blockstore, maxBytes: number): Blockstore {
  const sizes = new Map<string, number>()
  const keyOf = (cid: CID): string => toString(cid.multihash.bytes, 'base64')
  let used = 0

  return new HookedBlockstore(inner, {
    before (operation, cid, bytes) {
      if (operation !== 'put') {
        return
      }

      const after = used + bytes - (sizes.get(keyOf(cid)) ?? 0)

      if (after > maxBytes) {
        throw new DOMException(`${after} bytes are over the quota of ${maxBytes}`, 'QuotaExceededError')
      }

      used = after
      sizes.set(keyOf(cid), bytes)
    },
    after (operation, cid) {
      if (operation === 'delete') {
        used -= sizes.get(keyOf(cid)) ?? 0
        sizes.delete(keyOf(cid))
      }
    }
  })
}

/** Fails an operation where `shouldFail` says so, before anything of it is done. */
export function failingBlockstore (inner: Blockstore, shouldFail: (operation: BlockstoreOperation, cid: CID) => boolean): Blockstore {
  return new HookedBlockstore(inner, {
    before (operation, cid) {
      if (shouldFail(operation, cid)) {
        throw new Error(`The blockstore failed to ${operation} ${cid}`)
      }
    }
  })
}

/** Begins each operation after `ms` milliseconds of the clock; they do not wait for each other. */
export function slowBlockstore (inner: Blockstore, clock: Clock, ms: number): Blockstore {
  return new HookedBlockstore(inner, {
    async before (_operation, _cid, _bytes, options) {
      await delay(clock, ms, options)
    }
  })
}

/** Says that it keeps blocks and loses those that `shouldLose` says. */
export function forgetfulBlockstore (inner: Blockstore, shouldLose: (cid: CID) => boolean): Blockstore {
  return new HookedBlockstore(inner, {
    before (operation, cid) {
      if (operation === 'get' && shouldLose(cid)) {
        throw new NotFoundError(`The blockstore lost ${cid}`)
      }
    }
  })
}

/** Gives other bytes than were put for the blocks that `shouldCorrupt` says. */
export function corruptingBlockstore (inner: Blockstore, shouldCorrupt: (cid: CID) => boolean): Blockstore {
  return new HookedBlockstore(inner, {
    got (cid, chunk) {
      if (!shouldCorrupt(cid)) {
        return chunk
      }

      const copy = chunk.slice()
      copy[0] ^= 1

      return copy
    }
  })
}

/** Operations that succeeded, and their bytes. */
export interface BlockstoreCounts extends Record<BlockstoreOperation, number> {
  bytesPut: number
  bytesGot: number
}

/** Counts what is done to a blockstore; `counts` goes on counting. */
export function countingBlockstore (inner: Blockstore): { blockstore: Blockstore, counts: BlockstoreCounts } {
  const counts = { put: 0, get: 0, has: 0, delete: 0, bytesPut: 0, bytesGot: 0 }

  const blockstore = new HookedBlockstore(inner, {
    after (operation, _cid, bytes) {
      counts[operation]++
      counts.bytesPut += operation === 'put' ? bytes : 0
      counts.bytesGot += operation === 'get' ? bytes : 0
    }
  })

  return { blockstore, counts }
}
