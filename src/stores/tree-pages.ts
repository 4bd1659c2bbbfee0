import { PAGE_LEAVES } from '../constants.ts'
import { PagedBitmap } from '../dataset/bitmap.ts'
import { digestOf } from '../dataset/codecs.ts'
import { ProofCache } from '../dataset/proof-cache.ts'
import { TreePage } from '../dataset/tree-page.ts'
import { lastOf, pageKey, pagesAt, treeKey } from './store-keys.ts'
import { encodeTreeRecord } from './tree-record.ts'
import type { Changes, Records } from './records.ts'
import type { Hasher } from '../dataset/hasher.ts'
import type { DatasetShape } from '../dataset/verify.ts'

/** Pages on the way from a leaf to the root of the largest tree, twice: what two at work need at the same time. */
const LEAST_PAGES = 8

export interface TreePagesInit {
  shape: DatasetShape
  /** Under which the pages are kept. */
  id: string
  /** Whether something is kept under it already. */
  recorded: boolean
  records: Records
  hasher: Hasher
  /** Pages in memory, at most; no fewer than 8. */
  maxPages: number
}

/** Where a page of a tree is, and how it was when it was written. */
interface WrittenPage {
  height: number
  number: number
  revision: number
}

/**
 * The pages of a stored tree: read when they are needed, bounded in memory, written as a part of a commit. Loading and
 * committing are the only ways between memory and the datastore, and a page that has changed stays in memory until it is
 * written: so the page in memory is always the newest.
 */
export class TreePages {
  readonly id: string
  readonly proofs: ProofCache
  readonly #init: TreePagesInit
  /** Pages of which everything in the datastore is in memory. */
  readonly #loaded = new WeakSet<TreePage>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #maxPages: number
  /** Leaf pages that may be in the datastore; undefined until they are listed. */
  #kept?: PagedBitmap
  #listing?: Promise<PagedBitmap>
  #recorded: boolean
  /** What the commit under way writes. */
  #written: WrittenPage[] = []
  #writesRecord = false

  constructor (init: TreePagesInit) {
    const { shape, id, recorded, hasher, maxPages } = init
    this.#init = init
    this.id = id
    this.#recorded = recorded
    this.#maxPages = Math.max(maxPages, LEAST_PAGES)
    this.proofs = new ProofCache({
      root: digestOf(shape.root),
      leaves: shape.leaves,
      hasher,
      maxPages: this.#maxPages
    })
  }

  /** Whether something is kept, or is just being written. */
  get recorded (): boolean {
    return this.#recorded
  }

  /** The page of leaves `256 · number …`, where all of it is in memory. */
  leafPage (number: number): TreePage | undefined {
    return this.#page(0, number)
  }

  /** Whether `load` would have nothing to do. */
  isLoaded (number: number): boolean {
    return this.#path(number).every(({ height, number }) => this.#page(height, number) != null)
  }

  /**
   * Brings the page of leaves `256 · number …` and those over it into memory. A page that was damaged is taken for an
   * empty one: its blocks are missing.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async load (number: number): Promise<void> {
    const missing = this.#path(number).filter(({ height, number }) => this.#page(height, number) == null)

    await Promise.all(missing.map(async ({ height, number }) => {
      const key = pageKey(this.id, height, number)
      let loading = this.#loading.get(key)

      // one at a time: what an older reading gives could be older than the page in memory
      if (loading == null) {
        loading = this.#read(key, height, number).finally(() => this.#loading.delete(key))
        this.#loading.set(key, loading)
      }

      await loading
    }))
  }

  /**
   * The numbers of the leaf pages that may have blocks, from `first` up to `last`.
   *
   * @throws {StoreRefusedError} when the datastore fails
   */
  async * numbers (first: number, last: number): AsyncGenerator<number> {
    const kept = await this.#list()

    for (let number = kept.nextSet(first, last + 1); number !== -1; number = kept.nextSet(number + 1, last + 1)) {
      yield number
    }
  }

  /** Adds what has changed to a commit; at the first, also the record of the tree. */
  write (changes: Changes): void {
    const { shape, hasher } = this.#init

    if (!this.#recorded) {
      changes.put(treeKey(shape.root), encodeTreeRecord(this.id, shape))
      this.#recorded = true
      this.#writesRecord = true
    }

    for (const { height, number, page } of this.proofs.dirtyPages()) {
      if (!this.#loaded.has(page)) {
        continue
      }

      if (height === 0) {
        this.#kept?.set(number)
      }

      changes.put(pageKey(this.id, height, number), () => {
        this.#written.push({ height, number, revision: page.revision })
        return page.encode(hasher)
      })
    }
  }

  /** The commit under way has succeeded. */
  done (): void {
    this.#written.forEach(page => { this.proofs.markClean(page) })
    this.#written = []
    this.#writesRecord = false
  }

  /** The commit under way has failed. */
  undo (): void {
    this.#recorded &&= !this.#writesRecord
    this.#written = []
    this.#writesRecord = false
  }

  /** The pages from a leaf page up to the top one. */
  #path (number: number): Array<{ height: number, number: number }> {
    const path = [{ height: 0, number }]

    for (let pages = pageCount(this.#init.shape.leaves); pages > 1; pages = pageCount(pages)) {
      number = Math.floor(number / PAGE_LEAVES)
      path.push({ height: path.length, number })
    }

    return path
  }

  #page (height: number, number: number): TreePage | undefined {
    const page = this.proofs.page(height, number)

    return page != null && this.#loaded.has(page) ? page : undefined
  }

  async #read (key: string, height: number, number: number): Promise<void> {
    const mayBeKept = this.#recorded && (height > 0 || (await this.#list()).get(number))
    const value = mayBeKept ? await this.#init.records.get(key) : undefined

    this.#letGo()
    this.proofs.load(height, number, value == null ? undefined : decode(value, this.#init.hasher))
    const page = this.proofs.page(height, number)

    if (page != null) {
      this.#loaded.add(page)
    }
  }

  /** Finds out once which leaf pages there are, so that the holes of a large tree cost nothing. */
  async #list (): Promise<PagedBitmap> {
    this.#listing ??= this.#readList().catch(err => {
      this.#listing = undefined
      throw err
    })

    return this.#kept ?? this.#listing
  }

  async #readList (): Promise<PagedBitmap> {
    const kept = new PagedBitmap(pageCount(this.#init.shape.leaves))

    if (this.#recorded) {
      for await (const key of this.#init.records.keys(pagesAt(this.id, 0))) {
        kept.set(Number(lastOf(key)))
      }
    }

    this.#kept = kept

    return kept
  }

  /**
   * Lets what was proven be dropped where there is too much of it, as when blocks are verified and not stored. Nothing but
   * a proof is lost: presence changes in a commit only, and while one is under way nothing is let go.
   */
  #letGo (): void {
    if (this.#written.length > 0) {
      return
    }

    const dirty = [...this.proofs.dirtyPages()].filter(({ page }) => this.#loaded.has(page))

    if (dirty.length > this.#maxPages) {
      dirty.forEach(page => { this.proofs.markClean(page) })
    }
  }
}

function pageCount (nodes: number): number {
  return Math.ceil(nodes / PAGE_LEAVES)
}

function decode (value: Uint8Array, hasher: Hasher): TreePage | undefined {
  try {
    return TreePage.decode(value, hasher)
  } catch {
    return undefined
  }
}
