import { InvalidParametersError } from '../errors.ts'
import { DIGEST_BYTES } from './codecs.ts'
import { createCompress, layerAbove, NO_SIBLING } from './compress.ts'
import type { Hasher } from './hasher.ts'
import type { MerkleProof } from './merkle-proof.ts'

/**
 * A whole tree in memory, 64 bytes a leaf. docs/PROTOCOL.md §3. For a tree that need not be held, see `TreeBuilder`.
 */
export class MerkleTree {
  /** Layers from the leaves to the root, each in one piece. */
  readonly #layers: Uint8Array[]

  /**
   * @param leaves - digests of 32 bytes, each on its own or all in one array
   * @throws {InvalidParametersError} when there is no leaf, or one is not of 32 bytes
   */
  constructor (leaves: Uint8Array[] | Uint8Array, hasher: Hasher) {
    const flat = leaves instanceof Uint8Array ? leaves : flatten(leaves)

    if (flat.byteLength === 0 || flat.byteLength % DIGEST_BYTES !== 0) {
      throw new InvalidParametersError(`A tree needs leaves of ${DIGEST_BYTES} bytes`)
    }

    const compress = createCompress(hasher)
    this.#layers = [flat]

    do {
      const layer = this.#layers[this.#layers.length - 1]
      const count = layer.byteLength / DIGEST_BYTES
      const above = new Uint8Array(layerAbove(count) * DIGEST_BYTES)

      for (let i = 0; i < count; i += 2) {
        const odd = i === count - 1
        const right = odd ? NO_SIBLING : nodeAt(layer, i + 1)

        above.set(compress(nodeAt(layer, i), right, this.#layers.length - 1, odd), i / 2 * DIGEST_BYTES)
      }

      this.#layers.push(above)
    } while (this.#layers[this.#layers.length - 1].byteLength > DIGEST_BYTES)
  }

  /** Digest of the root. */
  get root (): Uint8Array {
    return this.#layers[this.depth]
  }

  /** How many leaves there are. */
  get leaves (): number {
    return this.#layers[0].byteLength / DIGEST_BYTES
  }

  /** Compressions from a leaf to the root: the length of a proof's path. */
  get depth (): number {
    return this.#layers.length - 1
  }

  /**
   * The digests of a layer: 0 is the leaves, `depth` the root.
   *
   * @throws {InvalidParametersError} when there is no such layer
   */
  layer (level: number): Uint8Array[] {
    const layer = this.#layers[level]

    if (layer == null) {
      throw new InvalidParametersError(`A tree of depth ${this.depth} has no layer ${level}`)
    }

    return Array.from({ length: layer.byteLength / DIGEST_BYTES }, (_, i) => nodeAt(layer, i))
  }

  /**
   * The way from a leaf to the root. Its hashes are views of the tree.
   *
   * @throws {InvalidParametersError} when there is no such leaf
   */
  proof (index: number): MerkleProof {
    if (!Number.isInteger(index) || index < 0 || index >= this.leaves) {
      throw new InvalidParametersError(`A tree of ${this.leaves} leaves has no leaf ${index}`)
    }

    const path: Uint8Array[] = []
    let at = index

    for (let level = 0; level < this.depth; level++) {
      const layer = this.#layers[level]
      const sibling = at % 2 === 1 ? at - 1 : at + 1

      path.push(sibling * DIGEST_BYTES < layer.byteLength ? nodeAt(layer, sibling) : NO_SIBLING)
      at = Math.floor(at / 2)
    }

    return { index, leaves: this.leaves, path }
  }
}

function nodeAt (layer: Uint8Array, index: number): Uint8Array {
  return layer.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
}

function flatten (leaves: Uint8Array[]): Uint8Array {
  const flat = new Uint8Array(leaves.length * DIGEST_BYTES)

  leaves.forEach((leaf, i) => {
    if (leaf.byteLength !== DIGEST_BYTES) {
      throw new InvalidParametersError(`Leaf ${i} has ${leaf.byteLength} bytes, not ${DIGEST_BYTES}`)
    }

    flat.set(leaf, i * DIGEST_BYTES)
  })

  return flat
}
