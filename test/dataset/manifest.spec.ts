import * as dagPB from '@ipld/dag-pb'
import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { MAX_BLOCK_SIZE, MAX_MANIFEST_BYTES } from '../../src/constants.ts'
import * as codecs from '../../src/dataset/codecs.ts'
import { encodeManifest } from '../../src/dataset/encode-manifest.ts'
import { ManifestHeader, ManifestNode } from '../../src/dataset/manifest-message.ts'
import { blockCount, decodeManifest, fileBlocks, fileSize } from '../../src/dataset/manifest.ts'
import { InvalidManifestError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import type { Manifest, Protection } from '../../src/dataset/manifest.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const element = (code: number): fc.Arbitrary<CID> => digest.map(bytes => CID.createV1(code, Digest.create(0, bytes)))
const strategy = fc.constantFrom('linear' as const, 'stepped' as const)
const name = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: undefined })

const plainManifest: fc.Arbitrary<Manifest> = fc.record({
  treeCid: digest.map(codecs.treeCid),
  blockSize: fc.integer({ min: 1, max: MAX_BLOCK_SIZE / 64 }).map(units => units * 64),
  blocks: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 2 ** 27 })),
  lessBytes: fc.nat(63),
  filename: name,
  mimetype: name
}).map(({ treeCid, blockSize, blocks, lessBytes, filename, mimetype }) => {
  const datasetSize = blockSize * blocks - lessBytes

  return { treeCid, blockSize, datasetSize, codec: codecs.CODEX_BLOCK, hcodec: codecs.SHA2_256, version: 2, filename, mimetype, protection: undefined }
})

const protectedManifest: fc.Arbitrary<Manifest> = fc.record({
  manifest: plainManifest,
  originalTreeCid: digest.map(codecs.treeCid),
  ecK: fc.integer({ min: 1, max: 40 }),
  ecM: fc.integer({ min: 1, max: 40 }),
  strategy,
  cellSize: fc.nat(2 ** 32 - 1),
  verifyRoot: fc.option(element(codecs.CODEX_PROVING_ROOT), { nil: undefined }),
  slotRoot: element(codecs.CODEX_SLOT_ROOT)
}).map(({ manifest, verifyRoot, slotRoot, cellSize, ...init }) => {
  const ecK = Math.min(init.ecK, blockCount(manifest))
  const ecM = Math.min(init.ecM, ecK)
  const verification = verifyRoot == null ? undefined : { verifyRoot, slotRoots: Array<CID>(ecK + ecM).fill(slotRoot), cellSize, strategy: init.strategy }
  const protection: Protection = { ...init, ecK, ecM, originalDatasetSize: manifest.datasetSize, verification }

  return { ...manifest, datasetSize: Math.ceil(blockCount(manifest) / ecK) * (ecK + ecM) * manifest.blockSize, protection }
})

const manifest = fc.oneof(plainManifest, protectedManifest)

/** 10 blocks of 64 KiB less a byte, in groups of 3 and 2. */
const sample: Manifest = {
  treeCid: codecs.treeCid(hasher.digestNode(Uint8Array.of(1))),
  blockSize: 65_536,
  datasetSize: 20 * 65_536,
  codec: codecs.CODEX_BLOCK,
  hcodec: codecs.SHA2_256,
  version: 2,
  filename: 'a.bin',
  mimetype: undefined,
  protection: {
    ecK: 3,
    ecM: 2,
    originalTreeCid: codecs.treeCid(hasher.digestNode(Uint8Array.of(2))),
    originalDatasetSize: 10 * 65_536 - 1,
    strategy: 'stepped',
    verification: undefined
  }
}

function headerOf (manifest: Manifest): ManifestHeader {
  return ManifestHeader.decode(ManifestNode.decode(encodeManifest(manifest)).data ?? new Uint8Array(0))
}

/** The sample's bytes with fields of its header changed. */
function altered (change: Partial<ManifestHeader>, erasure: Partial<ManifestHeader['erasure']> = {}): Uint8Array {
  const header = headerOf(sample)

  return ManifestNode.encode({ data: ManifestHeader.encode({ ...header, erasure: { ...header.erasure, ...erasure }, ...change }) })
}

function plain (manifest: Manifest): unknown {
  return JSON.parse(JSON.stringify(manifest))
}

describe('manifest', () => {
  it('survives encoding', () => {
    fc.assert(fc.property(manifest, manifest => {
      const bytes = encodeManifest(manifest)

      expect(plain(decodeManifest(bytes))).to.deep.equal(plain(manifest))
      expect(encodeManifest(decodeManifest(bytes))).to.deep.equal(bytes)
    }))
  })

  it('is a dag-pb node without links', () => {
    const { Data, Links } = dagPB.decode(encodeManifest(sample))

    expect(ManifestHeader.decode(Data ?? new Uint8Array(0))).to.deep.equal(headerOf(sample))
    expect(Links).to.deep.equal([])
  })

  it('tells the file from the dataset', () => {
    expect([blockCount(sample), fileSize(sample), fileBlocks(sample)]).to.deep.equal([20, 10 * 65_536 - 1, 10])

    const file = { ...sample, datasetSize: 65_537, protection: undefined }

    expect([blockCount(file), fileSize(file), fileBlocks(file)]).to.deep.equal([2, 65_537, 2])
  })

  it('leaves an empty name out', () => {
    const bytes = encodeManifest({ ...sample, filename: '', mimetype: '' })

    expect(bytes).to.deep.equal(encodeManifest({ ...sample, filename: undefined }))
    expect(decodeManifest(altered({ filename: '' })).filename).to.equal(undefined)
  })

  it('reads a name that is no UTF-8 as one that can be written', () => {
    const bytes = encodeManifest({ ...sample, filename: 'aaa.bin' })
    const at = bytes.findIndex((_, i) => bytes[i] === 0x61 && bytes[i + 1] === 0x61 && bytes[i + 2] === 0x61)
    bytes.set([0xed, 0xa0, 0x80], at)
    const { filename } = decodeManifest(bytes)
    expect(filename).to.satisfy((name: string) => name.isWellFormed() && name.endsWith('.bin'))
    expect(decodeManifest(encodeManifest({ ...sample, filename })).filename).to.equal(filename)
  })

  it('reads a linear strategy that was left out', () => {
    expect(decodeManifest(altered({}, { protectedStrategy: undefined })).protection?.strategy).to.equal('linear')
  })

  it('reads fields in any order, the last of several, and skips unknown ones', () => {
    const { data = new Uint8Array(0) } = ManifestNode.decode(encodeManifest(sample))
    const unknown = Uint8Array.of(0xf8, 0x01, 0x05, 0xfa, 0x01, 0x02, 0x08, 0x01)
    const early = ManifestHeader.encode({ filename: 'b.bin', mimetype: 'text/plain', version: 1, erasure: { ecK: 9 } })
    const decoded = decodeManifest(concat([unknown, ManifestNode.encode({ data: concat([unknown, early, data, unknown]) }), unknown]))

    expect(plain(decoded)).to.deep.equal(plain({ ...sample, mimetype: 'text/plain' }))
  })

  const tree = sample.treeCid
  const cids = {
    block: codecs.blockCid(codecs.digestOf(tree)).bytes,
    identity: CID.createV1(codecs.CODEX_ROOT, Digest.create(0, codecs.digestOf(tree))).bytes,
    v0: CID.createV0(Digest.create(codecs.SHA2_256, codecs.digestOf(tree))).bytes,
    longer: Uint8Array.from([...tree.bytes, 0])
  }
  const verification = { verifyRoot: tree.bytes, slotRoots: Array(5).fill(tree.bytes), cellSize: 2_048 }
  const invalid: Array<[field: string, what: string, bytes: Uint8Array]> = [
    ['version', 'another', altered({ version: 1 })],
    ['version', 'none', altered({ version: undefined })],
    ['codec', 'another', altered({ codec: codecs.CODEX_ROOT })],
    ['hcodec', 'another', altered({ hcodec: 0x13 })],
    ['blockSize', 'zero', altered({ blockSize: 0 })],
    ['blockSize', 'too small', altered({ blockSize: 63 })],
    ['blockSize', 'too large', altered({ blockSize: MAX_BLOCK_SIZE + 64 })],
    ['blockSize', 'not in pieces of 64 bytes', altered({ blockSize: 65_537 })],
    ['datasetSize', 'none', altered({ datasetSize: undefined })],
    ['datasetSize', 'of too many blocks', altered({ blockSize: 64, datasetSize: 64 * 2 ** 32 + 1, erasure: undefined })],
    ['datasetSize', 'not of whole groups', altered({ datasetSize: 21 * 65_536 })],
    ['treeCid', 'none', altered({ treeCid: undefined })],
    ['treeCid', 'no CID', altered({ treeCid: Uint8Array.of(1, 2, 3) })],
    ['treeCid', 'of a block', altered({ treeCid: cids.block })],
    ['treeCid', 'of another hash', altered({ treeCid: cids.identity })],
    ['treeCid', 'a CIDv0', altered({ treeCid: cids.v0 })],
    ['treeCid', 'with bytes after it', altered({ treeCid: cids.longer })],
    ['originalTreeCid', 'of a block', altered({}, { originalTreeCid: cids.block })],
    ['originalTreeCid', 'none', altered({}, { originalTreeCid: undefined })],
    ['originalDatasetSize', 'zero', altered({}, { originalDatasetSize: 0 })],
    ['originalDatasetSize', 'more than all', altered({}, { originalDatasetSize: 21 * 65_536 })],
    ['ecK', 'zero', altered({}, { ecK: 0 })],
    ['ecK', 'more than the blocks', altered({}, { ecK: 11 })],
    ['ecM', 'zero', altered({}, { ecM: 0 })],
    ['ecM', 'more than ecK', altered({}, { ecM: 4 })],
    ['ecK', 'too large for the code', altered({ datasetSize: 2 ** 45 }, { ecK: 65_000, ecM: 1_000, originalDatasetSize: 2 ** 44 })],
    ['protectedStrategy', 'unknown', altered({}, { protectedStrategy: 2 })],
    ['verifiableStrategy', 'unknown', altered({}, { verification: { ...verification, verifiableStrategy: 7 } })],
    ['verifyRoot', 'none', altered({}, { verification: { ...verification, verifyRoot: undefined } })],
    ['slotRoots', 'too few', altered({}, { verification: { ...verification, slotRoots: verification.slotRoots.slice(1) } })],
    ['slotRoots', 'no CID', altered({}, { verification: { ...verification, slotRoots: [...verification.slotRoots.slice(1), Uint8Array.of(1)] } })]
  ]

  for (const [field, what, bytes] of invalid) {
    it(`refuses a ${field}: ${what}`, () => {
      expect(() => decodeManifest(bytes)).to.throw(InvalidManifestError).with.property('message').that.matches(new RegExp(` ${field} `))
    })
  }

  it('refuses sizes beyond 2^53', () => {
    const size = Uint8Array.of(0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)

    expect(() => decodeManifest(ManifestNode.encode({ data: size }))).to.throw(InvalidManifestError).with.property('cause')
  })

  it('refuses more bytes than a manifest may have, both ways', () => {
    const filename = 'a'.repeat(MAX_MANIFEST_BYTES)

    expect(() => decodeManifest(altered({ filename }))).to.throw(InvalidManifestError)
    expect(() => encodeManifest({ ...sample, filename })).to.throw(InvalidManifestError)
  })

  it('refuses thousands of empty slot roots without reading them: each takes a hundred bytes of memory', () => {
    const slotRoots = Array<Uint8Array<ArrayBuffer>>(5_000).fill(new Uint8Array(0))

    expect(() => decodeManifest(altered({}, { verification: { ...verification, slotRoots } }))).to.throw('A manifest cannot be decoded')
      .with.property('name', InvalidManifestError.name)
  })

  it('does not write what it would not read', () => {
    expect(() => encodeManifest({ ...sample, blockSize: 0 })).to.throw(InvalidManifestError)
    expect(() => encodeManifest({ ...sample, datasetSize: 1.5 })).to.throw(InvalidManifestError)
  })

  it('answers any bytes with a manifest or a typed error', () => {
    fc.assert(fc.property(manifest, fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.nat(8), (manifest, place, put, cut) => {
      const bytes = encodeManifest(manifest)
      const at = place % bytes.length

      try {
        const decoded = decodeManifest(Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + cut)]))

        expect(plain(decodeManifest(encodeManifest(decoded)))).to.deep.equal(plain(decoded))
      } catch (err) {
        expect(err).to.have.property('name', InvalidManifestError.name)
      }
    }), { numRuns: 1_000 })
  })
})
