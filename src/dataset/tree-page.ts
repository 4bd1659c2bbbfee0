/**
 * A part of a Merkle tree that fits one value of a store: 256 nodes of one level and the seven levels over them.
 */
import { equals } from 'uint8arrays/equals'
import { PAGE_LEAVES } from '../constants.ts'
import { InvalidProofError } from '../errors.ts'
import { DIGEST_BYTES } from './codecs.ts'
import type { Hasher } from './hasher.ts'

/** Levels of a page; the page's root is a node of the page above. */
export const PAGE_LEVELS = 8

/** Digests of a full page: 256 + 128 + … + 2. */
const PAGE_NODES = 2 * PAGE_LEAVES - 2

const VERSION = 1
const PRESENT_BYTES = PAGE_LEAVES / 8
const KNOWN_BYTES = Math.ceil(PAGE_NODES / 8)
const HEADER_BYTES = 1 + PRESENT_BYTES + KNOWN_BYTES
const CHECKSUM_BYTES = 8

/** Bytes of the longest encoded page. */
export const MAX_PAGE_BYTES = HEADER_BYTES + PAGE_NODES * DIGEST_BYTES + CHECKSUM_BYTES

/** Position of a node: first all of level 0, then all of level 1… */
function slotOf (level: number, index: number): number {
  return 2 * PAGE_LEAVES - (2 * PAGE_LEAVES >>> level) + index
}

/** Where a page is in its tree. */
export interface PagePlace {
  /** The page's level 0 is level `8 · height` of the tree. */
  height: number
  /** The page's first node is node `256 · number` of that level. */
  number: number
}

/** A page of a tree and its place. */
export interface PlacedPage extends PagePlace {
  page: TreePage
}

/**
 * Page `number` of `height` covers the nodes `256 · number …` of level `8 · height` of the tree, which are its level 0,
 * and what is over them up to its level 7. Nodes are learnt one by one and do not change. At height 0 it also keeps which
 * blocks are present.
 */
export class TreePage {
  readonly #digests = new Uint8Array(PAGE_NODES * DIGEST_BYTES)
  readonly #known = new Uint8Array(KNOWN_BYTES)
  readonly #present = new Uint8Array(PRESENT_BYTES)
  #revision = 0

  /** Grows with every change: tells whether what was written is still what is here. */
  get revision (): number {
    return this.#revision
  }

  /** The digest of a node, as a view that stays as it is; undefined while unknown. */
  get (level: number, index: number): Uint8Array | undefined {
    const slot = slotOf(level, index)

    return getBit(this.#known, slot) ? this.#digests.subarray(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES) : undefined
  }

  /** Learns a node; one that is known already stays as it is. */
  set (level: number, index: number, digest: Uint8Array): void {
    const slot = slotOf(level, index)

    if (setBit(this.#known, slot)) {
      this.#digests.set(digest, slot * DIGEST_BYTES)
      this.#revision++
    }
  }

  /** Whether the block of leaf `index` (0 to 255) is in the store. */
  isPresent (index: number): boolean {
    return getBit(this.#present, index)
  }

  /** Says whether the block of leaf `index` is in the store; true when that is news. */
  setPresent (index: number, present: boolean = true): boolean {
    const changed = present ? setBit(this.#present, index) : clearBit(this.#present, index)

    if (changed) {
      this.#revision++
    }

    return changed
  }

  /** How many blocks are present. */
  get presentCount (): number {
    return popcount(this.#present)
  }

  /** Learns what another page of the same place knows: nodes and present blocks. */
  merge (other: TreePage): void {
    for (let slot = 0; slot < PAGE_NODES; slot++) {
      if (getBit(other.#known, slot) && setBit(this.#known, slot)) {
        this.#digests.set(other.#digests.subarray(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES), slot * DIGEST_BYTES)
        this.#revision++
      }
    }

    for (let index = 0; index < PAGE_LEAVES; index++) {
      if (other.isPresent(index)) {
        this.setPresent(index)
      }
    }
  }

  /** Bytes to keep: a version, both bitmaps, the known digests in order, and a checksum. */
  encode (hasher: Hasher): Uint8Array {
    const end = HEADER_BYTES + popcount(this.#known) * DIGEST_BYTES
    const bytes = new Uint8Array(end + CHECKSUM_BYTES)
    let at = HEADER_BYTES

    bytes[0] = VERSION
    bytes.set(this.#present, 1)
    bytes.set(this.#known, 1 + PRESENT_BYTES)

    // a view a run, not one a digest: a page is written every few blocks
    for (let slot = 0; slot < PAGE_NODES; slot++) {
      const first = slot

      while (slot < PAGE_NODES && getBit(this.#known, slot)) {
        slot++
      }

      if (slot > first) {
        bytes.set(this.#digests.subarray(first * DIGEST_BYTES, slot * DIGEST_BYTES), at)
        at += (slot - first) * DIGEST_BYTES
      }
    }

    bytes.set(checksum(bytes.subarray(0, end), hasher), end)

    return bytes
  }

  /**
   * Reads a page written by `encode`.
   *
   * @throws {InvalidProofError} when the bytes were damaged, are of another version, or contradict themselves
   */
  static decode (bytes: Uint8Array, hasher: Hasher): TreePage {
    const end = bytes.byteLength - CHECKSUM_BYTES

    if (end < HEADER_BYTES || bytes.byteLength > MAX_PAGE_BYTES) {
      throw new InvalidProofError(`A tree page cannot have ${bytes.byteLength} bytes`)
    }

    if (bytes[0] !== VERSION) {
      throw new InvalidProofError(`A tree page of version ${bytes[0]} is not known`)
    }

    if (!equals(checksum(bytes.subarray(0, end), hasher), bytes.subarray(end))) {
      throw new InvalidProofError('A tree page is damaged: its checksum differs')
    }

    const page = new TreePage()
    page.#present.set(bytes.subarray(1, 1 + PRESENT_BYTES))
    page.#known.set(bytes.subarray(1 + PRESENT_BYTES, HEADER_BYTES))

    if (end !== HEADER_BYTES + popcount(page.#known) * DIGEST_BYTES || page.#known[KNOWN_BYTES - 1] >>> 6 !== 0) {
      throw new InvalidProofError('A tree page contradicts itself: its length does not fit its digests')
    }

    let at = HEADER_BYTES

    for (let slot = 0; slot < PAGE_NODES; slot++) {
      if (getBit(page.#known, slot)) {
        page.#digests.set(bytes.subarray(at, at + DIGEST_BYTES), slot * DIGEST_BYTES)
        at += DIGEST_BYTES
      } else if (slot < PAGE_LEAVES && page.isPresent(slot)) {
        throw new InvalidProofError('A tree page contradicts itself: a block is present whose digest is unknown')
      }
    }

    return page
  }
}

function checksum (bytes: Uint8Array, hasher: Hasher): Uint8Array {
  return hasher.digestNode(bytes).subarray(0, CHECKSUM_BYTES)
}

function getBit (bits: Uint8Array, index: number): boolean {
  return (bits[index >>> 3] & 1 << (index & 7)) !== 0
}

function setBit (bits: Uint8Array, index: number): boolean {
  const before = bits[index >>> 3]
  bits[index >>> 3] |= 1 << (index & 7)

  return bits[index >>> 3] !== before
}

function clearBit (bits: Uint8Array, index: number): boolean {
  const before = bits[index >>> 3]
  bits[index >>> 3] &= ~(1 << (index & 7))

  return bits[index >>> 3] !== before
}

function popcount (bits: Uint8Array): number {
  let count = 0

  for (let byte of bits) {
    for (; byte !== 0; byte &= byte - 1) {
      count++
    }
  }

  return count
}
