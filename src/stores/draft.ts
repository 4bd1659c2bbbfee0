import { DEFAULT_BLOCK_SIZE, MAX_BLOCK_SIZE, MIN_BLOCK_SIZE, PAGE_LEAVES } from '../constants.ts'
import { CODEX_BLOCK, manifestCid, SHA2_256, treeCid } from '../dataset/codecs.ts'
import { encodeManifest } from '../dataset/encode-manifest.ts'
import { TreeBuilder } from '../dataset/tree-builder.ts'
import { TreePage } from '../dataset/tree-page.ts'
import { ownBlock } from '../dataset/verify.ts'
import { InvalidParametersError } from '../errors.ts'
import { DRAFT, erase } from './erase.ts'
import { pageKey, tombKey } from './store-keys.ts'
import type { Changes } from './records.ts'
import type { DigestedBytes } from './shared-blocks.ts'
import type { StoreParts } from './store-parts.ts'
import type { Manifest } from '../dataset/manifest.ts'
import type { PlacedPage } from '../dataset/tree-page.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

/** Bytes written as one batch, about: what a draft holds in memory. */
const BATCH_BYTES = 16 * DEFAULT_BLOCK_SIZE

export interface DraftInit {
  id: string
  blockSize: number
  parts: StoreParts
  /** Makes what is kept under the id the dataset of the manifest, in one commit. */
  publish (id: string, block: VerifiedBlock, manifest: Manifest): Promise<void>
}

/**
 * A file on its way into the store. Its blocks and pages are written as they come, under an id with a tomb: until the
 * dataset is finished, whatever interrupts it leaves something that is deleted. Calls must not overlap.
 */
export class Draft {
  readonly #init: DraftInit
  readonly #builder: TreeBuilder
  readonly #batchBlocks: number
  /** Blocks of the batch that is being gathered; the last one may not be full. */
  #blocks: Uint8Array[] = []
  /** Bytes free in the last block. */
  #free = 0
  #size = 0
  /** The leaf page that is being filled: what is written of it before it is complete. */
  #page = new TreePage()
  #leaves = 0
  /** Pages to write with the next batch. */
  #complete: PlacedPage[] = []
  #tombed = false
  #ended = false

  /**
   * @throws {InvalidParametersError} when the block size is out of range
   */
  constructor (init: DraftInit) {
    const { blockSize } = init

    if (!Number.isInteger(blockSize) || blockSize < MIN_BLOCK_SIZE || blockSize > MAX_BLOCK_SIZE) {
      throw new InvalidParametersError(`Blocks cannot have ${blockSize} bytes`)
    }

    this.#init = init
    this.#batchBlocks = Math.min(Math.ceil(BATCH_BYTES / blockSize), PAGE_LEAVES)
    this.#builder = new TreeBuilder(init.parts.hasher, page => { this.#complete.push(page) })
  }

  /**
   * Adds the next bytes of the file, of any length. They are copied.
   *
   * @throws {StoreRefusedError} when the store would not take them; then only `abort` is left to do
   * @throws {InvalidParametersError} when the draft has ended
   * @throws {NotRunningError} when the store is closed
   */
  async append (bytes: Uint8Array): Promise<void> {
    this.#assertOpen()
    const { blockSize } = this.#init

    for (let at = 0; at < bytes.byteLength;) {
      if (this.#blocks.length === this.#batchBlocks && this.#free === 0) {
        await this.#flush()
      }

      if (this.#free === 0) {
        this.#blocks.push(new Uint8Array(blockSize))
        this.#free = blockSize
      }

      const piece = bytes.subarray(at, at + this.#free)
      this.#blocks[this.#blocks.length - 1].set(piece, blockSize - this.#free)
      this.#free -= piece.byteLength
      this.#size += piece.byteLength
      at += piece.byteLength
    }
  }

  /**
   * Ends the file and makes it a dataset of the store. An empty name or type is left out of the manifest.
   *
   * @throws {StoreRefusedError} when the store would not take it; then only `abort` is left to do
   * @throws {InvalidParametersError} when the file is empty, or the draft has ended
   * @throws {InvalidManifestError} when the name or the type is too long
   * @throws {InvalidDatasetError} when the store knows the tree by another shape, from a manifest that lies
   * @throws {NotRunningError} when the store is closed
   */
  async finish ({ filename, mimetype }: { filename?: string, mimetype?: string } = {}): Promise<{ manifestCid: CID, manifest: Manifest }> {
    this.#assertOpen()

    if (this.#size === 0) {
      throw new InvalidParametersError('An empty file cannot be stored')
    }

    const { id, blockSize, parts, publish } = this.#init

    await this.#flush()
    const { root } = this.#builder.finish()
    await parts.activity.run(async () => parts.commits.commit({
      write: changes => {
        this.#writeComplete(changes)
        return true
      }
    }))
    const manifest: Manifest = {
      treeCid: treeCid(root),
      blockSize,
      datasetSize: this.#size,
      codec: CODEX_BLOCK,
      hcodec: SHA2_256,
      version: 2,
      filename,
      mimetype
    }
    const block = await ownBlock(encodeManifest(manifest), parts.hasher, manifestCid)
    await publish(id, block, manifest)
    this.#ended = true

    return { manifestCid: block.cid, manifest }
  }

  /**
   * Deletes what was written. Does nothing when the draft has ended.
   *
   * @throws {StoreRefusedError} when the blockstore or the datastore fails
   */
  async abort (): Promise<void> {
    if (this.#ended) {
      return
    }

    this.#ended = true
    this.#blocks = []

    if (this.#tombed) {
      await this.#init.parts.activity.run(async () => erase(this.#init.id, this.#init.parts))
    }
  }

  #assertOpen (): void {
    if (this.#ended) {
      throw new InvalidParametersError('The draft has ended')
    }
  }

  async #flush (): Promise<void> {
    const { parts, id } = this.#init
    const datas = this.#blocks
    this.#blocks = []
    this.#free = 0

    await parts.activity.run(async () => {
      const blocks = await Promise.all(datas.map(async data => ({ digest: await parts.hasher.digest(data), data })))

      await parts.blocks.write(blocks, async references => parts.commits.commit({
        write: changes => {
          if (!this.#tombed) {
            changes.put(tombKey(id), DRAFT)
          }

          this.#tombed = true
          references.add(id, changes)
          this.#addLeaves(blocks)
          this.#writeComplete(changes)
          this.#writeOpen(changes)

          return true
        }
      }))
    })
  }

  #addLeaves (blocks: DigestedBytes[]): void {
    for (const { digest } of blocks) {
      const leaf = this.#leaves++ % PAGE_LEAVES

      this.#page.set(0, leaf, digest)
      this.#page.setPresent(leaf)
      this.#builder.push(digest)

      if (leaf === PAGE_LEAVES - 1) {
        this.#page = new TreePage()
      }
    }
  }

  #writeComplete (changes: Changes): void {
    const { id, parts: { hasher } } = this.#init

    for (const { height, number, page } of this.#complete) {
      if (height === 0) {
        for (let leaf = 0; leaf < PAGE_LEAVES && page.get(0, leaf) != null; leaf++) {
          page.setPresent(leaf)
        }
      }

      changes.put(pageKey(id, height, number), page.encode(hasher))
    }

    this.#complete = []
  }

  /** Writes the leaf page that is being filled, so that a deletion finds what is written. */
  #writeOpen (changes: Changes): void {
    const { id, parts: { hasher } } = this.#init

    if (this.#leaves % PAGE_LEAVES > 0) {
      changes.put(pageKey(id, 0, Math.floor(this.#leaves / PAGE_LEAVES)), this.#page.encode(hasher))
    }
  }
}
