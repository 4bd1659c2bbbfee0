import { TreePage } from './tree-page.ts'
import type { PagePlace, PlacedPage } from './tree-page.ts'

/** A page with changes that a store has not seen. */
export interface DirtyPage extends PlacedPage {
  /** The page's revision now, for `markClean`. */
  revision: number
}

interface CachedPage extends PlacedPage {
  cleanRevision: number
  /** When it was last used, in uses. */
  used: number
}

/**
 * The pages of a tree that are in memory. Those with changes that a store has not seen stay; beyond `maxPages` the others
 * are dropped when a new one comes, the least recently used first.
 */
export class PageCache {
  readonly #maxPages: number
  readonly #pages = new Map<number, CachedPage>()
  #uses = 0

  constructor (maxPages: number) {
    this.#maxPages = maxPages
  }

  get (height: number, number: number): TreePage | undefined {
    return this.#use(height, number)?.page
  }

  getOrCreate (height: number, number: number): TreePage {
    return this.get(height, number) ?? this.#add(height, number, new TreePage())
  }

  /** Takes in what a store has for a page; what is here already and what comes are merged. */
  load (height: number, number: number, page: TreePage): void {
    const cached = this.#use(height, number)

    if (cached == null) {
      this.#add(height, number, page)
    } else {
      cached.page.merge(page)
    }
  }

  * dirty (): Generator<DirtyPage> {
    for (const cached of this.#pages.values()) {
      if (isDirty(cached)) {
        const { height, number, page } = cached

        yield { height, number, page, revision: page.revision }
      }
    }
  }

  markClean ({ height, number, revision }: PagePlace & { revision: number }): void {
    const cached = this.#pages.get(keyOf(height, number))

    if (cached != null) {
      cached.cleanRevision = revision
    }
  }

  #use (height: number, number: number): CachedPage | undefined {
    const cached = this.#pages.get(keyOf(height, number))

    if (cached != null) {
      cached.used = ++this.#uses
    }

    return cached
  }

  #add (height: number, number: number, page: TreePage): TreePage {
    this.#makeRoom()
    this.#pages.set(keyOf(height, number), { height, number, page, cleanRevision: page.revision, used: ++this.#uses })

    return page
  }

  #makeRoom (): void {
    while (this.#pages.size >= this.#maxPages) {
      const oldest = this.#oldestClean()

      if (oldest == null) {
        return
      }

      this.#pages.delete(keyOf(oldest.height, oldest.number))
    }
  }

  #oldestClean (): CachedPage | undefined {
    let oldest: CachedPage | undefined

    for (const cached of this.#pages.values()) {
      if (!isDirty(cached) && (oldest == null || cached.used < oldest.used)) {
        oldest = cached
      }
    }

    return oldest
  }
}

/** Heights are below 8: a tree has at most 2^53 leaves. */
function keyOf (height: number, number: number): number {
  return number * 8 + height
}

function isDirty (cached: CachedPage): boolean {
  return cached.page.revision !== cached.cleanRevision
}
