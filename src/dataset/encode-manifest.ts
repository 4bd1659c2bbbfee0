/**
 * Manifests as bytes: a dag-pb node without links whose data is the header. docs/PROTOCOL.md §4.
 */
import * as dagPB from '@ipld/dag-pb'
import { ManifestHeader } from './manifest-message.ts'
import { assertManifestLength, assertValidManifest, STRATEGIES } from './manifest-rules.ts'
import type { Manifest, Protection, Verification } from './manifest-fields.ts'
import type { ErasureInfo, VerificationInfo } from './manifest-message.ts'

/**
 * The bytes of a manifest block, as the reference node writes them. An empty name or type is left out.
 *
 * @throws {InvalidManifestError} when a field is out of range or they disagree
 */
export function encodeManifest (manifest: Manifest): Uint8Array {
  assertValidManifest(manifest)

  const header = ManifestHeader.encode({
    treeCid: manifest.treeCid.bytes,
    blockSize: manifest.blockSize,
    datasetSize: manifest.datasetSize,
    codec: manifest.codec,
    hcodec: manifest.hcodec,
    version: manifest.version,
    erasure: manifest.protection == null ? undefined : erasureInfo(manifest.protection),
    filename: manifest.filename === '' ? undefined : manifest.filename,
    mimetype: manifest.mimetype === '' ? undefined : manifest.mimetype
  })
  const bytes = dagPB.encode({ Data: header, Links: [] })

  assertManifestLength(bytes)

  return bytes
}

function erasureInfo (protection: Protection): ErasureInfo {
  return {
    ecK: protection.ecK,
    ecM: protection.ecM,
    originalTreeCid: protection.originalTreeCid.bytes,
    originalDatasetSize: protection.originalDatasetSize,
    protectedStrategy: STRATEGIES.indexOf(protection.strategy),
    verification: protection.verification == null ? undefined : verificationInfo(protection.verification)
  }
}

function verificationInfo (verification: Verification): VerificationInfo {
  return {
    verifyRoot: verification.verifyRoot.bytes,
    slotRoots: verification.slotRoots.map(cid => cid.bytes),
    cellSize: verification.cellSize,
    verifiableStrategy: STRATEGIES.indexOf(verification.strategy)
  }
}
