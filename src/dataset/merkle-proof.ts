import { equals } from 'uint8arrays/equals'
import { MAX_PROOF_DEPTH } from '../constants.ts'
import { InvalidProofError } from '../errors.ts'
import { DIGEST_BYTES, SHA2_256 } from './codecs.ts'
import { createCompress, layerAbove, proofDepth } from './compress.ts'
import { CodexProof } from './proof-message.ts'
import type { Hasher } from './hasher.ts'

export { proofDepth }

/** Bytes; twice what the deepest proof takes, so that fields unknown to us fit. */
const MAX_PROOF_BYTES = MAX_PROOF_DEPTH * 72

/** The way from a leaf to the root. docs/PROTOCOL.md §3. */
export interface MerkleProof {
  /** The leaf's index. */
  index: number
  /** Leaves of the whole tree. */
  leaves: number
  /** The siblings from the bottom up, 32 bytes each; zeros where there is none. */
  path: Uint8Array[]
}

/** Writes a proof as the reference node does, defaults included. */
export function encodeProof (proof: MerkleProof): Uint8Array {
  return CodexProof.encode({
    mcodec: SHA2_256,
    index: proof.index,
    nleaves: proof.leaves,
    path: proof.path.map(hash => ({ hash: hash as Uint8Array<ArrayBuffer> }))
  })
}

/**
 * Reads a proof. It is bounded and well formed afterwards, not verified. The path is made of views of `bytes`.
 *
 * @throws {InvalidProofError} when it is malformed, too deep, of another hash, or its path does not fit its leaves
 */
export function decodeProof (bytes: Uint8Array): MerkleProof {
  if (bytes.byteLength > MAX_PROOF_BYTES) {
    throw new InvalidProofError(`A proof of ${bytes.byteLength} bytes is too long`)
  }

  const message = decodeMessage(bytes)
  const index = message.index ?? 0
  const leaves = message.nleaves ?? 0

  if (message.mcodec !== SHA2_256) {
    throw new InvalidProofError(`A proof made with hash ${message.mcodec ?? 0} is not supported`)
  }

  const path = message.path.map(node => node.hash ?? new Uint8Array(0))
  const proof = { index, leaves, path }

  assertWellFormed(proof)

  return proof
}

function decodeMessage (bytes: Uint8Array): CodexProof {
  try {
    return CodexProof.decode(bytes, { limits: { path: MAX_PROOF_DEPTH } })
  } catch (err) {
    throw new InvalidProofError('A proof cannot be decoded', { cause: err })
  }
}

/**
 * Checks that index, leaves and path agree with each other.
 *
 * @throws {InvalidProofError} when they do not
 */
export function assertWellFormed ({ index, leaves, path }: MerkleProof): void {
  if (!Number.isSafeInteger(leaves) || leaves < 1) {
    throw new InvalidProofError(`A tree cannot have ${leaves} leaves`)
  }

  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves) {
    throw new InvalidProofError(`Leaf ${index} is not one of ${leaves}`)
  }

  if (path.length !== proofDepth(leaves)) {
    throw new InvalidProofError(`A proof among ${leaves} leaves has ${proofDepth(leaves)} hashes, not ${path.length}`, { index })
  }

  for (const hash of path) {
    if (hash.byteLength !== DIGEST_BYTES) {
      throw new InvalidProofError(`A proof's hash has ${DIGEST_BYTES} bytes, not ${hash.byteLength}`, { index })
    }
  }
}

/**
 * Whether a proof leads from a leaf's digest to the root's. `leaves` is what the manifest says: the proof's own numbers
 * are only compared.
 *
 * @throws {InvalidProofError} when the proof is malformed or of a tree of another size
 */
export function verifyProof (root: Uint8Array, leaf: Uint8Array, proof: MerkleProof, leaves: number, hasher: Hasher): boolean {
  if (proof.leaves !== leaves) {
    throw new InvalidProofError(`A proof among ${proof.leaves} leaves does not fit a tree of ${leaves}`, { index: proof.index })
  }

  assertWellFormed(proof)

  const compress = createCompress(hasher)
  let index = proof.index
  let count = leaves
  let digest = leaf

  for (let level = 0; level < proof.path.length; level++) {
    const sibling = proof.path[level]

    digest = index % 2 === 1
      ? compress(sibling, digest, level, false)
      : compress(digest, sibling, level, index === count - 1)
    index = Math.floor(index / 2)
    count = layerAbove(count)
  }

  return leaf.byteLength === DIGEST_BYTES && equals(digest, root)
}
