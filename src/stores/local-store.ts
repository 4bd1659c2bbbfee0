import { DEFAULT_BLOCK_SIZE, DEFAULT_LIMITS } from '../constants.ts'
import { StoreSchemaError } from '../errors.ts'
import { Activity } from './activity.ts'
import { CommitQueue } from './commit-queue.ts'
import { DatasetList } from './dataset-list.ts'
import { OpenTrees } from './open-trees.ts'
import { Changes, Records } from './records.ts'
import { SharedBlocks } from './shared-blocks.ts'
import { StandaloneBlocks } from './standalone-blocks.ts'
import { pagesOf, SCHEMA, SCHEMA_KEY, tombKey, TOMBS } from './store-keys.ts'
import type { DatasetChanges, DatasetChangesInit } from './dataset-changes.ts'
import type { StoredDataset } from './dataset-list.ts'
import type { Draft } from './draft.ts'
import type { GarbageFigures } from './garbage.ts'
import type { ProtectedDraft } from './protected-draft.ts'
import type { StoreParts } from './store-parts.ts'
import type { StoredTree } from './stored-tree.ts'
import type { Hasher } from '../dataset/hasher.ts'
import type { Manifest } from '../dataset/manifest.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'
import type { Random } from '../interfaces.ts'
import type { AbortOptions } from 'abort-error'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

/** Bytes of the id of a tree. */
const ID_BYTES = 8

export interface LocalStoreInit {
  blockstore: Blockstore
  datastore: Datastore
  hasher: Hasher
  random: Random
  limits?: {
    /** Tree pages of 16 KiB in memory, a dataset; no fewer than 8. Default 1,024. */
    maxPages?: number
  }
}

/**
 * What is kept of datasets on this side: blocks, which of them are here, their proofs, and the manifests. It works over
 * any `Blockstore` and `Datastore` of the ecosystem; opening and closing them is the affair of whoever made them. A
 * datastore has one `LocalStore` at a time.
 */
export class LocalStore {
  readonly #parts: StoreParts
  readonly #random: Random
  readonly #trees: OpenTrees
  readonly #standalone: StandaloneBlocks
  readonly #datasets: DatasetList

  constructor ({ blockstore, datastore, hasher, random, limits = {} }: LocalStoreInit) {
    const records = new Records(datastore)
    const commits = new CommitQueue(records)
    const blocks = new SharedBlocks(blockstore, records, commits)

    this.#random = random
    this.#parts = {
      activity: new Activity(),
      records,
      commits,
      blocks,
      hasher,
      maxPages: limits.maxPages ?? DEFAULT_LIMITS.treePages,
      freshId: async () => this.#freshId()
    }
    this.#trees = new OpenTrees(this.#parts)
    this.#standalone = new StandaloneBlocks({ blocks, records, commits, hasher })
    this.#datasets = new DatasetList(this.#parts, this.#standalone)
  }

  /**
   * Reads what is there and ends the deletions that a kill interrupted. Nothing else may be called before.
   *
   * @throws {StoreSchemaError} when a newer version wrote it, or something else did
   * @throws {StoreRefusedError} when the blockstore or the datastore fails
   */
  async open (): Promise<void> {
    const { records, activity } = this.#parts
    const value = await records.get(SCHEMA_KEY)

    if (value == null) {
      const changes = new Changes()
      changes.put(SCHEMA_KEY, new TextEncoder().encode(`${SCHEMA}`))
      await records.write(changes)
    } else if (new TextDecoder().decode(value) !== `${SCHEMA}`) {
      throw new StoreSchemaError(`The store is of schema ${new TextDecoder().decode(value)}; this version reads ${SCHEMA}`)
    }

    activity.begin()

    if (await records.hasAny(TOMBS)) {
      const { eraseTombs } = await import('./changing.ts')
      await eraseTombs(this.#parts)
    }
  }

  /** Waits for what is under way. Afterwards every call throws a `NotRunningError`. */
  async close (): Promise<void> {
    await this.#parts.activity.end()
    this.#trees.clear()
  }

  /**
   * What is here of a dataset; nothing is written for one that is new until a block is put. All who ask for one tree get
   * the same object, until each has called `release` on it.
   *
   * @throws {InvalidDatasetError} when the tree is known by another shape: one of two manifests lies
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async tree (shape: DatasetShape): Promise<StoredTree> {
    return this.#parts.activity.run(async () => this.#trees.use(shape))
  }

  /**
   * The same for a tree of which something is, or was, here. Undefined otherwise.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async findTree (treeCid: CID): Promise<StoredTree | undefined> {
    return this.#parts.activity.run(async () => this.#trees.find(treeCid))
  }

  /**
   * Whether a block is here by its own CID: kept for itself, as a manifest, or as a block of a dataset.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async hasBlock (cid: CID): Promise<boolean> {
    return this.#parts.activity.run(async () => await this.#standalone.isHere(cid) || await this.#datasets.get(cid) != null)
  }

  /**
   * Reads and hashes a block by its own CID. One that is not there, or not what it was, is kept for itself no more; but
   * a manifest that is in the list is there as long as the list is.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async getBlock (cid: CID): Promise<VerifiedBlock | undefined> {
    return this.#parts.activity.run(async () => await this.#standalone.get(cid) ?? this.#datasets.block(cid))
  }

  /**
   * Keeps a block under its own CID.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore would not take it
   * @throws {NotRunningError} when the store is not open
   */
  async putBlock (block: VerifiedBlock): Promise<void> {
    return this.#parts.activity.run(async () => this.#standalone.put(block))
  }

  /**
   * Keeps a manifest's block, to serve it and to list its dataset. The dataset's own blocks come by `tree`.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore would not take it
   * @throws {InvalidParametersError} when the block is not a manifest's
   * @throws {NotRunningError} when the store is not open
   */
  async addDataset (block: VerifiedBlock): Promise<void> {
    return this.#parts.activity.run(async () => this.#datasets.add(block))
  }

  /**
   * The manifest of a dataset in the list.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async manifest (manifestCid: CID): Promise<Manifest | undefined> {
    return this.#parts.activity.run(async () => this.#datasets.get(manifestCid))
  }

  /**
   * The datasets in the list, in no order.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async * datasets (): AsyncGenerator<StoredDataset> {
    this.#parts.activity.assertRunning()

    for await (const dataset of this.#datasets.all()) {
      yield dataset
      this.#parts.activity.assertRunning()
    }
  }

  /**
   * Forgets a dataset by its manifest's CID: its blocks too, but for those that another dataset has, and unless another
   * manifest is over the same tree. Or a block kept under its own CID. False when there is neither.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails; what is left is deleted at the next `open`
   * @throws {NotRunningError} when the store is closed, also before the end; what is left is deleted at the next `open`
   */
  async delete (cid: CID): Promise<boolean> {
    return this.#parts.activity.run(async () => (await this.#changing()).changes.delete(cid))
  }

  /**
   * Deletes what nothing refers to: bytes that were written just before a kill, blocks of a page that was damaged, what a
   * torn commit left, what a download kept of a dataset that was deleted meanwhile. Puts right what is said of blocks whose bytes are gone. Works beside everything else, and may be
   * ended at any time. Yields figures as it goes on; the last are the whole.
   *
   * It takes the blockstore for ours alone: sha2-256 blocks that somebody else keeps in it are deleted.
   *
   * Costs, a block: two reads of the datastore, one `has` of the blockstore, and its place in one `getAll`, which reads no
   * bytes in the blockstores of memory, files and S3. Memory: 16 MiB, and some 200 bytes a dataset, however many blocks
   * there are; and what the blockstore holds to list itself: the one of files has all their names, 270 bytes each.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails, or the blockstore cannot list
   * @throws {NotRunningError} when the store is not open, or closed before the end
   */
  async * gc ({ signal }: AbortOptions = {}): AsyncGenerator<GarbageFigures, void, undefined> {
    signal?.throwIfAborted()
    this.#parts.activity.assertRunning()
    const { collectGarbage, changes, rooms } = await this.#changing()
    yield * this.#parts.activity.steps(collectGarbage({ ...rooms, changes, random: this.#random, signal }))
  }

  /**
   * Begins a new file.
   *
   * @throws {InvalidParametersError} when the block size is out of range
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async draft (blockSize: number = DEFAULT_BLOCK_SIZE): Promise<Draft> {
    return this.#parts.activity.run(async () => {
      const { Draft, changes } = await this.#changing()

      return new Draft({
        id: await this.#freshId(),
        blockSize,
        parts: this.#parts,
        publish: async (id, block, manifest) => this.#parts.activity.run(async () => changes.publish(id, block, manifest))
      })
    })
  }

  /**
   * Begins a protected dataset of so many blocks.
   *
   * @throws {StoreRefusedError} when the datastore fails
   * @throws {NotRunningError} when the store is not open
   */
  async protectedDraft (blocks: number): Promise<ProtectedDraft> {
    return this.#parts.activity.run(async () => {
      const { ProtectedDraft, changes } = await this.#changing()

      return new ProtectedDraft({
        id: await this.#freshId(),
        blocks,
        parts: this.#parts,
        publish: async (id, block, manifest) => changes.publish(id, block, manifest)
      })
    })
  }

  /** Entries of what is in memory, for those who watch for leaks. */
  get sizes (): { trees: number, treeUsers: number, storeLocks: number, storeCalls: number } {
    return { ...this.#trees.sizes, storeLocks: this.#parts.blocks.locks.size, storeCalls: this.#parts.activity.size }
  }

  /** What most stores do without, loaded when it is first needed. */
  async #changing (): Promise<typeof import('./changing.ts') & { changes: DatasetChanges, rooms: DatasetChangesInit }> {
    const loaded = await import('./changing.ts')
    const rooms = { parts: this.#parts, trees: this.#trees, standalone: this.#standalone, datasets: this.#datasets }

    return { ...loaded, rooms, changes: new loaded.DatasetChanges(rooms) }
  }

  /** Also where a seed repeats the random numbers of an earlier run, nothing may be kept under it. */
  async #freshId (): Promise<string> {
    for (;;) {
      const bytes = Array.from({ length: ID_BYTES }, () => Math.floor(this.#random() * 256))
      const id = bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')
      const { records } = this.#parts

      if (!await records.hasAny(pagesOf(id)) && await records.get(tombKey(id)) == null) {
        return id
      }
    }
  }
}
