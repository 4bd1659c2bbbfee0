/**
 * The one place where blocks become trusted: a `VerifiedBlock` can be made here only.
 */
import { equals } from 'uint8arrays/equals'
import { InvalidDatasetError, InvalidParametersError, VerificationError } from '../errors.ts'
import { blockCid, digestOf, isBlockCid, isTreeCid, SHA2_256 } from './codecs.ts'
import { blockCount } from './manifest.ts'
import { proofDepth, verifyProof } from './merkle-proof.ts'
import type { Delivery } from './delivery.ts'
import type { Hasher } from './hasher.ts'
import type { Manifest } from './manifest.ts'
import type { MerkleProof } from './merkle-proof.ts'
import type { ProofCache } from './proof-cache.ts'
import type { CID } from 'multiformats/cid'

/** What must be known of a dataset to verify its blocks. */
export interface DatasetShape {
  /** The `treeCid`, or the CID of a standalone block. */
  root: CID
  /** How many leaves the tree has; 1 for a standalone block. */
  leaves: number
  /** Bytes of a block; of a standalone block: at most. */
  blockSize: number
}

/** The shape of a manifest's dataset. */
export function shapeOf (manifest: Manifest): DatasetShape {
  return { root: manifest.treeCid, leaves: blockCount(manifest), blockSize: manifest.blockSize }
}

/**
 * The shape of a block on its own, of at most `maxBytes`.
 *
 * @throws {InvalidParametersError} when the CID is a tree's, or not made with sha2-256
 */
export function standaloneShape (cid: CID, maxBytes: number): DatasetShape {
  digestOf(cid)

  if (isTreeCid(cid)) {
    throw new InvalidParametersError('A tree is not a block', { cid })
  }

  return { root: cid, leaves: 1, blockSize: maxBytes }
}

/** Bytes that are what their address says. The private field keeps look-alikes out, at compile time and when run. */
class Verified {
  readonly #verified = true
  /** The dataset's `treeCid`, or the block's own CID. */
  readonly root: CID
  /** Leaf index; 0 for a standalone block. */
  readonly index: number
  /** The block's own CID. */
  readonly cid: CID
  /** The bytes; none for the empty block, which stands for `blockSize` zeros. */
  readonly data: Uint8Array

  constructor (root: CID, index: number, cid: CID, data: Uint8Array) {
    this.root = root
    this.index = index
    this.cid = cid
    this.data = data
  }

  static is (value: object): value is Verified {
    return #verified in value && value.#verified
  }
}

/** A block whose bytes were checked. Made by `verify`, `reverify`, `ownBlock` and `copyOf`, and by nothing else. */
export type VerifiedBlock = Verified

/** The same block in memory of its own, for another who may change it. */
export function copyOf ({ root, index, cid, data }: VerifiedBlock): VerifiedBlock {
  return new Verified(root, index, cid, data.slice())
}

/** Whether this was made here. */
export function isVerifiedBlock (value: object): value is VerifiedBlock {
  return Verified.is(value)
}

/**
 * Checks a block that a peer sent, or that was recovered: bytes against CID, CID against the tree. Synchronous where the
 * hasher is. A leaf that is proven in `proofs` needs no proof; a standalone block needs no `proofs`.
 *
 * @throws {VerificationError} when the block is not what its address says: its sender's fault
 * @throws {InvalidProofError} when the proof is malformed: its sender's fault
 * @throws {InvalidDatasetError} when it is, but its length is not the dataset's: its author's fault
 */
export function verify (shape: DatasetShape, delivery: Delivery, proofs: ProofCache | undefined, hasher: Hasher): VerifiedBlock | Promise<VerifiedBlock> {
  const { index, cid, data } = delivery

  assertAddress(shape, delivery.root, index)

  return whenHashed(data, hasher, digest => {
    assertDigest(cid, digest, index)

    if (isTreeCid(shape.root)) {
      assertLeaf(shape, delivery, digest, proofs, hasher)
    } else {
      assertDigest(shape.root, digest, index)
    }

    assertLength(shape, cid, index, data)

    return new Verified(shape.root, index, isTreeCid(shape.root) ? cid : shape.root, data)
  })
}

/**
 * Checks a block that our own store gave back, against the CID under which it was kept when it was verified.
 *
 * @throws {VerificationError} when the bytes are not those of the CID: the store lost them
 */
export function reverify (shape: DatasetShape, index: number, cid: CID, data: Uint8Array, hasher: Hasher): VerifiedBlock | Promise<VerifiedBlock> {
  assertAddress(shape, shape.root, index)

  return whenHashed(data, hasher, digest => {
    assertDigest(cid, digest, index)

    return new Verified(shape.root, index, cid, data)
  })
}

/**
 * Makes a block of our own bytes, addressed by its own CID: the tree that it will be a leaf of is not known yet.
 * `toCid` makes its CID of its digest: `blockCid` or `manifestCid`.
 */
export function ownBlock (data: Uint8Array, hasher: Hasher, toCid: (digest: Uint8Array) => CID = blockCid): VerifiedBlock | Promise<VerifiedBlock> {
  return whenHashed(data, hasher, digest => {
    const cid = toCid(digest)

    return new Verified(cid, 0, cid, data)
  })
}

/** Goes on with the digest, at once where the hasher gives it at once. */
function whenHashed (data: Uint8Array, hasher: Hasher, then: (digest: Uint8Array) => VerifiedBlock): VerifiedBlock | Promise<VerifiedBlock> {
  const digest = hasher.digest(data)

  return digest instanceof Uint8Array ? then(digest) : digest.then(then)
}

function assertAddress (shape: DatasetShape, root: CID, index: number): void {
  if (root !== shape.root && !root.equals(shape.root)) {
    throw new VerificationError('A block came for another dataset', { cid: root, index })
  }

  if (!Number.isSafeInteger(index) || index < 0 || index >= shape.leaves) {
    throw new VerificationError(`Block ${index} is not one of ${shape.leaves}`, { cid: root, index })
  }
}

function assertDigest (cid: CID, digest: Uint8Array, index: number): void {
  if (cid.multihash.code !== SHA2_256 || !equals(cid.multihash.digest, digest)) {
    throw new VerificationError(`The bytes of block ${index} are not those of its CID`, { cid, index })
  }
}

function assertLeaf (shape: DatasetShape, delivery: Delivery, digest: Uint8Array, proofs: ProofCache | undefined, hasher: Hasher): void {
  const { cid, index, proof } = delivery

  if (!isBlockCid(cid)) {
    throw new VerificationError(`The CID of leaf ${index} is not a block's`, { cid, index })
  }

  const claim = proof == null ? undefined : assertSameTree(shape, digest, proof, hasher)

  if (proofs != null) {
    proofs.prove(index, digest, claim)
  } else if (claim?.index !== index || !verifyProof(digestOf(shape.root), digest, claim, shape.leaves, hasher)) {
    throw new VerificationError(`Leaf ${index} has no proof that leads to the root`, { cid, index })
  }
}

/**
 * Weighs a proof of a tree of another size than the manifest says. Where it holds with the manifest's number all the
 * same, the number is passed over. Where it holds with its own number only, the tree has that number: a sender cannot
 * make such a proof of a tree that has the manifest's, since the keys of a path follow from the number. Without this, a
 * manifest that lies about a tree would have all its honest seeders taken for liars.
 *
 * @throws {InvalidDatasetError} when the manifest is wrong
 */
function assertSameTree (shape: DatasetShape, digest: Uint8Array, proof: MerkleProof, hasher: Hasher): MerkleProof {
  if (proof.leaves === shape.leaves) {
    return proof
  }

  const leads = (leaves: number): boolean => proof.index < leaves && proof.path.length === proofDepth(leaves) &&
    verifyProof(digestOf(shape.root), digest, { ...proof, leaves }, leaves, hasher)

  if (leads(shape.leaves)) {
    return { ...proof, leaves: shape.leaves }
  }

  if (leads(proof.leaves)) {
    throw new InvalidDatasetError(`The tree has ${proof.leaves} leaves, not ${shape.leaves}: the manifest is wrong`, { cid: shape.root, index: proof.index })
  }

  return proof
}

function assertLength (shape: DatasetShape, cid: CID, index: number, data: Uint8Array): void {
  const length = data.byteLength
  const fits = isTreeCid(shape.root) ? length === 0 || length === shape.blockSize : length <= shape.blockSize

  if (!fits) {
    throw new InvalidDatasetError(`Block ${index} has ${length} bytes where ${shape.blockSize} are right`, { cid, index })
  }
}
