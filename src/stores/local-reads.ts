import { isTreeCid } from '../dataset/codecs.ts'
import { RangeSet } from '../dataset/ranges.ts'
import { StoreRefusedError } from '../errors.ts'
import type { LocalStore } from './local-store.ts'
import type { StoredTree } from './stored-tree.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'

/** Blocks read at the same time. */
const BATCH = 16

/**
 * What one reader finds of a dataset or standalone block in the local store. What cannot be read is not here, whatever
 * the store says, until it came another way: so a store that fails costs no more than fetching again.
 */
export class LocalReads {
  readonly #store: LocalStore
  readonly #shape: DatasetShape
  /** Absent for a standalone block, and where the store could not open it. */
  readonly #tree?: StoredTree
  readonly #lost = new RangeSet()
  #failure?: StoreRefusedError

  constructor (store: LocalStore, shape: DatasetShape, tree?: StoredTree) {
    this.#store = store
    this.#shape = shape
    this.#tree = tree
  }

  /** What the store failed with last. */
  get failure (): StoreRefusedError | undefined {
    return this.#failure
  }

  /** Whether a block is here, as far as that is in memory. */
  has (index: number): boolean {
    return this.#tree?.has(index) === true && !this.#lost.has(index)
  }

  /**
   * The blocks of an interval that are here.
   *
   * @throws {NotRunningError} when the store is closed
   */
  async presentIn (range: IndexRange): Promise<IndexRange[]> {
    const present = new RangeSet(await this.#try(async () => {
      if (this.#tree != null) {
        return this.#tree.presentIn(range)
      }

      return !isTreeCid(this.#shape.root) && await this.#store.hasBlock(this.#shape.root) ? [range] : []
    }) ?? [])

    for (const lost of this.#lost) {
      present.delete(lost)
    }

    return present.ranges()
  }

  /**
   * The blocks from `cursor` up to `end` that are here: a few of them, up to the first that is not or that `isComing`.
   *
   * @throws {NotRunningError} when the store is closed
   */
  async read (cursor: number, end: number, isComing: (index: number) => boolean): Promise<VerifiedBlock[]> {
    const blocks = await this.#try(async () => this.#readSome(cursor, Math.min(end, cursor + BATCH), isComing)) ?? [undefined]
    const lost = blocks.indexOf(undefined)

    if (lost >= 0) {
      this.#lost.add({ start: cursor + lost, end: cursor + lost + 1 })
    }

    return (lost < 0 ? blocks : blocks.slice(0, lost)) as VerifiedBlock[]
  }

  /** Blocks came from elsewhere: the store may have them now. */
  came (blocks: VerifiedBlock[]): void {
    for (const { index } of blocks) {
      this.#lost.delete({ start: index, end: index + 1 })
    }
  }

  async #readSome (cursor: number, end: number, isComing: (index: number) => boolean): Promise<Array<VerifiedBlock | undefined>> {
    const tree = this.#tree

    if (tree == null) {
      const { root } = this.#shape

      return !isTreeCid(root) && await this.#store.hasBlock(root) ? [await this.#store.getBlock(root)] : []
    }

    await tree.load([{ start: cursor, end }])
    const indices: number[] = []

    for (let index = cursor; index < end && tree.has(index) && !isComing(index); index++) {
      indices.push(index)
    }

    return Promise.all(indices.map(async index => tree.get(index)))
  }

  async #try<T> (read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (err) {
      if (!(err instanceof StoreRefusedError)) {
        throw err
      }

      this.#failure = err
    }
  }
}
