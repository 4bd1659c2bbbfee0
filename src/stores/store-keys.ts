/**
 * Where things are in the datastore. Pages and references are kept by the id of a tree, not by its `treeCid`: so a file
 * can be written before its `treeCid` is known, and a tree that is being deleted is out of the way at once.
 *
 * | key | value |
 * | --- | --- |
 * | `schema` | version of this layout |
 * | `tree/<treeCid>` | the tree's id and shape |
 * | `page/<id>/<height>/<number>` | a `TreePage`: the truth about which blocks are here |
 * | `ref/<digest>` | ids of the trees that a block's bytes are kept for |
 * | `dataset/<manifestCid>` | the manifest's bytes |
 * | `tomb/<id>` | everything of that id is to be deleted: its `treeCid`, or nothing for a draft |
 */
import { toString } from 'uint8arrays/to-string'
import { formatCid, parseCid } from '../dataset/codecs.ts'
import type { CID } from 'multiformats/cid'

/** Version of the layout. */
export const SCHEMA = 1

/** Stands for the id of a tree where a block is kept for its own sake. */
export const STANDALONE = 'standalone'

export const SCHEMA_KEY = '/codex/schema'
export const TREES = '/codex/tree/'
export const DATASETS = '/codex/dataset/'
export const TOMBS = '/codex/tomb/'

export function treeKey (tree: CID): string {
  return TREES + formatCid(tree)
}

/** The keys of all pages of an id begin with this. */
export function pagesOf (id: string): string {
  return `/codex/page/${id}/`
}

/** The keys of all pages of one height begin with this. */
export function pagesAt (id: string, height: number): string {
  return `${pagesOf(id)}${height}/`
}

export function pageKey (id: string, height: number, number: number): string {
  return pagesAt(id, height) + number
}

/** Whether the page of this key holds leaves. */
export function isLeafPage (id: string, key: string): boolean {
  return key.startsWith(pagesAt(id, 0))
}

export function referenceKey (digest: string): string {
  return `/codex/ref/${digest}`
}

export function datasetKey (manifest: CID): string {
  return DATASETS + formatCid(manifest)
}

export function tombKey (id: string): string {
  return TOMBS + id
}

/** What comes after the last slash. */
export function lastOf (key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

/** The CID that a key ends with. */
export function cidOf (key: string): CID {
  return parseCid(lastOf(key))
}

/** A digest as the text that names it. */
export function digestText (digest: Uint8Array): string {
  return toString(digest, 'base16')
}
