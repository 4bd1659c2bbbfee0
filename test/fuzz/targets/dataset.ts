/** What a dataset is described by: manifests, proofs, and CIDs as text. */
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { MAX_MANIFEST_BYTES } from '../../../src/constants.ts'
import { formatCid, parseCid, treeCid } from '../../../src/dataset/codecs.ts'
import { encodeManifest } from '../../../src/dataset/encode-manifest.ts'
import { decodeManifest } from '../../../src/dataset/manifest.ts'
import { decodeProof, encodeProof } from '../../../src/dataset/merkle-proof.ts'
import { parseFields, writeFields } from '../protobuf.ts'
import { assertSame } from '../same.ts'
import type { Manifest } from '../../../src/dataset/manifest.ts'
import type { MerkleProof } from '../../../src/dataset/merkle-proof.ts'
import type { Target } from '../target.ts'
import type { Vectors } from '../vectors.ts'
import type { CID } from 'multiformats/cid'

export function datasetTargets (vectors: Vectors): Target[] {
  const verifiable = vectors.hex('erasure.json', 'manifestHex')

  return [
    {
      name: 'manifest',
      weight: 12,
      goldens: [...vectors.hex('manifests.json', 'manifestHex'), ...verifiable],
      heavy: () => manySlotRoots(verifiable),
      decode: decodeManifest,
      check: value => { assertSame(decodeManifest(encodeManifest(value as Manifest)), value) }
    },
    {
      name: 'proof',
      weight: 12,
      goldens: vectors.hex('merkletrees.json', 'encodedHex'),
      decode: decodeProof,
      check: value => { assertSame(decodeProof(encodeProof(value as MerkleProof)), value) }
    },
    {
      name: 'CID as text',
      weight: 2,
      goldens: [1, 2, 3].map(n => fromString(formatCid(treeCid(new Uint8Array(32).fill(n))))),
      heavy: () => new Uint8Array(100_000).fill(0x7a),
      decode: bytes => parseCid(toString(bytes)),
      check: value => { assertSame(formatCid(parseCid(formatCid(value as CID))), formatCid(value as CID)) }
    }
  ]
}

/** A manifest as long as it may be, with as many slot roots, of no bytes, as fit in it. */
function manySlotRoots (manifests: Uint8Array[]): Uint8Array {
  const into = (bytes: Uint8Array, [field, ...path]: number[], more: Uint8Array): Uint8Array => writeFields((parseFields(bytes) ?? []).map(entry => {
    if (entry.number !== field || entry.type !== 2) {
      return entry
    }

    return { ...entry, content: path.length === 0 ? concat([entry.content, more]) : into(entry.content, path, more) }
  }))
  const golden = manifests.reduce((a, b) => a.byteLength > b.byteLength ? a : b)

  return into(golden, [1, 7, 6], new Uint8Array(MAX_MANIFEST_BYTES - golden.byteLength - 20).map((_, i) => i % 2 === 0 ? 0x12 : 0))
}
