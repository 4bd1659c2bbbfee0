import { formatCid } from '../dataset/codecs.ts'
import { InvalidDatasetError } from '../errors.ts'
import { treeKey } from './store-keys.ts'
import { StoredTree } from './stored-tree.ts'
import { TreePages } from './tree-pages.ts'
import { decodeTreeRecord, isSameShape, shapeOfRecord } from './tree-record.ts'
import type { StoreParts } from './store-parts.ts'
import type { TreeRecord } from './tree-record.ts'
import type { DatasetShape } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

/** Trees kept in memory that nobody uses, so that a peer that asks now and then does not read their pages each time. */
const IDLE_TREES = 4

interface OpenTree {
  readonly shape: DatasetShape
  readonly tree: Promise<StoredTree>
  users: number
}

/** The trees in memory: one object a tree, shared by all who use it. */
export class OpenTrees {
  readonly #parts: StoreParts
  /** By `treeCid`; the least recently used first. */
  readonly #open = new Map<string, OpenTree>()

  constructor (parts: StoreParts) {
    this.#parts = parts
  }

  /**
   * The tree of a dataset; its use ends with `release`.
   *
   * @throws {InvalidDatasetError} when the store, or someone who uses it, knows the tree by another shape
   */
  async use (shape: DatasetShape): Promise<StoredTree> {
    const key = formatCid(shape.root)
    let open = this.#open.get(key)

    if (open != null && !isSameShape(open.shape, shape)) {
      if (open.users > 0) {
        throw otherShape(shape, open.shape)
      }

      open = undefined
    }

    open ??= this.#create(shape)
    this.#open.delete(key)
    this.#open.set(key, open)
    open.users++

    try {
      return await open.tree
    } catch (err) {
      if (this.#open.get(key) === open) {
        this.#open.delete(key)
      }

      throw err
    }
  }

  /** The tree, if something of it was stored. */
  async find (root: CID): Promise<StoredTree | undefined> {
    const shape = this.#open.get(formatCid(root))?.shape ?? await this.#recordedShape(root)
    const tree = shape == null ? undefined : await this.use(shape)

    if (tree?.pages.recorded === false) {
      tree.release()
      return undefined
    }

    return tree
  }

  /** Whether someone uses the tree now. */
  isUsed (root: CID): boolean {
    return (this.#open.get(formatCid(root))?.users ?? 0) > 0
  }

  /** Pages of a tree under which nothing is kept yet. */
  async freshPages (shape: DatasetShape): Promise<TreePages> {
    return this.pages(shape, await this.#parts.freshId(), false)
  }

  pages (shape: DatasetShape, id: string, recorded: boolean): TreePages {
    const { records, hasher, maxPages } = this.#parts

    return new TreePages({ shape, id, recorded, records, hasher, maxPages })
  }

  clear (): void {
    this.#open.clear()
  }

  /** Trees in memory, and their users. */
  get sizes (): { trees: number, treeUsers: number } {
    let treeUsers = 0
    this.#open.forEach(({ users }) => { treeUsers += users })

    return { trees: this.#open.size, treeUsers }
  }

  #create (shape: DatasetShape): OpenTree {
    const use = {
      retain: () => { open.users++ },
      release: () => {
        open.users--
        this.#dropIdle()
      }
    }
    const open: OpenTree = {
      shape,
      users: 0,
      tree: this.#pagesOf(shape).then(pages => new StoredTree(shape, pages, this.#parts, use))
    }

    return open
  }

  async #pagesOf (shape: DatasetShape): Promise<TreePages> {
    const record = await this.#record(shape.root)

    if (record == null) {
      return this.freshPages(shape)
    }

    if (!isSameShape(record, shape)) {
      throw otherShape(shape, record)
    }

    return this.pages(shape, record.id, true)
  }

  async #record (root: CID): Promise<TreeRecord | undefined> {
    const value = await this.#parts.records.get(treeKey(root))

    return value == null ? undefined : decodeTreeRecord(value)
  }

  async #recordedShape (root: CID): Promise<DatasetShape | undefined> {
    const record = await this.#record(root)

    return record == null ? undefined : shapeOfRecord(root, record)
  }

  #dropIdle (): void {
    const idle = [...this.#open].filter(([, { users }]) => users === 0)

    for (const [key] of idle.slice(0, Math.max(0, idle.length - IDLE_TREES))) {
      this.#open.delete(key)
    }
  }
}

function otherShape (shape: DatasetShape, known: Omit<DatasetShape, 'root'>): InvalidDatasetError {
  return new InvalidDatasetError(
    `A tree of ${shape.leaves} blocks of ${shape.blockSize} bytes is known with ${known.leaves} of ${known.blockSize}`,
    { cid: shape.root }
  )
}
