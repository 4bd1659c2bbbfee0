import { PAGE_LEAVES } from '../constants.ts'
import { manifestCid, treeCid } from '../dataset/codecs.ts'
import { encodeManifest } from '../dataset/encode-manifest.ts'
import { TreeBuilder } from '../dataset/tree-builder.ts'
import { TreePage } from '../dataset/tree-page.ts'
import { ownBlock } from '../dataset/verify.ts'
import { StoreRefusedError } from '../errors.ts'
import { DRAFT, erase } from './erase.ts'
import { Changes } from './records.ts'
import { pageKey, tombKey } from './store-keys.ts'
import type { StoreParts } from './store-parts.ts'
import type { Manifest } from '../dataset/manifest.ts'
import type { PlacedPage } from '../dataset/tree-page.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

export interface ProtectedDraftInit {
  id: string
  /** Blocks that there will be. */
  blocks: number
  parts: StoreParts
  /** Makes what is kept under the id the dataset of the manifest, in one commit. */
  publish (id: string, block: VerifiedBlock, manifest: Manifest): Promise<void>
}

/**
 * A protected dataset on its way into the store. Its blocks come group by group, so all over the tree: leaf pages are
 * written as they fill, and read once more at the end, when the tree is built of them. As with a `Draft`, what
 * interrupts it leaves something that is deleted. Calls must not overlap.
 */
export class ProtectedDraft {
  readonly #init: ProtectedDraftInit
  /** Leaf pages that are not full. */
  readonly #open = new Map<number, { page: TreePage, left: number }>()
  #tombed = false

  constructor (init: ProtectedDraftInit) {
    this.#init = init
  }

  /**
   * Adds blocks, wherever they stand. Each index comes once.
   *
   * @throws {StoreRefusedError} when the store would not take them; then only `abort` is left to do
   * @throws {NotRunningError} when the store is closed
   */
  async add (added: Array<{ index: number, data: Uint8Array }>): Promise<void> {
    const { id, parts } = this.#init

    await parts.activity.run(async () => {
      const blocks = await Promise.all(added.map(async ({ index, data }) => ({ index, data, digest: await parts.hasher.digest(data) })))

      await parts.blocks.write(blocks, async references => parts.commits.commit({
        write: changes => {
          if (!this.#tombed) {
            changes.put(tombKey(id), DRAFT)
          }

          this.#tombed = true
          references.add(id, changes)
          this.#fill(blocks, changes)

          return true
        }
      }))
    })
  }

  /**
   * Makes it a dataset of the store. `describe` makes its manifest of the tree's CID.
   *
   * @throws {StoreRefusedError} when the store would not take it; then only `abort` is left to do
   * @throws {NotRunningError} when the store is closed
   */
  async finish (describe: (treeCid: CID) => Manifest): Promise<{ manifestCid: CID, manifest: Manifest }> {
    const { id, blocks, parts, publish } = this.#init
    const complete: PlacedPage[] = []
    const builder = new TreeBuilder(parts.hasher, page => { complete.push(page) })

    return parts.activity.run(async () => {
      for (let number = 0; number * PAGE_LEAVES < blocks; number++) {
        const leaves = await this.#leaves(number)
        leaves.forEach(digest => { builder.push(digest) })
        await this.#write(complete.splice(0))
      }

      const { root } = builder.finish()
      await this.#write(complete.splice(0))
      const manifest = describe(treeCid(root))
      const block = await ownBlock(encodeManifest(manifest), parts.hasher, manifestCid)
      await publish(id, block, manifest)

      return { manifestCid: block.cid, manifest }
    })
  }

  /**
   * Deletes what was written.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails
   */
  async abort (): Promise<void> {
    if (this.#tombed) {
      await this.#init.parts.activity.run(async () => erase(this.#init.id, this.#init.parts))
    }
  }

  /** Notes leaves in their pages; those that are full are let go of when they are written. */
  #fill (blocks: Array<{ index: number, digest: Uint8Array }>, changes: Changes): void {
    const { id, parts: { hasher } } = this.#init
    const touched = new Map<number, TreePage>()

    for (const { index, digest } of blocks) {
      const number = Math.floor(index / PAGE_LEAVES)
      const first = number * PAGE_LEAVES
      const entry = this.#open.get(number) ?? { page: new TreePage(), left: Math.min(PAGE_LEAVES, this.#init.blocks - first) }
      this.#open.set(number, entry)
      entry.page.set(0, index - first, digest)
      entry.page.setPresent(index - first)
      entry.left--
      touched.set(number, entry.page)

      if (entry.left === 0) {
        this.#open.delete(number)
      }
    }

    for (const [number, page] of touched) {
      changes.put(pageKey(id, 0, number), page.encode(hasher))
    }
  }

  async #leaves (number: number): Promise<Uint8Array[]> {
    const { id, blocks, parts: { records, hasher } } = this.#init
    const value = await records.get(pageKey(id, 0, number))
    const page = value == null ? undefined : TreePage.decode(value, hasher)

    return Array.from({ length: Math.min(PAGE_LEAVES, blocks - number * PAGE_LEAVES) }, (_, leaf) => {
      const digest = page?.get(0, leaf)

      if (digest == null) {
        throw new StoreRefusedError(`Leaf ${number * PAGE_LEAVES + leaf} was written and lost`)
      }

      return digest
    })
  }

  /** Writes pages with the inner nodes that the builder added. */
  async #write (pages: PlacedPage[]): Promise<void> {
    const { id, parts: { commits, hasher } } = this.#init

    if (pages.length === 0) {
      return
    }

    await commits.commit({
      write: changes => {
        for (const { height, number, page } of pages) {
          if (height === 0) {
            for (let leaf = 0; leaf < PAGE_LEAVES && page.get(0, leaf) != null; leaf++) {
              page.setPresent(leaf)
            }
          }

          changes.put(pageKey(id, height, number), page.encode(hasher))
        }

        return true
      }
    })
  }
}
