import { encode as encodeVarint } from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { formatCid, SHA2_256, treeCid } from '../../../src/dataset/codecs.ts'
import { decodeProof, encodeProof, verifyProof } from '../../../src/dataset/merkle-proof.ts'
import { MerkleTree } from '../../../src/dataset/merkle-tree.ts'
import { ProofCache } from '../../../src/dataset/proof-cache.ts'
import { TreeBuilder } from '../../../src/dataset/tree-builder.ts'
import { InvalidProofError, VerificationError } from '../../../src/errors.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { bytesOf, hex, Tally } from './tally.ts'

interface ProofVector {
  mcodec?: number
  index: number
  nleaves: number
  path: string[]
  encodedHex: string
  leaf: string
  verifies: boolean
}

interface TreeVectors {
  entries: Array<{
    nleaves: number
    root: string
    rootCid?: string
    rootCidHex?: string
    levels?: number
    layers?: string[][]
    treeEncodedHex?: string
    proofs: ProofVector[]
  }>
}

/** `merkletrees.json`: trees over the digests of single bytes, and their proofs. */
export function checkMerkleTrees (json: unknown): number {
  const { entries } = json as TreeVectors
  const tally = new Tally()

  for (const { nleaves, root, proofs, ...entry } of entries) {
    const name = `tree of ${nleaves} leaves`
    const leaves = Array.from({ length: nleaves }, (_, i) => hasher.digestNode(Uint8Array.of(i)))
    const tree = new MerkleTree(leaves, hasher)
    const builder = new TreeBuilder(hasher)

    leaves.forEach(leaf => { builder.push(leaf) })

    tally.equal(`${name} root`, hex(tree.root), root)
    tally.equal(`${name} root, streamed`, hex(builder.finish().root), root)
    tally.equalIfGiven(`${name} CID`, formatCid(treeCid(tree.root)), entry.rootCid)
    tally.equalIfGiven(`${name} CID bytes`, hex(treeCid(tree.root).bytes), entry.rootCidHex)
    tally.equalIfGiven(`${name} levels`, tree.depth + 1, entry.levels)
    tally.equalIfGiven(`${name} layers`, layersOf(tree).map(layer => layer.map(hex)), entry.layers)
    tally.equalIfGiven(`${name} encoded`, hex(encodeTree(tree)), entry.treeEncodedHex)

    const cache = new ProofCache({ root: tree.root, leaves: nleaves, hasher })

    proofs.forEach((proof, i) => {
      checkProof(tally, `${name}, proof ${i}`, tree, proof)
      checkCache(tally, `${name}, proof ${i}`, cache, proof)
    })
  }

  return tally.count
}

function checkProof (tally: Tally, name: string, tree: MerkleTree, vector: ProofVector): void {
  const { index, nleaves, path, encodedHex, leaf, verifies } = vector

  tally.equal(`${name} verifies`, whetherProven(() => {
    return verifyProof(tree.root, bytesOf(leaf), decodeProof(bytesOf(encodedHex)), tree.leaves, hasher)
  }), verifies)

  if (verifies) {
    const proof = decodeProof(bytesOf(encodedHex))

    tally.equal(`${name} decoded`, { ...proof, path: proof.path.map(hex) }, { index, leaves: nleaves, path })
    tally.equal(`${name} of the tree`, hex(encodeProof(tree.proof(index))), encodedHex)
    tally.equalIfGiven(`${name} hash`, SHA2_256, vector.mcodec)
  }

  tally.equal(`${name} encoded`, hex(encodeProof({ index, leaves: nleaves, path: path.map(bytesOf) })), encodedHex)
}

/** The cache must come to the same, alone and with what it learnt from the proofs before, and give the proof back. */
function checkCache (tally: Tally, name: string, cache: ProofCache, vector: ProofVector): void {
  const { index, nleaves, path, leaf, verifies } = vector
  const proof = { index, leaves: nleaves, path: path.map(bytesOf) }

  tally.equal(`${name} in a cache`, whetherProven(() => {
    cache.prove(index, bytesOf(leaf), proof)

    return true
  }), verifies)

  if (verifies) {
    tally.equal(`${name} leaf in a cache`, hex(cache.leaf(index) ?? new Uint8Array(0)), leaf)
    tally.equal(`${name} back from a cache`, cache.proof(index)?.path.map(hex), path)
  }
}

function whetherProven (prove: () => boolean): boolean {
  try {
    return prove()
  } catch (err) {
    if (err instanceof VerificationError || err instanceof InvalidProofError) {
      return false
    }

    throw err
  }
}

function layersOf (tree: MerkleTree): Uint8Array[][] {
  return Array.from({ length: tree.depth + 1 }, (_, level) => tree.layer(level))
}

/** A whole tree as the reference node keeps it: hash, number of leaves, and every node from the leaves up. */
function encodeTree (tree: MerkleTree): Uint8Array {
  const nodes = layersOf(tree).flat().map(digest => concat([Uint8Array.of(0x1a, digest.length + 2, 0x0a, digest.length), digest]))

  return concat([Uint8Array.of(0x08, SHA2_256, 0x10), encodeVarint(tree.leaves), ...nodes])
}
