import { formatCid, isTreeCid } from './codecs.ts'
import type { CID } from 'multiformats/cid'

/**
 * Where a block is: a leaf of a tree, or on its own. docs/PROTOCOL.md §2.
 */
export interface BlockAddress {
  /** The `treeCid` of the dataset, or the block's own CID. */
  root: CID
  /** Leaf index; 0 for a block addressed by its own CID. */
  index: number
}

/** The address of a block by its own CID. */
export function standaloneAddress (cid: CID): BlockAddress {
  return { root: cid, index: 0 }
}

/** Whether the address is a leaf of a tree. */
export function isLeafAddress (address: BlockAddress): boolean {
  return isTreeCid(address.root)
}

/** The one text form of an address, to be used as a key: `<treeCid>/<index>` or `<cid>`. */
export function addressKey (address: BlockAddress): string {
  const root = formatCid(address.root)

  return isLeafAddress(address) ? `${root}/${address.index}` : root
}
