import { PAGE_LEAVES } from '../constants.ts'
import { blockCid } from '../dataset/codecs.ts'
import { DRAFT, erasePages, readLeaves, treesById } from './erase.ts'
import { Marks } from './marks.ts'
import { parallel } from './parallel.ts'
import { decodeReferences } from './references.ts'
import { WIDTH } from './shared-blocks.ts'
import { cidOf, digestNamed, digestText, idOfPage, isLeafPage, lastOf, PAGES, REFERENCES, STANDALONE, TOMBS, treeKey, TREES } from './store-keys.ts'
import { decodeTreeRecord } from './tree-record.ts'
import type { DatasetChanges, DatasetChangesInit } from './dataset-changes.ts'
import type { DatasetList } from './dataset-list.ts'
import type { PageLeaf } from './erase.ts'
import type { OpenTrees } from './open-trees.ts'
import type { StandaloneBlocks } from './standalone-blocks.ts'
import type { StoreParts } from './store-parts.ts'
import type { Random } from '../interfaces.ts'
import type { AbortOptions } from 'abort-error'

/** Blocks or references looked at from one figure to the next. */
const BATCH = 64

/** What was looked at, and what was wrong. */
export interface GarbageFigures {
  /** Blocks that the blockstore listed in the last walk. */
  blocks: number
  /** Blocks whose bytes were deleted: nothing referred to them. */
  deleted: number
  /** References dropped: of trees that are gone, or know nothing of the block. */
  references: number
  /** Trees deleted: no dataset is over them, and nobody uses them. A download leaves such whose dataset was deleted meanwhile. */
  trees: number
  /** Pages deleted: of trees that are gone. */
  pages: number
  /** Blocks that were said to be here and are not: they are missing from now on, and fetched again when they are wanted. */
  missing: number
}

export interface GarbageInit extends DatasetChangesInit, AbortOptions {
  changes: DatasetChanges
  random: Random
}

/**
 * Finds what kills and damage left behind, and puts right what is said of blocks that are not there. Trees that no
 * dataset is over go first. Then three walks: over the pages, marking who needs which block; over the references,
 * dropping those without a mark; over the bytes, deleting those without a reference. References that are added meanwhile
 * are marked as they come, and what is deleted is looked at again under its lock: so it runs beside everything else.
 */
export async function * collectGarbage ({ random, signal, ...init }: GarbageInit): AsyncGenerator<GarbageFigures> {
  const marks = new Marks(random)
  const mark = (id: string, name: string): void => { marks.add(id, name) }
  const collector = new Collector(init, marks)
  const { parts } = init
  parts.blocks.watchers.add(mark)

  try {
    // what was not told of is in the datastore when this is through
    await parts.commits.commit({ write: () => true })

    for (const walk of [collector.trees(), collector.pages(), collector.references(), collector.bytes(signal)]) {
      for await (const figures of walk) {
        signal?.throwIfAborted()
        yield figures
      }
    }
  } finally {
    parts.blocks.watchers.delete(mark)
  }
}

/** Who has pages. */
interface Owners {
  /** The keys of the records of trees, by id. */
  trees: Map<string, string>
  /** Files on their way into the store, by id. */
  drafts: Set<string>
  /** What is being deleted, or will be at the next `open`, by id. */
  tombs: Set<string>
}

class Collector {
  readonly #figures: GarbageFigures = { blocks: 0, deleted: 0, references: 0, trees: 0, pages: 0, missing: 0 }
  readonly #parts: StoreParts
  readonly #trees: OpenTrees
  readonly #standalone: StandaloneBlocks
  readonly #datasets: DatasetList
  readonly #changes: DatasetChanges
  readonly #marks: Marks

  constructor ({ parts, trees, standalone, datasets, changes }: Omit<GarbageInit, 'random'>, marks: Marks) {
    this.#parts = parts
    this.#trees = trees
    this.#standalone = standalone
    this.#datasets = datasets
    this.#changes = changes
    this.#marks = marks
  }

  async * trees (): AsyncGenerator<GarbageFigures> {
    const listed = new Set<string>()

    for await (const { manifest } of this.#datasets.all()) {
      listed.add(treeKey(manifest.treeCid))
      yield { ...this.#figures }
    }

    for await (const key of this.#parts.records.keys(TREES)) {
      if (!listed.has(key) && await this.#changes.deleteUnlisted(cidOf(key))) {
        this.#figures.trees++
      }

      yield { ...this.#figures }
    }
  }

  async * pages (): AsyncGenerator<GarbageFigures> {
    const { records, hasher } = this.#parts
    const { trees, drafts, tombs } = await this.#owners()
    const unknown = new Set<string>()

    for await (const { key, value } of records.entries(PAGES)) {
      const id = idOfPage(key)
      const tree = trees.get(id)

      if (tree == null && !drafts.has(id)) {
        if (!tombs.has(id)) {
          unknown.add(id)
        }
      } else if (isLeafPage(id, key)) {
        await this.#leaves(id, tree, Number(lastOf(key)), readLeaves(value, hasher).filter(({ present }) => present))
      }

      yield { ...this.#figures }
    }

    if (unknown.size > 0) {
      await this.#erase(unknown)
    }
  }

  async * references (): AsyncGenerator<GarbageFigures> {
    for await (const batch of batches(this.#parts.records.entries(REFERENCES))) {
      await parallel(batch, WIDTH, async ({ key, value }) => this.#reference(lastOf(key), decodeReferences(value)))
      yield { ...this.#figures }
    }
  }

  async * bytes (signal?: AbortSignal): AsyncGenerator<GarbageFigures> {
    const { blocks } = this.#parts

    for await (const batch of batches(blocks.all({ signal }))) {
      await parallel(batch, WIDTH, async digest => {
        this.#figures.blocks++

        if ((await blocks.keptFor(digest)).size === 0) {
          await this.#prune(digest)
        }
      })
      yield { ...this.#figures }
    }
  }

  /**
   * Marks the blocks of one leaf page that are said to be here. Of a tree, those whose bytes are gone are missing from now
   * on, and references that were lost come back.
   */
  async #leaves (id: string, key: string | undefined, number: number, leaves: PageLeaf[]): Promise<void> {
    const { blocks, records } = this.#parts
    const missing: number[] = []

    if (key == null) {
      leaves.forEach(({ digest }) => { this.#marks.add(id, digestText(digest)) })
      return
    }

    const isStill = async (): Promise<boolean> => {
      const value = await records.get(key)

      return value != null && decodeTreeRecord(value)?.id === id
    }

    await parallel(leaves, WIDTH, async ({ leaf, digest }) => {
      if (!await blocks.has(digest)) {
        missing.push(number * PAGE_LEAVES + leaf)
        return
      }

      this.#marks.add(id, digestText(digest))

      if (!(await blocks.keptFor(digest)).has(id)) {
        await blocks.keep(id, digest, isStill)
      }
    })

    const tree = missing.length === 0 ? undefined : await this.#trees.find(cidOf(key))

    try {
      for (const index of missing) {
        await tree?.load([{ start: index, end: index + 1 }])

        if (tree?.has(index) === true && await tree.get(index) == null) {
          this.#figures.missing++
        }
      }
    } finally {
      tree?.release()
    }
  }

  async #reference (name: string, ids: Set<string>): Promise<void> {
    const digest = digestNamed(name)

    if (digest == null) {
      return
    }

    if (ids.has(STANDALONE) && !await this.#parts.blocks.has(digest) && await this.#standalone.get(blockCid(digest)) == null) {
      this.#figures.missing++
    }

    if ([...ids].some(id => !this.#isNeeded(id, name))) {
      await this.#prune(digest)
    }
  }

  async #prune (digest: Uint8Array): Promise<void> {
    const name = digestText(digest)
    const { references, deleted } = await this.#parts.blocks.prune(digest, id => this.#isNeeded(id, name))

    this.#figures.references += references
    this.#figures.deleted += deleted ? 1 : 0
  }

  #isNeeded (id: string, name: string): boolean {
    return id === STANDALONE || this.#marks.has(id, name)
  }

  /** Deletes the pages of ids that are still unknown: those that have come meanwhile are known by now. */
  async #erase (ids: Set<string>): Promise<void> {
    const { trees, drafts, tombs } = await this.#owners()

    for (const id of ids) {
      if (!trees.has(id) && !drafts.has(id) && !tombs.has(id)) {
        this.#figures.pages += await erasePages(id, this.#parts)
      }
    }
  }

  /** A draft that becomes a tree meanwhile is found as the one or the other: tombs are listed first. */
  async #owners (): Promise<Owners> {
    const drafts = new Set<string>()
    const tombs = new Set<string>()

    for await (const { key, value } of this.#parts.records.entries(TOMBS)) {
      (value.byteLength === DRAFT.byteLength ? drafts : tombs).add(lastOf(key))
    }

    return { trees: await treesById(this.#parts), drafts, tombs }
  }
}

async function * batches<T> (source: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = []

  for await (const item of source) {
    if (batch.push(item) === BATCH) {
      yield batch
      batch = []
    }
  }

  if (batch.length > 0) {
    yield batch
  }
}
