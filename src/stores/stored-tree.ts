import { PAGE_LEAVES } from '../constants.ts'
import { blockCid } from '../dataset/codecs.ts'
import { rangesOf } from '../dataset/ranges.ts'
import { isVerifiedBlock, reverify } from '../dataset/verify.ts'
import { InvalidParametersError } from '../errors.ts'
import { parallel } from './parallel.ts'
import { digestText } from './store-keys.ts'
import type { Changes } from './records.ts'
import type { StoreParts } from './store-parts.ts'
import type { TreePages } from './tree-pages.ts'
import type { MerkleProof } from '../dataset/merkle-proof.ts'
import type { ProofCache } from '../dataset/proof-cache.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { TreePage } from '../dataset/tree-page.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

/** A block to serve: as the store gave it, not hashed. */
export interface ReadBlock {
  cid: CID
  data: Uint8Array
  proof: MerkleProof
}

/** Counts who uses a tree: it stays in memory while someone does. */
export interface TreeUse {
  retain (): void
  release (): void
}

/** Changes a leaf page and says what else goes with it. Gives what puts the page back; nothing where it changed nothing. */
type PageChange = (page: TreePage, changes: Changes, id: string) => (() => void) | undefined

/**
 * The blocks of a dataset that are here. The truth is in its leaf pages, which are written after the blocks' bytes: so
 * whatever is killed when, no block is said to be here that is not.
 */
export class StoredTree {
  readonly shape: DatasetShape
  /** For the store itself, which gives it others when these are deleted, or a complete tree takes their place. */
  pages: TreePages
  readonly #parts: StoreParts
  readonly #use: TreeUse

  constructor (shape: DatasetShape, pages: TreePages, parts: StoreParts, use: TreeUse) {
    this.shape = shape
    this.pages = pages
    this.#parts = parts
    this.#use = use
  }

  /** What is proven of the tree. It is another object after the dataset was deleted. */
  get proofs (): ProofCache {
    return this.pages.proofs
  }

  /**
   * Brings what the store knows of these blocks into memory, and what proofs for them need.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is closed
   */
  async load (ranges: IndexRange[]): Promise<void> {
    const { activity } = this.#parts
    activity.assertRunning()

    for (const range of ranges) {
      const { start, end } = this.#within(range)

      for (let number = pageOf(start); number <= pageOf(end - 1); number++) {
        if (!this.pages.isLoaded(number)) {
          await activity.run(async () => this.pages.load(number))
        }
      }
    }
  }

  /** Whether a block is here. False also where that is not in memory: `load` it first. */
  has (index: number): boolean {
    return this.pages.leafPage(pageOf(index))?.isPresent(index % PAGE_LEAVES) ?? false
  }

  /**
   * The blocks of an interval that are here.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is closed
   */
  async presentIn (range: IndexRange): Promise<IndexRange[]> {
    const { start, end } = this.#within(range)
    const present: number[] = []

    for await (const number of this.pages.numbers(pageOf(start), pageOf(end - 1))) {
      const first = Math.max(start, number * PAGE_LEAVES)
      const last = Math.min(end, (number + 1) * PAGE_LEAVES)

      await this.load([{ start: first, end: last }])

      for (let index = first; index < last; index++) {
        if (this.has(index)) {
          present.push(index)
        }
      }
    }

    return rangesOf(present)
  }

  /**
   * Reads and hashes a block. One that is not there, or not what it was, is missing from now on.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is closed
   */
  async get (index: number): Promise<VerifiedBlock | undefined> {
    return this.#whileUsed(async () => {
      await this.load([{ start: index, end: index + 1 }])
      const digest = this.#digest(index)

      return digest == null ? undefined : await this.#check(index, digest) ?? this.#recheck(index, digest)
    })
  }

  /**
   * Reads a block to serve it: whoever gets it checks it. One that is not there is missing from now on. Undefined also
   * where a part of its proof was lost.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is closed
   */
  async read (index: number): Promise<ReadBlock | undefined> {
    return this.#whileUsed(async () => {
      await this.load([{ start: index, end: index + 1 }])
      const digest = this.#digest(index)
      const proof = this.proofs.proof(index)

      if (digest == null || proof == null) {
        return undefined
      }

      const data = await this.#parts.blocks.read(digest) ?? (await this.#recheck(index, digest))?.data

      return data == null ? undefined : { cid: blockCid(digest), data, proof }
    })
  }

  /**
   * Stores blocks: their bytes, then, in one commit a leaf page, that they are here. Where it fails for a page no block of
   * that page is marked.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore would not take them
   * @throws {InvalidParametersError} when a block is not one of this tree
   * @throws {NotRunningError} when the store is closed
   */
  async put (blocks: VerifiedBlock[]): Promise<void> {
    const pages = new Map<number, VerifiedBlock[]>()

    for (const block of blocks) {
      if (!isVerifiedBlock(block) || !block.root.equals(this.shape.root)) {
        throw new InvalidParametersError('A block of another dataset', { cid: block.cid, index: block.index })
      }

      const number = pageOf(block.index)
      const page = pages.get(number)

      if (page == null) {
        pages.set(number, [block])
      } else {
        page.push(block)
      }
    }

    await this.#whileUsed(async () => {
      await parallel(pages, pages.size, async ([number, blocks]) => this.#putPage(number, blocks))
    })
  }

  /** Begins another use of this tree, by someone to whom it is handed on. */
  retain (): void {
    this.#use.retain()
  }

  /** Ends a use of this tree. Each `tree`, `findTree` and `retain` begins one. */
  release (): void {
    this.#use.release()
  }

  async #putPage (number: number, blocks: VerifiedBlock[]): Promise<void> {
    const leaves = blocks.map(({ index, digest, data }) => ({ leaf: index % PAGE_LEAVES, digest, data }))

    await this.#parts.blocks.write(leaves, async references => this.#change(number, (page, changes, id) => {
      const news = leaves.filter(({ leaf, digest }) => {
        page.set(0, leaf, digest)
        return page.setPresent(leaf)
      })

      references.add(id, changes)

      return () => { news.forEach(({ leaf }) => page.setPresent(leaf, false)) }
    }))
  }

  /** Changes a leaf page in memory and in the datastore, as one. */
  async #change (number: number, change: PageChange): Promise<void> {
    let pages: TreePages | undefined
    let putBack: (() => void) | undefined
    const job = {
      write: (changes: Changes): boolean => {
        const page = this.pages.leafPage(number)

        if (page == null) {
          return false
        }

        putBack = change(page, changes, this.pages.id)

        if (putBack != null) {
          pages = this.pages
          pages.write(changes)
        }

        return true
      },
      done: () => { pages?.done() },
      undo: () => {
        putBack?.()
        pages?.undo()
      }
    }

    do {
      await this.pages.load(number)
    } while (!await this.#parts.commits.commit(job))
  }

  /** The part of an interval that the tree has leaves for. */
  #within ({ start, end }: IndexRange): IndexRange {
    return { start: Math.max(start, 0), end: Math.min(end, this.shape.leaves) }
  }

  /** The digest of a block that is here. */
  #digest (index: number): Uint8Array | undefined {
    return this.has(index) ? this.proofs.leaf(index) : undefined
  }

  async #check (index: number, digest: Uint8Array): Promise<VerifiedBlock | undefined> {
    const data = await this.#parts.blocks.read(digest)

    if (data == null) {
      return undefined
    }

    try {
      return await reverify(this.shape, index, blockCid(digest), data, this.#parts.hasher)
    } catch {
      return undefined
    }
  }

  /** Looks again while nobody writes or drops the bytes; then it is certain that the block is missing. */
  async #recheck (index: number, digest: Uint8Array): Promise<VerifiedBlock | undefined> {
    return this.#parts.blocks.locks.run([digestText(digest)], async () => {
      const block = await this.#check(index, digest)

      if (block == null) {
        const leaf = index % PAGE_LEAVES

        // where that fails it is found out again next time
        await this.#change(pageOf(index), page => {
          return page.setPresent(leaf, false) ? () => { page.setPresent(leaf) } : undefined
        }).catch(() => {})
      }

      return block
    })
  }

  async #whileUsed<T> (work: () => Promise<T>): Promise<T> {
    return this.#parts.activity.run(async () => {
      this.#use.retain()

      try {
        return await work()
      } finally {
        this.#use.release()
      }
    })
  }
}

/** Number of the leaf page that holds a leaf. */
function pageOf (index: number): number {
  return Math.floor(index / PAGE_LEAVES)
}
