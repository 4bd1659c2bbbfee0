import { equals } from 'uint8arrays/equals'
import { digestOf, formatCid, isManifestCid, manifestCid } from '../dataset/codecs.ts'
import { decodeManifest } from '../dataset/manifest.ts'
import { ownBlock, shapeOf } from '../dataset/verify.ts'
import { InvalidDatasetError, InvalidParametersError } from '../errors.ts'
import { erase } from './erase.ts'
import { Locks } from './locks.ts'
import { cidOf, datasetKey, DATASETS, STANDALONE, tombKey, treeKey } from './store-keys.ts'
import { encodeTreeRecord, isSameShape } from './tree-record.ts'
import type { OpenTrees } from './open-trees.ts'
import type { Changes } from './records.ts'
import type { StandaloneBlocks } from './standalone-blocks.ts'
import type { StoreParts } from './store-parts.ts'
import type { StoredTree } from './stored-tree.ts'
import type { Manifest } from '../dataset/manifest.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

/** A dataset that the store knows: some, all or none of its blocks may be here. */
export interface StoredDataset {
  /** The manifest's. */
  cid: CID
  manifest: Manifest
}

/** The datasets that the store is asked to keep, by their manifests. Several may be over one tree. */
export class DatasetList {
  readonly #parts: StoreParts
  readonly #trees: OpenTrees
  readonly #standalone: StandaloneBlocks
  /** Held while a dataset comes or goes: whether a tree has others is not to change meanwhile. */
  readonly #lock = new Locks()

  constructor (parts: StoreParts, trees: OpenTrees, standalone: StandaloneBlocks) {
    this.#parts = parts
    this.#trees = trees
    this.#standalone = standalone
  }

  async get (cid: CID): Promise<Manifest | undefined> {
    const value = await this.#value(cid)

    return value == null ? undefined : this.#decode(cid, value)
  }

  /** The manifest's block, as the list has it. */
  async block (cid: CID): Promise<VerifiedBlock | undefined> {
    const value = await this.#value(cid)

    const block = value == null ? undefined : await ownBlock(value.slice(), this.#parts.hasher, manifestCid)

    return block?.cid.equals(cid) === true ? block : undefined
  }

  /** Those whose record and block were damaged are passed over. */
  async * all (): AsyncGenerator<StoredDataset> {
    for await (const { key, value } of this.#parts.records.entries(DATASETS)) {
      const cid = cidOf(key)
      const manifest = await this.#decode(cid, value)

      if (manifest != null) {
        yield { cid, manifest }
      }
    }
  }

  /** Keeps a manifest: as the dataset's, and as a block to serve. */
  async add (block: VerifiedBlock): Promise<void> {
    const { cid } = block

    if (!isManifestCid(cid)) {
      throw new InvalidParametersError(`${formatCid(cid)} is not the CID of a manifest`, { cid })
    }

    const { blocks, commits } = this.#parts

    await this.#alone(async () => blocks.write([{ digest: digestOf(cid), data: block.data }], async references => commits.commit({
      write: changes => {
        references.add(STANDALONE, changes)
        changes.put(datasetKey(cid), block.data)
        return true
      }
    })))
  }

  /** Forgets a dataset, and its tree with the last one that is over it. False when it is not known. */
  async delete (cid: CID): Promise<boolean> {
    const { records } = this.#parts

    if (await records.get(datasetKey(cid)) == null) {
      return this.#standalone.delete(cid)
    }

    const tomb = await this.#alone(async () => this.#remove(cid))

    if (tomb != null) {
      await erase(tomb, this.#parts)
    }

    return true
  }

  /** Deletes a tree that no dataset is over, and that nobody uses. False where it stays. */
  async deleteUnlisted (treeCid: CID): Promise<boolean> {
    const tomb = await this.#alone(async () => {
      for await (const { manifest } of this.all()) {
        if (manifest.treeCid.equals(treeCid)) {
          return undefined
        }
      }

      const tree = this.#trees.isUsed(treeCid) ? undefined : await this.#trees.find(treeCid)

      try {
        return await this.#bury(tree)
      } finally {
        tree?.release()
      }
    })

    if (tomb != null) {
      await erase(tomb, this.#parts)
    }

    return tomb != null
  }

  /** Makes what is kept under the id of a draft the tree of the manifest, instead of what there was of that tree. */
  async publish (id: string, block: VerifiedBlock, manifest: Manifest): Promise<void> {
    const { blocks, commits } = this.#parts
    const shape = shapeOf(manifest)

    const tree = await this.#trees.use(shape)

    try {
      const tomb = await this.#alone(async () => {
        const old = tree.pages

        await blocks.write([{ digest: digestOf(block.cid), data: block.data }], async references => commits.commit({
          write: changes => {
            references.add(STANDALONE, changes)
            changes.put(datasetKey(block.cid), block.data)
            changes.put(treeKey(shape.root), encodeTreeRecord(id, shape))

            if (old.recorded) {
              changes.put(tombKey(old.id), shape.root.bytes)
            }

            changes.delete(tombKey(id))
            tree.pages = this.#trees.pages(shape, id, true)

            return true
          },
          undo: () => { tree.pages = old }
        }))

        return old.recorded ? old.id : undefined
      })

      if (tomb != null) {
        // the dataset is there; what cannot be deleted now is deleted at the next `open`
        await erase(tomb, this.#parts).catch(() => {})
      }
    } finally {
      tree.release()
    }
  }

  /** Takes a dataset off the list, and its manifest's block with it; gives the id to erase when its tree goes, too. */
  async #remove (cid: CID): Promise<string | undefined> {
    const manifest = await this.get(cid)
    const tree = manifest == null || await this.#isShared(cid, manifest) ? undefined : await this.#treeOf(manifest)

    try {
      let tomb: string | undefined

      await this.#standalone.forget(cid, async forget => {
        tomb = await this.#bury(tree, changes => {
          forget(changes)
          changes.delete(datasetKey(cid))
        })
      })

      return tomb
    } finally {
      tree?.release()
    }
  }

  /** Commits the end of a tree, and what goes with it; gives the id to erase, where something is kept. */
  async #bury (tree: StoredTree | undefined, also: (changes: Changes) => void = () => {}): Promise<string | undefined> {
    const old = tree?.pages
    const fresh = tree == null ? undefined : await this.#trees.freshPages(tree.shape)
    let tomb: string | undefined

    await this.#parts.commits.commit({
      write: changes => {
        if (tree != null && fresh != null && tree.pages.recorded) {
          tomb = tree.pages.id
          changes.put(tombKey(tomb), tree.shape.root.bytes)
          changes.delete(treeKey(tree.shape.root))
          tree.pages = fresh
        }

        also(changes)

        return true
      },
      undo: () => {
        if (tree != null && old != null) {
          tree.pages = old
        }
      }
    })

    return tomb
  }

  async #isShared (cid: CID, manifest: Manifest): Promise<boolean> {
    for await (const other of this.all()) {
      if (!other.cid.equals(cid) && other.manifest.treeCid.equals(manifest.treeCid) &&
        isSameShape(shapeOf(other.manifest), shapeOf(manifest))) {
        return true
      }
    }

    return false
  }

  /** The tree of a dataset; undefined where what the store has of the tree is of another shape, and so not the dataset's. */
  async #treeOf (manifest: Manifest): Promise<StoredTree | undefined> {
    try {
      return await this.#trees.use(shapeOf(manifest))
    } catch (err) {
      if (err instanceof InvalidDatasetError) {
        return undefined
      }

      throw err
    }
  }

  async #value (cid: CID): Promise<Uint8Array | undefined> {
    return isManifestCid(cid) ? this.#parts.records.get(datasetKey(cid)) : undefined
  }

  async #alone<T> (work: () => Promise<T>): Promise<T> {
    return this.#lock.run(['list'], work)
  }

  /** The manifest; of one whose record was damaged, as its block has it. */
  async #decode (cid: CID, value: Uint8Array): Promise<Manifest | undefined> {
    const isWhole = equals(await this.#parts.hasher.digest(value), digestOf(cid))
    const data = isWhole ? value : (await this.#standalone.get(cid))?.data

    try {
      return data == null ? undefined : decodeManifest(data)
    } catch {
      return undefined
    }
  }
}
