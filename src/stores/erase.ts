import { PAGE_LEAVES } from '../constants.ts'
import { TreePage } from '../dataset/tree-page.ts'
import { isLeafPage, lastOf, pagesOf, tombKey, TOMBS, TREES } from './store-keys.ts'
import { decodeTreeRecord } from './tree-record.ts'
import type { StoreParts } from './store-parts.ts'
import type { Hasher } from '../dataset/hasher.ts'

/** Keys of pages read in one go. */
const KEYS = 64

/** What the tomb of a draft holds: it has no `treeCid` yet. */
export const DRAFT = new Uint8Array(0)

/**
 * Deletes all that is kept under an id whose tomb is written: page by page, the bytes of blocks that nobody else needs,
 * then the references and the page; in the end the tomb. What a kill leaves is deleted when it is done again.
 *
 * @throws {StoreRefusedError} when the blockstore or the datastore fails
 * @throws {NotRunningError} when the store is closed before the end; the rest is deleted when it is opened
 */
export async function erase (id: string, parts: StoreParts): Promise<void> {
  for (let keys = await somePages(id, parts); keys.length > 0; keys = await somePages(id, parts)) {
    for (const key of keys) {
      parts.activity.assertRunning()
      const leaves = isLeafPage(id, key) ? await leavesOf(key, parts) : []

      await parts.blocks.drop(id, leaves, changes => { changes.delete(key) })
    }
  }

  await remove([tombKey(id)], parts)
}

/**
 * Ends the deletions and drafts that a kill interrupted. A draft that had become a tree, as far as a datastore without
 * atomic batches came, stays one.
 */
export async function eraseTombs (parts: StoreParts): Promise<void> {
  const tombs = new Map<string, Uint8Array>()

  for await (const { key, value } of parts.records.entries(TOMBS)) {
    tombs.set(lastOf(key), value)
  }

  if (tombs.size === 0) {
    return
  }

  const trees = await treesById(parts)

  for (const [id, value] of tombs) {
    const record = trees.get(id)
    const isDraft = value.byteLength === DRAFT.byteLength

    if (record != null) {
      await remove([isDraft ? tombKey(id) : record], parts)
    }

    if (record == null || !isDraft) {
      await erase(id, parts)
    }
  }
}

/** Deletes pages whose id neither a tree nor a draft nor a tomb has. Gives how many there were. */
export async function erasePages (id: string, parts: StoreParts): Promise<number> {
  let pages = 0

  for (let keys = await somePages(id, parts); keys.length > 0; keys = await somePages(id, parts)) {
    await remove(keys, parts)
    pages += keys.length
  }

  return pages
}

async function remove (keys: string[], { commits }: StoreParts): Promise<void> {
  await commits.commit({
    write: changes => {
      keys.forEach(key => { changes.delete(key) })
      return true
    }
  })
}

async function somePages (id: string, { records }: StoreParts): Promise<string[]> {
  const keys: string[] = []

  for await (const key of records.keys(pagesOf(id), KEYS)) {
    keys.push(key)
  }

  return keys
}

/** The digests that a leaf page knows, of blocks that are here or were; none where the page is damaged. */
async function leavesOf (key: string, { records, hasher }: StoreParts): Promise<Uint8Array[]> {
  const value = await records.get(key)

  return value == null ? [] : readLeaves(value, hasher).map(({ digest }) => digest)
}

/** A block that a leaf page knows. */
export interface PageLeaf {
  digest: Uint8Array
  /** Its number in the page. */
  leaf: number
  /** Whether it is said to be here; otherwise it was, or its digest is proven. */
  present: boolean
}

/** The blocks that an encoded leaf page knows; none where it is damaged. */
export function readLeaves (value: Uint8Array, hasher: Hasher): PageLeaf[] {
  let page: TreePage

  try {
    page = TreePage.decode(value, hasher)
  } catch {
    return []
  }

  const leaves: PageLeaf[] = []

  for (let leaf = 0; leaf < PAGE_LEAVES; leaf++) {
    const digest = page.get(0, leaf)

    if (digest != null) {
      leaves.push({ digest, leaf, present: page.isPresent(leaf) })
    }
  }

  return leaves
}

/** The keys of the records of trees, by the ids in them. */
export async function treesById ({ records }: StoreParts): Promise<Map<string, string>> {
  const keys = new Map<string, string>()

  for await (const { key, value } of records.entries(TREES)) {
    const record = decodeTreeRecord(value)

    if (record != null) {
      keys.set(record.id, key)
    }
  }

  return keys
}
