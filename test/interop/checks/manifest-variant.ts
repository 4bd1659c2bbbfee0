import { digestOf, formatCid, isManifestCid, manifestCid, parseCid } from '../../../src/dataset/codecs.ts'
import { encodeManifest } from '../../../src/dataset/encode-manifest.ts'
import { blockCount, decodeManifest, fileSize } from '../../../src/dataset/manifest.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { bytesOf, hex } from './tally.ts'
import type { Tally } from './tally.ts'
import type { Manifest, Protection, Strategy, Verification } from '../../../src/dataset/manifest.ts'

/** A manifest in the vectors: its bytes and what they say. */
export interface ManifestVariant {
  manifestHex: string
  manifestCid: string
  manifestCidHex?: string
  treeCid: string
  treeCidHex?: string
  blockSize: number
  datasetSize: number
  blocksCount?: number
  codec: number
  hcodec: number
  version: number
  protected?: boolean
  verifiable?: boolean
  filename?: string | null
  mimetype?: string | null
  ecK?: number
  ecM?: number
  originalTreeCid?: string
  originalDatasetSize?: number
  protectedStrategy?: number
  steps?: number
  rounded?: number
  verifyRoot?: string
  verifyRootHex?: string
  verifyRootLE?: string
  slotRoots?: string[]
  slotRootsHex?: string[]
  slotRootsLE?: string[]
  cellSize?: number
  verifiableStrategy?: number
}

const STRATEGIES: Strategy[] = ['linear', 'stepped']

/** Decodes, re-encodes, and encodes anew from the fields alone. */
export function checkManifestVariant (tally: Tally, name: string, variant: ManifestVariant): Manifest {
  const bytes = bytesOf(variant.manifestHex)
  const manifest = decodeManifest(bytes)
  const cid = manifestCid(hasher.digestNode(bytes))

  tally.equal(`${name} decoded`, plain(manifest), plain(fromFields(variant)))
  tally.equal(`${name} re-encoded`, hex(encodeManifest(manifest)), variant.manifestHex)
  tally.equal(`${name} encoded from its fields`, hex(encodeManifest(fromFields(variant))), variant.manifestHex)
  tally.equal(`${name} CID`, formatCid(cid), variant.manifestCid)
  tally.equal(`${name} CID parsed`, isManifestCid(parseCid(variant.manifestCid)) && hex(digestOf(parseCid(variant.manifestCid))), hex(digestOf(cid)))
  tally.equalIfGiven(`${name} CID bytes`, hex(cid.bytes), variant.manifestCidHex)
  tally.equalIfGiven(`${name} treeCid bytes`, hex(manifest.treeCid.bytes), variant.treeCidHex)
  tally.equalIfGiven(`${name} blocks`, blockCount(manifest), variant.blocksCount)
  tally.equalIfGiven(`${name} protected`, manifest.protection != null, variant.protected)
  tally.equalIfGiven(`${name} verifiable`, manifest.protection?.verification != null, variant.verifiable)
  tally.equal(`${name} file size`, fileSize(manifest), variant.originalDatasetSize ?? variant.datasetSize)
  checkVerification(tally, name, variant, manifest.protection?.verification)

  return manifest
}

function checkVerification (tally: Tally, name: string, variant: ManifestVariant, verification?: Verification): void {
  if (verification != null) {
    const { verifyRoot, slotRoots } = verification

    tally.equalIfGiven(`${name} verify root bytes`, hex(verifyRoot.bytes), variant.verifyRootHex)
    tally.equalIfGiven(`${name} verify root element`, hex(verifyRoot.multihash.digest), variant.verifyRootLE)
    tally.equalIfGiven(`${name} slot root bytes`, slotRoots.map(cid => hex(cid.bytes)), variant.slotRootsHex)
    tally.equalIfGiven(`${name} slot root elements`, slotRoots.map(cid => hex(cid.multihash.digest)), variant.slotRootsLE)
  }
}

function fromFields (variant: ManifestVariant): Manifest {
  return {
    treeCid: parseCid(variant.treeCid),
    blockSize: variant.blockSize,
    datasetSize: variant.datasetSize,
    codec: variant.codec,
    hcodec: variant.hcodec,
    version: variant.version,
    filename: variant.filename ?? undefined,
    mimetype: variant.mimetype ?? undefined,
    protection: variant.originalTreeCid == null ? undefined : protectionFrom(variant, variant.originalTreeCid)
  }
}

function protectionFrom (variant: ManifestVariant, originalTreeCid: string): Protection {
  return {
    ecK: variant.ecK ?? 0,
    ecM: variant.ecM ?? 0,
    originalTreeCid: parseCid(originalTreeCid),
    originalDatasetSize: variant.originalDatasetSize ?? 0,
    strategy: STRATEGIES[variant.protectedStrategy ?? 0],
    verification: variant.verifyRoot == null
      ? undefined
      : {
          verifyRoot: parseCid(variant.verifyRoot),
          slotRoots: (variant.slotRoots ?? []).map(parseCid),
          cellSize: variant.cellSize ?? 0,
          strategy: STRATEGIES[variant.verifiableStrategy ?? 0]
        }
  }
}

/** A manifest with its CIDs as text, in one order of fields. */
function plain (manifest: Manifest): unknown {
  const { protection, ...rest } = manifest
  const verification = protection?.verification

  return {
    ...rest,
    treeCid: formatCid(manifest.treeCid),
    protection: protection != null && {
      ...protection,
      originalTreeCid: formatCid(protection.originalTreeCid),
      verification: verification != null && {
        ...verification,
        verifyRoot: formatCid(verification.verifyRoot),
        slotRoots: verification.slotRoots.map(formatCid)
      }
    }
  }
}
