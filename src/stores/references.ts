import { referenceKey } from './store-keys.ts'
import type { Changes, Records } from './records.ts'

/**
 * Whom the bytes of some blocks are kept for: a set of ids a block, so that adding one twice is adding it once. Read and
 * changed only under the blocks' locks, which makes read, change, write safe.
 */
export class References {
  readonly #ids = new Map<string, Set<string>>()
  readonly #added: (id: string, name: string) => void

  /** @param added - told of what `add` keeps */
  constructor (added: (id: string, name: string) => void = () => {}) {
    this.#added = added
  }

  /** @throws {StoreRefusedError} when the datastore fails */
  async read (name: string, records: Records): Promise<Set<string>> {
    const ids = await readReferences(name, records)
    this.#ids.set(name, ids)

    return ids
  }

  /** Keeps the blocks for `id` too. */
  add (id: string, changes: Changes): void {
    for (const [name, ids] of this.#ids) {
      this.#added(id, name)

      if (!ids.has(id)) {
        changes.put(referenceKey(name), encodeIds([...ids, id]))
      }
    }
  }

  /** Keeps the blocks for `id` no more. */
  remove (id: string, changes: Changes): void {
    this.retain(other => other !== id, changes)
  }

  /** Keeps the blocks only for those who are needed. */
  retain (isNeeded: (id: string) => boolean, changes: Changes): void {
    for (const [name, ids] of this.#ids) {
      const needed = [...ids].filter(isNeeded)

      if (needed.length === ids.size) {
        continue
      }

      if (needed.length === 0) {
        changes.delete(referenceKey(name))
      } else {
        changes.put(referenceKey(name), encodeIds(needed))
      }
    }
  }
}

/** Ids of the trees that a block is kept for. */
export async function readReferences (name: string, records: Records): Promise<Set<string>> {
  const key = referenceKey(name)
  // most have none, and a datastore makes an error of what it has not got
  const value = await records.has(key) ? await records.get(key) : undefined

  return value == null ? new Set() : decodeReferences(value)
}

export function decodeReferences (value: Uint8Array): Set<string> {
  return new Set(new TextDecoder().decode(value).split(' '))
}

function encodeIds (ids: string[]): Uint8Array {
  return new TextEncoder().encode(ids.join(' '))
}
