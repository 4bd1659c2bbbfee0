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
 * Reads a CID from a peer. It may be a view of `bytes`.
 *
 * @throws {ProtocolError} when it is not one
 */
export function readCid (bytes: Uint8Array = NO_BYTES): CID {
  if (bytes.byteLength > MAX_CID_BYTES) {
    throw new ProtocolError(`A CID of ${bytes.byteLength} bytes is too long`)
  }

  try {
    return CID.decode(bytes)
  } catch (err) {
    throw new ProtocolError('A CID cannot be decoded', { cause: err })
  }
}

/**
 * Reads the addresses that a peer writes. They come by the thousand with the same root: each root is parsed once in a row.
 */
export class AddressReader {
  #last?: Root & { leaf: boolean }

  /** @throws {ProtocolError} when the address is absent or malformed, or its CID is not of the kind that it says */
  read (address: BlockAddress | undefined): ReceivedAddress {
    if (address == null) {
      throw new ProtocolError('A block has no address')
    }

    return address.leaf === true
      ? { root: this.#root(address.treeCid, true), index: readIndex(address.index) }
      : { root: this.#root(address.cid, false), index: 0 }
  }

  #root (bytes: Uint8Array | undefined, leaf: boolean): Root {
    const last = this.#last

    if (last != null && last.leaf === leaf && bytes != null && equals(last.cid.bytes, bytes)) {
      return last
    }

    // a copy: the address outlives the message that it came in
    const cid = readCid(bytes?.slice())

    if (isTreeCid(cid) !== leaf) {
      throw new ProtocolError(leaf ? 'The address of a leaf is not in a tree' : 'A tree is addressed as a block', { cid })
    }

    this.#last = { cid, key: rootKey(cid.bytes), leaf }

    return this.#last
  }
}

function readIndex (index = 0): number {
  if (!Number.isSafeInteger(index) || index < 0 || index >= MAX_BLOCKS) {
    throw new ProtocolError(`There is no leaf ${index}`)
  }

  return index
}
