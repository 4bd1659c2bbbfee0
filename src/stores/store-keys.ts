/**
 * Where things are in the datastore. Pages and references are kept by the id of a tree, not by its `treeCid`: so a file
 * can be written before its `treeCid` is known, and a tree that is being deleted is out of the way at once. All keys begin
 * with `/codex/`. docs/PROTOCOL.md, appendix.
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
import { fromString } from 'uint8arrays/from-string'
import { DIGEST_BYTES, formatCid, parseCid } from '../dataset/codecs.ts'
import type { CID } from 'multiformats/cid'

/** Version of the layout. */
export const SCHEMA = 1

/** Stands for the id of a tree where a block is kept for its own sake. */
export const STANDALONE = 'standalone'

export const SCHEMA_KEY = '/codex/schema'
export const TREES = '/codex/tree/'
export const DATASETS = '/codex/dataset/'
export const TOMBS = '/codex/tomb/'
export const PAGES = '/codex/page/'
export const REFERENCES = '/codex/ref/'

const HEX = '0123456789abcdef'
const ascii = new TextDecoder()
const letters = new Uint8Array(2 * DIGEST_BYTES)

const DIGEST_TEXT = new RegExp(`^[0-9a-f]{${2 * DIGEST_BYTES}}$`)

export function treeKey (tree: CID): string {
  return TREES + formatCid(tree)
}

/** The keys of all pages of an id begin with this. */
export function pagesOf (id: string): string {
  return `${PAGES}${id}/`
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

/** The id that the page of this key is kept under. */
export function idOfPage (key: string): string {
  return key.slice(PAGES.length, key.indexOf('/', PAGES.length))
}

export function referenceKey (digest: string): string {
  return REFERENCES + digest
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

/** A digest as the text that names it, in base16. It is made at once: text that grows is an object a letter. */
export function digestText (digest: Uint8Array): string {
  for (let i = 0; i < DIGEST_BYTES; i++) {
    letters[2 * i] = HEX.charCodeAt(digest[i] >>> 4)
    letters[2 * i + 1] = HEX.charCodeAt(digest[i] & 15)
  }

  return ascii.decode(letters)
}

/** The digest that a text names; undefined where it names none. */
export function digestNamed (text: string): Uint8Array | undefined {
  return DIGEST_TEXT.test(text) ? fromString(text, 'base16') : undefined
}
