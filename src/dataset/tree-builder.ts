import { PAGE_LEAVES } from '../constants.ts'
import { InvalidParametersError } from '../errors.ts'
import { DIGEST_BYTES } from './codecs.ts'
import { createCompress, layerAbove, NO_SIBLING } from './compress.ts'
import { PAGE_LEVELS, TreePage } from './tree-page.ts'
import type { Compress } from './compress.ts'
import type { Hasher } from './hasher.ts'
import type { PlacedPage } from './tree-page.ts'

interface OpenPage extends PlacedPage {
  /** Nodes in its level 0 so far. */
  count: number
}

/**
 * Builds a tree of any size from its leaves in order, holding one open page a height. docs/PROTOCOL.md §3.
 */
export class TreeBuilder {
  readonly #compress: Compress
  readonly #onPage: (page: PlacedPage) => void
  /** The open page of each height. */
  readonly #open: OpenPage[] = []
  #leaves = 0
  #finished = false

  /** `onPage` is given each page when it is complete; the builder forgets it. */
  constructor (hasher: Hasher, onPage: (page: PlacedPage) => void = () => {}) {
    this.#compress = createCompress(hasher)
    this.#onPage = onPage
  }

  /**
   * Adds the next leaf.
   *
   * @throws {InvalidParametersError} when the digest is not of 32 bytes, or the tree is finished
   */
  push (digest: Uint8Array): void {
    if (this.#finished || digest.byteLength !== DIGEST_BYTES) {
      throw new InvalidParametersError(this.#finished ? 'The tree is finished' : `A leaf has ${DIGEST_BYTES} bytes, not ${digest.byteLength}`)
    }

    this.#leaves++
    this.#add(0, digest)
  }

  /**
   * Completes the tree and gives its root. The root is in no page.
   *
   * @throws {InvalidParametersError} when there is no leaf, or it was finished before
   */
  finish (): { root: Uint8Array, leaves: number } {
    if (this.#finished || this.#leaves === 0) {
      throw new InvalidParametersError(this.#finished ? 'The tree is finished' : 'A tree needs a leaf')
    }

    this.#finished = true

    for (let height = 0; ; height++) {
      const open = this.#open[height]
      const alone = open.number === 0

      if (alone && open.count === 1 && height > 0) {
        return { root: nodeOf(open.page, 0, 0), leaves: this.#leaves }
      }

      if (open.count > 0) {
        const root = this.#close(open, alone)

        if (alone) {
          return { root, leaves: this.#leaves }
        }

        this.#add(height + 1, root)
      }
    }
  }

  #add (height: number, digest: Uint8Array): void {
    const open = this.#open[height] ??= { height, number: 0, page: new TreePage(), count: 0 }

    open.page.set(0, open.count++, digest)

    if (open.count === PAGE_LEAVES) {
      this.#add(height + 1, this.#close(open, false))
    }
  }

  /** Fills in the levels of a page, hands it over and gives the node above it. */
  #close (open: OpenPage, alone: boolean): Uint8Array {
    const { height, number, page } = open
    let root: Uint8Array | undefined
    let count = open.count

    for (let level = 0; root == null; level++) {
      const isTop = level + 1 === PAGE_LEVELS || (alone && count <= 2)

      for (let i = 0; i < count; i += 2) {
        const odd = i === count - 1
        const right = odd ? NO_SIBLING : nodeOf(page, level, i + 1)
        const node = this.#compress(nodeOf(page, level, i), right, height * PAGE_LEVELS + level, odd)

        if (isTop) {
          root = node
        } else {
          page.set(level + 1, i / 2, node)
        }
      }

      count = layerAbove(count)
    }

    this.#onPage({ height, number, page })
    open.page = new TreePage()
    open.number++
    open.count = 0

    return root
  }
}

function nodeOf (page: TreePage, level: number, index: number): Uint8Array {
  const node = page.get(level, index)

  if (node == null) {
    throw new InvalidParametersError(`Node ${index} of level ${level} is not in its page`)
  }

  return node
}
