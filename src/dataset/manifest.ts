/**
 * Manifests read from bytes: a dag-pb node without links whose data is the header. docs/PROTOCOL.md §4.
 */
import { CID } from 'multiformats/cid'
import { MAX_MANIFEST_BYTES } from '../constants.ts'
import { InvalidManifestError } from '../errors.ts'
import { ManifestHeader, ManifestNode } from './manifest-message.ts'
import { assertManifestLength, assertValidManifest, STRATEGIES } from './manifest-rules.ts'
import type { Manifest, Protection, Strategy, Verification } from './manifest-fields.ts'
import type { ErasureInfo, VerificationInfo } from './manifest-message.ts'

export { blockCount, fileBlocks, fileSize } from './manifest-fields.ts'
export type { Manifest, Protection, Strategy, Verification } from './manifest-fields.ts'

/** As many as fit; empty ones would be many more. */
const MAX_SLOT_ROOTS = Math.floor(MAX_MANIFEST_BYTES / 36)

/**
 * Reads a manifest block. Unknown fields are skipped, fields come in any order, the last of several counts.
 *
 * @throws {InvalidManifestError} when it is too long, malformed, out of range, or its fields disagree
 */
export function decodeManifest (bytes: Uint8Array): Manifest {
  assertManifestLength(bytes)

  const header = decodeHeader(bytes)
  const manifest: Manifest = {
    treeCid: cidOf('treeCid', header.treeCid),
    blockSize: header.blockSize ?? 0,
    datasetSize: header.datasetSize ?? 0,
    codec: header.codec ?? 0,
    hcodec: header.hcodec ?? 0,
    version: header.version ?? 0,
    filename: textOf(header.filename),
    mimetype: textOf(header.mimetype),
    protection: header.erasure == null ? undefined : protectionOf(header.erasure)
  }

  assertValidManifest(manifest)

  return manifest
}

function decodeHeader (bytes: Uint8Array): ManifestHeader {
  try {
    // not by dag-pb, which refuses the unknown fields that the reference node skips
    const { data } = ManifestNode.decode(bytes)

    return ManifestHeader.decode(data ?? new Uint8Array(0), { limits: { erasure: { verification: { slotRoots: MAX_SLOT_ROOTS } } } })
  } catch (err) {
    throw new InvalidManifestError('A manifest cannot be decoded', { cause: err })
  }
}

function protectionOf (info: ErasureInfo): Protection {
  return {
    ecK: info.ecK ?? 0,
    ecM: info.ecM ?? 0,
    originalTreeCid: cidOf('originalTreeCid', info.originalTreeCid),
    originalDatasetSize: info.originalDatasetSize ?? 0,
    strategy: strategyOf('protectedStrategy', info.protectedStrategy),
    verification: info.verification == null ? undefined : verificationOf(info.verification)
  }
}

function verificationOf (info: VerificationInfo): Verification {
  return {
    verifyRoot: cidOf('verifyRoot', info.verifyRoot),
    slotRoots: info.slotRoots.map(bytes => cidOf('slotRoots', bytes)),
    cellSize: info.cellSize ?? 0,
    strategy: strategyOf('verifiableStrategy', info.verifiableStrategy)
  }
}

function strategyOf (field: string, ordinal: number = 0): Strategy {
  const strategy = STRATEGIES[ordinal]

  if (strategy == null) {
    throw new InvalidManifestError(`The manifest's ${field} cannot be ${ordinal}`)
  }

  return strategy
}

/** A CID with memory of its own: the block's bytes need not be kept for it. */
function cidOf (field: string, bytes: Uint8Array = new Uint8Array(0)): CID {
  let cid: CID

  try {
    cid = CID.decode(bytes.slice())
  } catch (err) {
    throw new InvalidManifestError(`The manifest's ${field} is not a CID`, { cause: err })
  }

  if (cid.version !== 1) {
    throw new InvalidManifestError(`The manifest's ${field} is a CIDv${cid.version}`)
  }

  return cid
}

/** Bytes that are no UTF-8 can become halves of surrogate pairs, which cannot be written again. */
function textOf (text: string = ''): string | undefined {
  return text === '' ? undefined : text.toWellFormed()
}
