import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { blockCid, CODEX_BLOCK, EMPTY_CID, EMPTY_DIGEST, manifestCid, SHA2_256, treeCid } from '../../src/dataset/codecs.ts'
import { encodeProof } from '../../src/dataset/merkle-proof.ts'
import { MerkleTree } from '../../src/dataset/merkle-tree.ts'
import { ProofCache } from '../../src/dataset/proof-cache.ts'
import { isVerifiedBlock, ownBlock, reverify, shapeOf, standaloneShape, verify } from '../../src/dataset/verify.ts'
import { InvalidDatasetError, InvalidParametersError, InvalidProofError, VerificationError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import type { Delivery } from '../../src/dataset/delivery.ts'
import type { Hasher } from '../../src/dataset/hasher.ts'
import type { DatasetShape, VerifiedBlock } from '../../src/dataset/verify.ts'

const BLOCK_SIZE = 64

/** Four blocks: two whole ones, a padding block, and one whose author made it too short. */
const blocks = [new Uint8Array(BLOCK_SIZE).fill(1), new Uint8Array(BLOCK_SIZE).fill(2), new Uint8Array(0), new Uint8Array(BLOCK_SIZE - 1).fill(3)]
const digests = blocks.map(data => hasher.digestNode(data))
const tree = new MerkleTree(digests, hasher)
const shape: DatasetShape = { root: treeCid(tree.root), leaves: 4, blockSize: BLOCK_SIZE }
const slow: Hasher = { ...hasher, digest: async bytes => hasher.digest(bytes) }

function deliveryOf (index: number, change: Partial<Delivery> = {}): Delivery {
  return { root: shape.root, index, cid: blockCid(digests[index]).bytes, data: blocks[index], proof: encodeProof(tree.proof(index)), ...change }
}

function newProofs (): ProofCache {
  return new ProofCache({ root: tree.root, leaves: 4, hasher })
}

function assertHere (block: VerifiedBlock | Promise<VerifiedBlock>): VerifiedBlock {
  if (block instanceof Promise) {
    throw new Error('A block verified later than at once')
  }

  return block
}

describe('verify', () => {
  it('takes a leaf that its proof leads to the root, at once', () => {
    const block = assertHere(verify(shape, deliveryOf(1), newProofs(), hasher))

    expect(block).to.include({ root: shape.root, index: 1, data: blocks[1] })
    expect(block.cid.equals(blockCid(digests[1]))).to.equal(true)
    expect(isVerifiedBlock(block)).to.equal(true)
  })

  it('waits for a hasher that takes its time', async () => {
    const verifying = verify(shape, deliveryOf(1), newProofs(), slow)

    expect(verifying).to.be.an.instanceOf(Promise)
    expect(await verifying).to.have.property('index', 1)
    await expect(verify(shape, deliveryOf(1, { data: blocks[0] }), newProofs(), slow)).to.eventually.be.rejected.with.property('name', VerificationError.name)
  })

  it('takes a leaf that is proven already without a proof', () => {
    const proofs = newProofs()

    verify(shape, deliveryOf(0), proofs, hasher)

    expect(assertHere(verify(shape, deliveryOf(1, { proof: undefined }), proofs, hasher)).index).to.equal(1)
  })

  it('takes a leaf without a cache', () => {
    expect(assertHere(verify(shape, deliveryOf(1), undefined, hasher)).index).to.equal(1)
  })

  it('takes the empty block as it is', () => {
    const block = assertHere(verify(shape, deliveryOf(2, { cid: EMPTY_CID.bytes }), newProofs(), hasher))

    expect(block.data).to.have.lengthOf(0)
    expect(digests[2]).to.deep.equal(EMPTY_DIGEST)
  })

  const [right, wrong] = [deliveryOf(1), deliveryOf(0)]
  const lies: Record<string, Partial<Delivery>> = {
    'other bytes': { data: wrong.data },
    'a changed bit': { data: Uint8Array.from(blocks[1], (byte, i) => i === 5 ? byte ^ 1 : byte) },
    'another CID': { cid: wrong.cid },
    'another block, CID and all': { data: wrong.data, cid: wrong.cid },
    'no bytes': { data: new Uint8Array(0) },
    'a tree\'s CID': { cid: treeCid(digests[1]).bytes },
    'a CID of another hash': { cid: CID.createV1(CODEX_BLOCK, Digest.create(0x13, digests[1])).bytes },
    'a shortened digest': { cid: CID.createV1(CODEX_BLOCK, Digest.create(SHA2_256, digests[1].subarray(1))).bytes },
    'no CID': { cid: new Uint8Array(0) },
    'what is no CID': { cid: digests[1] },
    'another dataset': { root: treeCid(digests[0]) },
    'an index beyond the leaves': { index: 4 },
    'a negative index': { index: -1 },
    'a broken index': { index: 0.5 },
    'no proof': { proof: undefined },
    'a wrong path': { proof: encodeProof({ ...tree.proof(1), path: tree.proof(2).path }) }
  }

  for (const [name, lie] of Object.entries(lies)) {
    it(`refuses ${name}`, () => {
      const proofs = newProofs()

      for (const cache of [proofs, undefined]) {
        expect(() => verify(shape, { ...right, ...lie }, cache, hasher)).to.throw(VerificationError)
      }

      expect([...proofs.dirtyPages()]).to.deep.equal([])
    })
  }

  it('refuses a malformed proof', () => {
    for (const proof of [encodeProof({ ...tree.proof(1), path: [] }), Uint8Array.of(255)]) {
      for (const cache of [newProofs(), undefined]) {
        expect(() => verify(shape, deliveryOf(1, { proof }), cache, hasher)).to.throw(InvalidProofError)
      }
    }
  })

  it('blames the author for a manifest with another number of leaves, not who serves the tree', () => {
    const lying = { ...shape, leaves: 3 }
    const proofs = new ProofCache({ root: tree.root, leaves: 3, hasher })

    expect(() => verify(lying, deliveryOf(2), proofs, hasher)).to.throw().with.property('name', InvalidDatasetError.name)
  })

  it('passes over the number of leaves that a proof claims where the proof holds without it, and learns it as it is', () => {
    const proofs = newProofs()
    const proof = encodeProof({ ...tree.proof(0), leaves: 3 })

    expect(verify(shape, deliveryOf(0, { proof }), proofs, hasher)).to.include({ index: 0 })
    expect(proofs.proof(0)).to.deep.equal(tree.proof(0))
  })

  it('blames the sender for a proof that holds with no number of leaves', () => {
    const proof = encodeProof({ ...tree.proof(0), leaves: 3, path: tree.proof(1).path })

    expect(() => verify(shape, deliveryOf(0, { proof }), newProofs(), hasher)).to.throw().with.property('name', InvalidProofError.name)
  })

  it('blames the author for a leaf of another length', () => {
    expect(() => verify(shape, deliveryOf(3), newProofs(), hasher)).to.throw(InvalidDatasetError).with.property('index', 3)
    expect(() => verify(shape, deliveryOf(3, { proof: undefined }), newProofs(), hasher)).to.throw(VerificationError)
  })
})

describe('verify on a standalone block', () => {
  const cid = manifestCid(digests[0])
  const alone = standaloneShape(cid, BLOCK_SIZE)

  it('takes the bytes of the CID that was asked for', () => {
    const block = assertHere(verify(alone, { root: cid, index: 0, cid: blockCid(digests[0]).bytes, data: blocks[0] }, undefined, hasher))

    expect(block).to.include({ root: cid, cid, index: 0, data: blocks[0] })
  })

  it('refuses all else', () => {
    for (const lie of [{ data: blocks[1] }, { cid: blockCid(digests[1]).bytes }, { data: blocks[1], cid: blockCid(digests[1]).bytes }, { index: 1 }, { root: blockCid(digests[0]) }]) {
      expect(() => verify(alone, { root: cid, index: 0, cid: cid.bytes, data: blocks[0], ...lie }, undefined, hasher)).to.throw(VerificationError)
    }
  })

  it('blames the author for a length over the limit', () => {
    expect(() => verify(standaloneShape(cid, BLOCK_SIZE - 1), { root: cid, index: 0, cid: cid.bytes, data: blocks[0] }, undefined, hasher)).to.throw(InvalidDatasetError)
  })

  it('is not for trees, nor for other hashes', () => {
    expect(() => standaloneShape(shape.root, BLOCK_SIZE)).to.throw(InvalidParametersError)
    expect(() => standaloneShape(CID.createV1(CODEX_BLOCK, Digest.create(0, digests[0])), BLOCK_SIZE)).to.throw(InvalidParametersError)
  })
})

describe('verified blocks of our own', () => {
  it('are read back when they are what was kept', () => {
    const cid = blockCid(digests[1])

    expect(assertHere(reverify(shape, 1, cid, blocks[1], hasher))).to.include({ root: shape.root, index: 1, cid, data: blocks[1] })
    expect(() => reverify(shape, 1, cid, blocks[0], hasher)).to.throw(VerificationError)
    expect(() => reverify(shape, 4, cid, blocks[1], hasher)).to.throw(VerificationError)
  })

  it('are made of bytes, under their own CID', () => {
    const block = assertHere(ownBlock(blocks[1], hasher))
    const manifest = assertHere(ownBlock(blocks[1], hasher, manifestCid))

    expect(block.root.equals(blockCid(digests[1]))).to.equal(true)
    expect(block).to.include({ cid: block.root, index: 0, data: blocks[1] })
    expect(manifest.cid.equals(manifestCid(digests[1]))).to.equal(true)
  })

  it('cannot be made up', () => {
    const { root, index, cid, data } = assertHere(ownBlock(blocks[1], hasher))

    expect(isVerifiedBlock({ root, index, cid, data })).to.equal(false)
    expect(isVerifiedBlock(structuredClone({ index, data }))).to.equal(false)
  })
})

describe('shapeOf', () => {
  it('counts the leaves of a manifest', () => {
    const manifest = { treeCid: shape.root, blockSize: BLOCK_SIZE, datasetSize: 3 * BLOCK_SIZE + 1, codec: CODEX_BLOCK, hcodec: SHA2_256, version: 2 }

    expect(shapeOf(manifest)).to.deep.equal(shape)
  })
})
