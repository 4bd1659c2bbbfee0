import { CID } from 'multiformats/cid'
import { equals } from 'uint8arrays/equals'
import { MAX_BLOCKS } from '../../constants.ts'
import { isTreeCid } from '../../dataset/codecs.ts'
import { ProtocolError } from '../../errors.ts'
import { rootKey } from '../root-key.ts'
import type { BlockAddress } from './message.ts'

/** Bytes; CIDs of this network have 36 to 38. */
const MAX_CID_BYTES = 128

const NO_BYTES = new Uint8Array(0)

/** A tree or a standalone block, in memory of its own. */
export interface Root {
  readonly cid: CID
  /** What it is known by in maps. */
  readonly key: string
}

/** Where a block is, as a peer wrote it. */
export interface ReceivedAddress {
  readonly root: Root
  /** Leaf index; 0 for a standalone block. */
  readonly index: number
}

/**
 * The address of each of some blocks, for a message.
 *
 * @returns a function from leaf index to address
 */
export function addressesIn (root: CID): (index: number) => BlockAddress {
  const cid = root.bytes

  if (isTreeCid(root)) {
    return index => ({ leaf: true, treeCid: cid, index })
  }

  const standalone = { leaf: false, cid }

  return () => standalone
}

/**
 * Reads the addresses of one message. They come by the thousand with the same root: each root is parsed once, and no more
 * of them than `maxRoots`.
 */
export class AddressReader {
  readonly #maxRoots: number
  readonly #roots = new Map<string, Root>()
  #last?: Root

  constructor (maxRoots: number) {
    this.#maxRoots = maxRoots
  }

  /** How many roots were parsed. */
  get roots (): number {
    return this.#roots.size
  }

  /**
   * Undefined when its root is one too many.
   *
   * @throws {ProtocolError} when the address is absent or malformed, or its CID is not of the kind that it says
   */
  read (address: BlockAddress | undefined): ReceivedAddress | undefined {
    if (address == null) {
      throw new ProtocolError('A block has no address')
    }

    const isLeaf = address.leaf === true
    const root = this.#root((isLeaf ? address.treeCid : address.cid) ?? NO_BYTES)

    if (root == null) {
      return undefined
    }

    if (isTreeCid(root.cid) !== isLeaf) {
      throw new ProtocolError(isLeaf ? 'The address of a leaf is not in a tree' : 'A tree is addressed as a block', { cid: root.cid })
    }

    return { root, index: isLeaf ? readIndex(address.index) : 0 }
  }

  #root (bytes: Uint8Array): Root | undefined {
    if (this.#last != null && equals(this.#last.cid.bytes, bytes)) {
      return this.#last
    }

    assertCidLength(bytes)

    const key = rootKey(bytes)
    let root = this.#roots.get(key)

    if (root == null) {
      if (this.#roots.size === this.#maxRoots) {
        return undefined
      }

      // a copy: the address outlives the message that it came in
      root = { cid: readCid(bytes.slice()), key }
      this.#roots.set(key, root)
    }

    this.#last = root

    return root
  }
}

/** It may be a view of `bytes`. */
function readCid (bytes: Uint8Array): CID {
  try {
    return CID.decode(bytes)
  } catch (err) {
    throw new ProtocolError('A CID cannot be decoded', { cause: err })
  }
}

/** @throws {ProtocolError} when a CID from a peer is too long */
export function assertCidLength (bytes: Uint8Array): void {
  if (bytes.byteLength > MAX_CID_BYTES) {
    throw new ProtocolError(`A CID of ${bytes.byteLength} bytes is too long`)
  }
}

function readIndex (index = 0): number {
  if (!Number.isSafeInteger(index) || index < 0 || index >= MAX_BLOCKS) {
    throw new ProtocolError(`There is no leaf ${index}`)
  }

  return index
}
