/**
 * The codes of the network's identifiers, and CIDs made of digests. docs/PROTOCOL.md §1.
 */
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { InvalidParametersError } from '../errors.ts'

/** CID of a manifest block. */
export const CODEX_MANIFEST = 0xcd01
/** CID of a data or parity block. */
export const CODEX_BLOCK = 0xcd02
/** CID of a dataset's Merkle root: its `treeCid`. */
export const CODEX_ROOT = 0xcd03
/** Roots of slots in a verifiable manifest. */
export const CODEX_SLOT_ROOT = 0xcd04
/** `verifyRoot` of a verifiable manifest. */
export const CODEX_PROVING_ROOT = 0xcd05
/** Cells of a slot. */
export const CODEX_SLOT_CELL = 0xcd06
/** Hash of slots, used in storage proofs only. */
export const POSEIDON2_SPONGE = 0xcd10
/** Hash of cells, used in storage proofs only. */
export const POSEIDON2_MERKLE_2KB = 0xcd11
/** Multihash code of sha2-256. */
export const SHA2_256 = 0x12

/** Bytes of a sha2-256 digest. */
export const DIGEST_BYTES = 32

/** Characters of a CID's text; those of the network have 52 to 61. */
const MAX_CID_TEXT = 128

function cidOf (code: number, digest: Uint8Array): CID {
  if (digest.byteLength !== DIGEST_BYTES) {
    throw new InvalidParametersError(`A sha2-256 digest has ${DIGEST_BYTES} bytes, not ${digest.byteLength}`)
  }

  return CID.createV1(code, Digest.create(SHA2_256, digest))
}

/**
 * CID of a data or parity block.
 *
 * @throws {InvalidParametersError} when the digest is not of 32 bytes
 */
export function blockCid (digest: Uint8Array): CID {
  return cidOf(CODEX_BLOCK, digest)
}

/**
 * CID of a dataset's Merkle root.
 *
 * @throws {InvalidParametersError} when the digest is not of 32 bytes
 */
export function treeCid (digest: Uint8Array): CID {
  return cidOf(CODEX_ROOT, digest)
}

/**
 * CID of a manifest block.
 *
 * @throws {InvalidParametersError} when the digest is not of 32 bytes
 */
export function manifestCid (digest: Uint8Array): CID {
  return cidOf(CODEX_MANIFEST, digest)
}

function hasDigest (cid: CID): boolean {
  return cid.multihash.code === SHA2_256 && cid.multihash.digest.byteLength === DIGEST_BYTES
}

/**
 * The sha2-256 digest in a CID: 32 bytes.
 *
 * @throws {InvalidParametersError} when the CID has another hash
 */
export function digestOf (cid: CID): Uint8Array {
  if (!hasDigest(cid)) {
    throw new InvalidParametersError(`${cid.toString()} is not made of a sha2-256 digest`, { cid })
  }

  return cid.multihash.digest
}

/** Whether this is a CIDv1 of a manifest block, made with sha2-256. */
export function isManifestCid (cid: CID): boolean {
  return cid.code === CODEX_MANIFEST && hasDigest(cid)
}

/** Whether this is a CIDv1 of a data or parity block, made with sha2-256. */
export function isBlockCid (cid: CID): boolean {
  return cid.code === CODEX_BLOCK && hasDigest(cid)
}

/** Whether this is a CIDv1 of a dataset's Merkle root, made with sha2-256. */
export function isTreeCid (cid: CID): boolean {
  return cid.code === CODEX_ROOT && hasDigest(cid)
}

/** A CID as this network writes it: base58btc, `z…`. */
export function formatCid (cid: CID): string {
  return cid.toString(base58btc)
}

/**
 * Reads a CID written in base58btc (`z…`) or base32 (`b…`).
 *
 * @throws {InvalidParametersError} when the text is not a CIDv1 in one of them
 */
export function parseCid (text: string): CID {
  if (text.length > MAX_CID_TEXT) {
    throw new InvalidParametersError(`A CID of ${text.length} characters is too long`)
  }

  let cid: CID

  try {
    cid = CID.parse(text, base58btc.decoder.or(base32.decoder))
  } catch (err) {
    throw new InvalidParametersError(`"${text}" is not a CID`, { cause: err })
  }

  if (cid.version !== 1) {
    throw new InvalidParametersError(`"${text}" is a CIDv${cid.version}, not a CIDv1`)
  }

  return cid
}

/** sha2-256 of no bytes: the leaf of a padding block. docs/PROTOCOL.md §2. */
export const EMPTY_DIGEST = base32.decode('b4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq')

/** CID of the empty block, which stands for `blockSize` zero bytes where a dataset is padded. */
export const EMPTY_CID = blockCid(EMPTY_DIGEST)
