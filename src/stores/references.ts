import { referenceKey } from './store-keys.ts'
import type { Changes, Records } from './records.ts'

/**
 * Whom the bytes of some blocks are kept for: a set of ids a block, so that adding one twice is adding it once. Read and
 * changed only under the blocks' locks, which makes read, change, write safe.
 */
export class References {
  readonly #ids = new Map<string, Set<string>>()

  /** @throws {StoreRefusedError} when the datastore fails */
  async read (name: string, records: Records): Promise<Set<string>> {
    const ids = await readReferences(name, records)
    this.#ids.set(name, ids)

    return ids
  }

  /** Keeps the blocks for `id` too. */
  add (id: string, changes: Changes): void {
    for (const [name, ids] of this.#ids) {
      if (!ids.has(id)) {
        changes.put(referenceKey(name), encodeIds([...ids, id]))
      }
    }
  }

  /** Keeps the blocks for `id` no more. */
  remove (id: string, changes: Changes): void {
    for (const [name, ids] of this.#ids) {
      const others = [...ids].filter(other => other !== id)

      if (!ids.has(id)) {
        continue
      }

      if (others.length === 0) {
        changes.delete(referenceKey(name))
      } else {
        changes.put(referenceKey(name), encodeIds(others))
      }
    }
  }
}

/** Ids of the trees that a block is kept for. */
export async function readReferences (name: string, records: Records): Promise<Set<string>> {
  const value = await records.get(referenceKey(name))

  return new Set(value == null ? [] : new TextDecoder().decode(value).split(' '))
}

function encodeIds (ids: string[]): Uint8Array {
  return new TextEncoder().encode(ids.join(' '))
}
