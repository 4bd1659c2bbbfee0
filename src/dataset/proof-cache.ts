import { equals } from 'uint8arrays/equals'
import { DEFAULT_LIMITS, PAGE_LEAVES } from '../constants.ts'
import { InvalidParametersError, InvalidProofError, VerificationError } from '../errors.ts'
import { DIGEST_BYTES } from './codecs.ts'
import { createCompress, layerAbove, NO_SIBLING, proofDepth } from './compress.ts'
import { assertWellFormed } from './merkle-proof.ts'
import { PAGE_LEVELS, TreePage } from './tree-page.ts'
import type { Compress } from './compress.ts'
import type { Hasher } from './hasher.ts'
import type { MerkleProof } from './merkle-proof.ts'
import type { PagePlace, PlacedPage } from './tree-page.ts'

export interface ProofCacheInit {
  /** Digest of the root: what everything is proven against. */
  root: Uint8Array
  /** Leaves of the tree, as the manifest says. */
  leaves: number
  hasher: Hasher
  /**
   * Clean pages beyond this many are dropped, the least recently used first. A page takes 16 KiB.
   *
   * @default 1024
   */
  maxPages?: number
}

/** A page with changes that a store has not seen. */
export interface DirtyPage extends PlacedPage {
  /** The page's revision now, for `markClean`. */
  revision: number
  /** False where nobody has looked in the store for this page yet: `load` what is there before writing over it. */
  loaded: boolean
}

interface CachedPage extends PlacedPage {
  loaded: boolean
  cleanRevision: number
  /** When it was last used, in calls. */
  used: number
}

/** A node on the way up, held back until the root is reached. */
interface Step {
  level: number
  index: number
  digest: Uint8Array
}

/**
 * The parts of a dataset's tree that are proven. What was proven once is not hashed again: a walk stops at the first
 * proven ancestor, and each proof gives away the siblings on its way.
 */
export class ProofCache {
  readonly leaves: number
  /** Tree nodes hashed so far. */
  hashes = 0
  readonly #root: Uint8Array
  readonly #depth: number
  readonly #compress: Compress
  readonly #maxPages: number
  readonly #pages = new Map<number, CachedPage>()
  /** Nodes of each level. */
  readonly #counts: number[]
  #uses = 0

  /**
   * @throws {InvalidParametersError} when there is no leaf or the root is not of 32 bytes
   */
  constructor (init: ProofCacheInit) {
    if (!Number.isSafeInteger(init.leaves) || init.leaves < 1 || init.root.byteLength !== DIGEST_BYTES) {
      throw new InvalidParametersError(`A tree cannot have ${init.leaves} leaves and a root of ${init.root.byteLength} bytes`)
    }

    this.leaves = init.leaves
    this.#root = init.root
    this.#depth = proofDepth(init.leaves)
    this.#compress = createCompress(init.hasher)
    this.#maxPages = init.maxPages ?? DEFAULT_LIMITS.treePages
    this.#counts = [init.leaves]

    while (this.#counts.length < this.#depth) {
      this.#counts.push(layerAbove(this.#counts[this.#counts.length - 1]))
    }
  }

  /** The proven digest of a leaf. */
  leaf (index: number): Uint8Array | undefined {
    return this.#has(index) ? this.#get(0, index) : undefined
  }

  /**
   * Proves that `digest` is leaf `index`, and learns from the proof. Nothing is learnt from one that fails. The proof may
   * be left out where the leaf is proven already.
   *
   * @throws {VerificationError} when it does not lead to the root, or there is no proof and the leaf is unknown
   * @throws {InvalidProofError} when the proof is malformed, or of another leaf or tree
   */
  prove (index: number, digest: Uint8Array, proof?: MerkleProof): void {
    if (!this.#has(index)) {
      throw new InvalidProofError(`Leaf ${index} is not one of ${this.leaves}`, { index })
    }

    const known = this.#get(0, index)

    if (known != null) {
      if (!equals(known, digest)) {
        throw new VerificationError(`Leaf ${index} has another digest`, { index })
      }

      return
    }

    if (proof == null) {
      throw new VerificationError(`Leaf ${index} came without a proof`, { index })
    }

    this.#assertFits(index, proof)

    for (const step of this.#climb(index, digest, proof.path)) {
      this.#set(step)
    }
  }

  /** A proof made of what is proven; undefined while a sibling is missing. Its hashes are views that do not change. */
  proof (index: number): MerkleProof | undefined {
    if (!this.#has(index)) {
      return
    }

    const path: Uint8Array[] = []
    let at = index

    for (let level = 0; level < this.#depth; level++) {
      const sibling = at % 2 === 1 ? at - 1 : at + 1
      const digest = sibling < this.#counts[level] ? this.#get(level, sibling) : NO_SIBLING

      if (digest == null) {
        return
      }

      path.push(digest)
      at = Math.floor(at / 2)
    }

    return { index, leaves: this.leaves, path }
  }

  /** A page that is here. Changes made to it count as changes that a store has not seen. */
  page (height: number, number: number): TreePage | undefined {
    return this.#touch(height, number)?.page
  }

  /**
   * Takes in what a store has for a page: undefined where it has none. What is here already and what comes are merged.
   * The store's word is taken for it: hand over only what was proven when it was written.
   */
  load (height: number, number: number, page?: TreePage): void {
    const cached = this.#touch(height, number)

    if (cached == null) {
      const fresh = this.#create(height, number, page ?? new TreePage())
      fresh.loaded = true
      fresh.cleanRevision = fresh.page.revision
    } else {
      if (page != null && !cached.loaded) {
        cached.page.merge(page)
      }

      cached.loaded = true
    }
  }

  /** The pages with changes that a store has not seen. */
  * dirtyPages (): Generator<DirtyPage> {
    for (const cached of this.#pages.values()) {
      const { height, number, page, loaded } = cached

      if (isDirty(cached)) {
        yield { height, number, page, loaded, revision: page.revision }
      }
    }
  }

  /** A store has written a page as it was at `revision`: it may be dropped, unless it has changed since. */
  markClean ({ height, number, revision }: PagePlace & { revision: number }): void {
    const cached = this.#pages.get(keyOf(height, number))

    if (cached != null) {
      cached.cleanRevision = revision
      cached.loaded = true
      this.#dropClean()
    }
  }

  /** Whether the tree has such a leaf. */
  #has (index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.leaves
  }

  #assertFits (index: number, proof: MerkleProof): void {
    if (proof.index !== index || proof.leaves !== this.leaves) {
      throw new InvalidProofError(`A proof of leaf ${proof.index} of ${proof.leaves} came for leaf ${index} of ${this.leaves}`, { index })
    }

    assertWellFormed(proof)
  }

  /** Walks up to the first proven ancestor and gives the nodes learnt on the way. */
  #climb (index: number, digest: Uint8Array, path: Uint8Array[]): Step[] {
    const steps: Step[] = []
    let at = index
    let node = digest

    for (let level = 0; level < this.#depth; level++) {
      const known = level === 0 ? undefined : this.#get(level, at)

      if (known != null) {
        assertSame(known, node, index)
        return steps
      }

      const left = at % 2 === 0
      const odd = left && at === this.#counts[level] - 1
      const sibling = path[level]

      steps.push({ level, index: at, digest: node })

      if (!odd) {
        steps.push({ level, index: left ? at + 1 : at - 1, digest: sibling })
      }

      node = left ? this.#compress(node, sibling, level, odd) : this.#compress(sibling, node, level, false)
      this.hashes++
      at = Math.floor(at / 2)
    }

    assertSame(this.#root, node, index)

    return steps
  }

  #get (level: number, index: number): Uint8Array | undefined {
    const { height, number, within } = placeOf(level, index)

    return this.#touch(height, number)?.page.get(level % PAGE_LEVELS, within)
  }

  #set ({ level, index, digest }: Step): void {
    const { height, number, within } = placeOf(level, index)
    const cached = this.#touch(height, number) ?? this.#create(height, number, new TreePage())

    cached.page.set(level % PAGE_LEVELS, within, digest)
  }

  #touch (height: number, number: number): CachedPage | undefined {
    const cached = this.#pages.get(keyOf(height, number))

    if (cached != null) {
      cached.used = ++this.#uses
    }

    return cached
  }

  #create (height: number, number: number, page: TreePage): CachedPage {
    const cached = { height, number, page, loaded: false, cleanRevision: 0, used: ++this.#uses }

    this.#pages.set(keyOf(height, number), cached)
    this.#dropClean()

    return cached
  }

  #dropClean (): void {
    while (this.#pages.size > this.#maxPages) {
      let oldest: CachedPage | undefined

      for (const cached of this.#pages.values()) {
        if (!isDirty(cached) && cached.used !== this.#uses && (oldest == null || cached.used < oldest.used)) {
          oldest = cached
        }
      }

      if (oldest == null) {
        return
      }

      this.#pages.delete(keyOf(oldest.height, oldest.number))
    }
  }
}

/** Heights are below 8: a tree has at most 2^53 leaves. */
function keyOf (height: number, number: number): number {
  return number * 8 + height
}

/** The page of a node, and the node's index in its level there. */
function placeOf (level: number, index: number): PagePlace & { within: number } {
  const height = Math.floor(level / PAGE_LEVELS)
  const width = PAGE_LEAVES >>> level % PAGE_LEVELS

  return { height, number: Math.floor(index / width), within: index % width }
}

function isDirty (cached: CachedPage): boolean {
  return cached.page.revision !== cached.cleanRevision
}

function assertSame (known: Uint8Array, computed: Uint8Array, index: number): void {
  if (!equals(known, computed)) {
    throw new VerificationError(`The proof of leaf ${index} does not lead to the root`, { index })
  }
}
