import { shapeOf } from '../dataset/verify.ts'
import { InvalidDatasetError } from '../errors.ts'
import { erase } from './erase.ts'
import { datasetKey, STANDALONE, tombKey, treeKey } from './store-keys.ts'
import { encodeTreeRecord, isSameShape } from './tree-record.ts'
import type { DatasetList } from './dataset-list.ts'
import type { OpenTrees } from './open-trees.ts'
import type { Changes } from './records.ts'
import type { StandaloneBlocks } from './standalone-blocks.ts'
import type { StoreParts } from './store-parts.ts'
import type { StoredTree } from './stored-tree.ts'
import type { Manifest } from '../dataset/manifest.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

export interface DatasetChangesInit {
  parts: StoreParts
  trees: OpenTrees
  standalone: StandaloneBlocks
  datasets: DatasetList
}

/** How datasets with their trees come from drafts, and go. */
export class DatasetChanges {
  readonly #parts: StoreParts
  readonly #trees: OpenTrees
  readonly #standalone: StandaloneBlocks
  readonly #datasets: DatasetList

  constructor ({ parts, trees, standalone, datasets }: DatasetChangesInit) {
    this.#parts = parts
    this.#trees = trees
    this.#standalone = standalone
    this.#datasets = datasets
  }

  /** Forgets a dataset, and its tree with the last one that is over it. False when it is not known. */
  async delete (cid: CID): Promise<boolean> {
    const { records } = this.#parts

    if (await records.get(datasetKey(cid)) == null) {
      return this.#standalone.delete(cid)
    }

    const tomb = await this.#datasets.alone(async () => this.#remove(cid))

    if (tomb != null) {
      await erase(tomb, this.#parts)
    }

    return true
  }

  /** Deletes a tree that no dataset is over, and that nobody uses. False where it stays. */
  async deleteUnlisted (treeCid: CID): Promise<boolean> {
    const tomb = await this.#datasets.alone(async () => {
      for await (const { manifest } of this.#datasets.all()) {
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
      const tomb = await this.#datasets.alone(async () => {
        const old = tree.pages

        await blocks.write([block], async references => commits.commit({
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
    const manifest = await this.#datasets.get(cid)
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
    for await (const other of this.#datasets.all()) {
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
}
