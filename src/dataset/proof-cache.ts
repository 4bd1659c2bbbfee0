import { equals } from 'uint8arrays/equals'
import { DEFAULT_LIMITS, PAGE_LEAVES } from '../constants.ts'
import { InvalidParametersError, InvalidProofError, VerificationError } from '../errors.ts'
import { DIGEST_BYTES } from './codecs.ts'
import { createCompress, layerAbove, NO_SIBLING, proofDepth } from './compress.ts'
import { assertWellFormed } from './merkle-proof.ts'
import { PageCache } from './page-cache.ts'
import { PAGE_LEVELS, TreePage } from './tree-page.ts'
import type { Compress } from './compress.ts'
import type { Hasher } from './hasher.ts'
import type { MerkleProof } from './merkle-proof.ts'
import type { DirtyPage } from './page-cache.ts'
import type { PagePlace } from './tree-page.ts'

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
  readonly #pages: PageCache
  /** Nodes of each level. */
  readonly #counts: number[]

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
    this.#pages = new PageCache(init.maxPages ?? DEFAULT_LIMITS.treePages)
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

    if (digest.byteLength !== DIGEST_BYTES) {
      throw new VerificationError(`A leaf has ${DIGEST_BYTES} bytes, not ${digest.byteLength}`, { index })
    }

    const known = this.#get(0, index)

    if (known != null) {
      assertSame(known, digest, index)

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

  /**
   * The first leaf, from `from` on, that stands between a leaf and being proven without a proof of its own: leaves that
   * are all known or in hand (`has`) prove each other when they complete a subtree of which the root is proven. Undefined
   * when none is missing.
   */
  missingBeside (index: number, has: (leaf: number) => boolean, from = 0): number | undefined {
    const { level, at } = this.#provenAbove(index)

    return this.#firstMissing(level, at, has, from)
  }

  /**
   * Proves leaves by the smallest subtree around `index` of which the root is proven, and learns them. `digest` gives the
   * leaves in hand.
   *
   * @throws {VerificationError} when they do not lead to it, or one is missing
   */
  proveTogether (index: number, digest: (leaf: number) => Uint8Array | undefined): void {
    const { level, at } = this.#provenAbove(index)
    const steps: Step[] = []

    if (level === 0 && digest(index) == null) {
      return
    }

    assertSame(this.#get(level, at) ?? this.#root, this.#compute(level, at, digest, steps), index)
    steps.forEach(step => { this.#set(step) })
  }

  /** A page that is here. Changes made to it count as changes that a store has not seen. */
  page (height: number, number: number): TreePage | undefined {
    return this.#pages.get(height, number)
  }

  /**
   * Takes in what a store has for a page, an empty one where it has none. What is here already and what comes are merged:
   * a store looks before it writes over a page that was begun here. Its word is taken for it: hand over only what was
   * proven when it was written.
   */
  load (height: number, number: number, page: TreePage = new TreePage()): void {
    this.#pages.load(height, number, page)
  }

  /** The pages with changes that a store has not seen. */
  dirtyPages (): Generator<DirtyPage> {
    return this.#pages.dirty()
  }

  /** A store has written a page as it was at `revision`: it may be dropped, unless it has changed since. */
  markClean (written: PagePlace & { revision: number }): void {
    this.#pages.markClean(written)
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
      const known = this.#get(level, at)

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

  /** The lowest proven node over a leaf, the leaf itself included. */
  #provenAbove (index: number): { level: number, at: number } {
    let at = index

    for (let level = 0; level < this.#depth; level++) {
      if (this.#get(level, at) != null) {
        return { level, at }
      }

      at = Math.floor(at / 2)
    }

    return { level: this.#depth, at: 0 }
  }

  #firstMissing (level: number, at: number, has: (leaf: number) => boolean, from: number): number | undefined {
    if (level === 0) {
      return this.#get(0, at) != null || has(at) ? undefined : at
    }

    for (const child of this.#children(level, at)) {
      const end = (child + 1) * 2 ** (level - 1)

      if (end <= from || (level > 1 && this.#get(level - 1, child) != null)) {
        continue
      }

      const missing = this.#firstMissing(level - 1, child, has, from)

      if (missing != null) {
        return missing
      }
    }
  }

  /** The node over what is known and in hand; notes all that is new below it. */
  #compute (level: number, at: number, digest: (leaf: number) => Uint8Array | undefined, steps: Step[]): Uint8Array {
    if (level === 0) {
      const leaf = digest(at)

      if (leaf == null) {
        throw new VerificationError(`Leaf ${at} is missing`, { index: at })
      }

      return leaf
    }

    const [left, right] = this.#children(level, at).map(child => {
      const known = this.#get(level - 1, child)
      const node = known ?? this.#compute(level - 1, child, digest, steps)

      if (known == null) {
        steps.push({ level: level - 1, index: child, digest: node })
      }

      return node
    })
    this.hashes++

    return this.#compress(left, right ?? NO_SIBLING, level - 1, right == null)
  }

  #children (level: number, at: number): number[] {
    return 2 * at + 1 < this.#counts[level - 1] ? [2 * at, 2 * at + 1] : [2 * at]
  }

  #get (level: number, index: number): Uint8Array | undefined {
    const { height, number, within } = placeOf(level, index)

    return this.#pages.get(height, number)?.get(level % PAGE_LEVELS, within)
  }

  #set ({ level, index, digest }: Step): void {
    const { height, number, within } = placeOf(level, index)

    this.#pages.getOrCreate(height, number).set(level % PAGE_LEVELS, within, digest)
  }
}

/** The page of a node, and the node's index in its level there. */
function placeOf (level: number, index: number): PagePlace & { within: number } {
  const height = Math.floor(level / PAGE_LEVELS)
  const width = PAGE_LEAVES >>> level % PAGE_LEVELS

  return { height, number: Math.floor(index / width), within: index % width }
}

function assertSame (known: Uint8Array, computed: Uint8Array, index: number): void {
  if (!equals(known, computed)) {
    throw new VerificationError(`What is given for leaf ${index} does not lead to the root`, { index })
  }
}
