/**
 * The one place where blocks become trusted: a `VerifiedBlock` can be made here only.
 */
import { CID } from 'multiformats/cid'
import { equals } from 'uint8arrays/equals'
import { InvalidDatasetError, InvalidParametersError, VerificationError } from '../errors.ts'
import { blockCid, DIGEST_BYTES, digestOf, EMPTY_CID, isBlockCid, isTreeCid, SHA2_256 } from './codecs.ts'
import { blockCount } from './manifest.ts'
import { decodeProof, proofDepth, verifyProof } from './merkle-proof.ts'
import type { Delivery } from './delivery.ts'
import type { Hasher } from './hasher.ts'
import type { Manifest } from './manifest.ts'
import type { MerkleProof } from './merkle-proof.ts'
import type { ProofCache } from './proof-cache.ts'

/** What the CIDs of all data blocks begin with. */
const BLOCK_CID_HEAD = EMPTY_CID.bytes.slice(0, -DIGEST_BYTES)

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

/** Bytes that are what their address says. The private fields keep look-alikes out, at compile time and when run. */
class Verified {
  /** The dataset's `treeCid`, or the block's own CID. */
  readonly root: CID
  /** Leaf index; 0 for a standalone block. */
  readonly index: number
  /** sha2-256 of the bytes. */
  readonly digest: Uint8Array
  /** The bytes; none for the empty block, which stands for `blockSize` zeros. */
  readonly data: Uint8Array
  #cid?: CID

  /** Without `cid` it has that of a data block. */
  constructor (root: CID, index: number, digest: Uint8Array, data: Uint8Array, cid?: CID) {
    this.root = root
    this.index = index
    this.digest = digest
    this.data = data
    this.#cid = cid
  }

  /** The block's own CID. */
  get cid (): CID {
    this.#cid ??= blockCid(this.digest)

    return this.#cid
  }

  static is (value: object): value is Verified {
    return #cid in value
  }

  static copyOf (block: Verified): Verified {
    const { root, index, digest, data } = block

    return new Verified(root, index, digest, data.slice(), block.#cid)
  }
}

/** A block whose bytes were checked. Made by `verify`, `reverify`, `ownBlock` and `copyOf`, and by nothing else. */
export type VerifiedBlock = Verified

/** The same block in memory of its own, for another who may change it. */
export function copyOf (block: VerifiedBlock): VerifiedBlock {
  return Verified.copyOf(block)
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
  const { index, data } = delivery
  const isLeaf = isTreeCid(shape.root)

  assertAddress(shape, delivery.root, index)

  return whenHashed(data, hasher, digest => {
    if (isLeaf) {
      assertLeaf(shape, delivery, digest, proofs, hasher)
    } else {
      assertDigest(readCid(delivery), digest, index)
      assertDigest(shape.root, digest, index)
    }

    assertLength(shape, digest, index, data)

    return new Verified(shape.root, index, digest, data, isLeaf ? undefined : shape.root)
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

    return new Verified(shape.root, index, digest, data, cid)
  })
}

/**
 * Makes a block of our own bytes, addressed by its own CID: the tree that it will be a leaf of is not known yet.
 * `toCid` makes its CID of its digest: `blockCid` or `manifestCid`.
 */
export function ownBlock (data: Uint8Array, hasher: Hasher, toCid: (digest: Uint8Array) => CID = blockCid): VerifiedBlock | Promise<VerifiedBlock> {
  return whenHashed(data, hasher, digest => {
    const cid = toCid(digest)

    return new Verified(cid, 0, digest, data, cid)
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
  const { index, proof } = delivery

  assertBlockCid(delivery, digest)

  if (proofs?.leaf(index) != null) {
    proofs.prove(index, digest)
    return
  }

  const claim = proof == null ? undefined : assertSameTree(shape, digest, decodeProof(proof), hasher)

  if (proofs != null) {
    proofs.prove(index, digest, claim)
  } else if (claim?.index !== index || !verifyProof(digestOf(shape.root), digest, claim, shape.leaves, hasher)) {
    throw new VerificationError(`Leaf ${index} has no proof that leads to the root`, { cid: shape.root, index })
  }
}

/** Compares bytes: a CID is made only of one that is not as all are. */
function assertBlockCid (delivery: Delivery, digest: Uint8Array): void {
  const { cid: bytes, index } = delivery

  if (bytes.byteLength === BLOCK_CID_HEAD.byteLength + DIGEST_BYTES && startsWith(bytes, BLOCK_CID_HEAD) && endsWith(bytes, digest)) {
    return
  }

  const cid = readCid(delivery)
  assertDigest(cid, digest, index)

  if (!isBlockCid(cid)) {
    throw new VerificationError(`The CID of leaf ${index} is not a block's`, { cid, index })
  }
}

function readCid ({ cid, index }: Delivery): CID {
  try {
    return CID.decode(cid)
  } catch (cause) {
    throw new VerificationError(`The CID of block ${index} cannot be decoded`, { index, cause })
  }
}

function startsWith (bytes: Uint8Array, head: Uint8Array): boolean {
  return head.every((byte, i) => bytes[i] === byte)
}

function endsWith (bytes: Uint8Array, tail: Uint8Array): boolean {
  const from = bytes.byteLength - tail.byteLength

  return tail.every((byte, i) => bytes[from + i] === byte)
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

function assertLength (shape: DatasetShape, digest: Uint8Array, index: number, data: Uint8Array): void {
  const length = data.byteLength
  const fits = isTreeCid(shape.root) ? length === 0 || length === shape.blockSize : length <= shape.blockSize

  if (!fits) {
    throw new InvalidDatasetError(`Block ${index} has ${length} bytes where ${shape.blockSize} are right`, { cid: blockCid(digest), index })
  }
}
