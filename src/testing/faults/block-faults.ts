/** What may befall a block that a peer is about to send. Each is a function of the block, so they compose. */
import { blockCid } from '../../dataset/codecs.ts'
import { decodeProof, encodeProof } from '../../dataset/merkle-proof.ts'
import type { ServedBlock } from '../../exchange/peer-link.ts'
import type { Random } from '../../interfaces.ts'

/** What becomes of a block that is about to be sent; undefined: it never is. */
export type BlockFault = (block: ServedBlock) => ServedBlock | undefined

/** Other bytes than the block's; an empty block gets one. */
export const wrongBytes: BlockFault = block => ({ ...block, data: flipped(block.data) })

/** A proof that can be read and leads elsewhere. */
export const wrongProof: BlockFault = block => withProof(block, proof => ({ ...proof, path: proof.path.map(flipped) }))

/** The bytes and proof of one block under the index of its neighbour. */
export const wrongIndex: BlockFault = block => ({ ...block, index: block.index ^ 1 })

/** The CID of other bytes. */
export const wrongCid: BlockFault = block => ({ ...block, cid: blockCid(flipped(block.cid.multihash.digest)) })

/** A proof for a tree of the same size in which all other leaves are different. */
export const otherTree: BlockFault = block => withProof(block, proof => ({ ...proof, path: proof.path.map(hash => hash.toReversed()) }))

/** A proof that claims another number of leaves. */
export const wrongLeaves: BlockFault = block => withProof(block, proof => ({ ...proof, leaves: proof.leaves + 1 }))

/** It was said to be there, and does not come. */
export const neverDelivered: BlockFault = () => undefined

/** The fault for some blocks, drawn with a probability from 0 to 1; the others are left alone. */
export function sometimes (random: Random, probability: number, fault: BlockFault): BlockFault {
  return block => random() < probability ? fault(block) : block
}

function withProof (block: ServedBlock, change: (proof: ReturnType<typeof decodeProof>) => ReturnType<typeof decodeProof>): ServedBlock {
  return block.proof == null ? block : { ...block, proof: encodeProof(change(decodeProof(block.proof))) }
}

/** A copy whose last byte is another. */
function flipped (bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(Math.max(1, bytes.byteLength))
  copy.set(bytes)
  copy[copy.byteLength - 1] ^= 1

  return copy
}
