import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { SHA2_256 } from '../../src/dataset/codecs.ts'
import { decodeProof, encodeProof, proofDepth, verifyProof } from '../../src/dataset/merkle-proof.ts'
import { CodexProof } from '../../src/dataset/proof-message.ts'
import { InvalidProofError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import { leafOfTree, makeTree } from './trees.ts'

/** A proof's message with one thing changed. */
function altered (change: Partial<CodexProof>): Uint8Array {
  return CodexProof.encode({ ...CodexProof.decode(encodeProof(makeTree(5).proof(2))), ...change })
}

describe('merkle proof', () => {
  it('survives encoding', () => {
    fc.assert(fc.property(leafOfTree, ({ size, index }) => {
      const proof = makeTree(size).proof(index)

      expect(decodeProof(encodeProof(proof))).to.deep.equal(proof)
    }), { numRuns: 50 })
  })

  it('reads defaults that were left out', () => {
    const tree = makeTree(2)
    const [, right] = tree.layer(0)
    const bytes = CodexProof.encode({ mcodec: SHA2_256, nleaves: 2, path: [{ hash: Uint8Array.from(right) }] })

    expect(decodeProof(bytes)).to.deep.equal(tree.proof(0))
  })

  it('does not verify with any bit of it changed', () => {
    fc.assert(fc.property(leafOfTree, fc.nat(), fc.nat(255), ({ size, index }, at, bit) => {
      const tree = makeTree(size)
      const proof = tree.proof(index)
      const path = proof.path.map(hash => Uint8Array.from(hash))

      path[at % path.length][bit >>> 3] ^= 1 << (bit & 7)

      expect(verifyProof(tree.root, tree.layer(0)[index], { ...proof, path }, size, hasher)).to.equal(false)
    }), { numRuns: 60 })
  })

  it('does not verify for another index', () => {
    const tree = makeTree(6)

    for (const index of [0, 1, 3, 4, 5]) {
      expect(verifyProof(tree.root, tree.layer(0)[2], { ...tree.proof(2), index }, 6, hasher)).to.equal(false)
    }
  })

  it('does not verify for a shorter digest that ends in the same bytes', () => {
    const tree = makeTree(3)

    expect(verifyProof(tree.root, new Uint8Array(31), tree.proof(0), 3, hasher)).to.equal(false)
  })

  it('refuses a proof of a tree of another size', () => {
    const tree = makeTree(5)

    expect(() => verifyProof(tree.root, tree.layer(0)[0], tree.proof(0), 6, hasher)).to.throw(InvalidProofError)
  })

  it('has one entry for one leaf', () => {
    expect([1, 2, 3, 4, 5, 8, 9, 2 ** 32, 2 ** 32 + 1].map(proofDepth)).to.deep.equal([1, 1, 2, 2, 3, 3, 4, 32, 33])
  })

  const node = { hash: new Uint8Array(32) }
  const malformed = {
    'another hash': altered({ mcodec: 0x13 }),
    'no hash': altered({ mcodec: undefined }),
    'no leaves': altered({ nleaves: 0 }),
    'an index beyond the leaves': altered({ index: 5 }),
    'an empty path': altered({ path: [] }),
    'a path that is too short': altered({ path: [node, node] }),
    'a path that is too long': altered({ path: [node, node, node, node] }),
    'a path without end': altered({ path: Array(65).fill(node) }),
    'a short digest': altered({ path: [node, node, { hash: new Uint8Array(31) }] }),
    'a missing digest': altered({ path: [node, node, {}] }),
    'too many bytes': new Uint8Array(10_000),
    'leaves beyond 2^53': Uint8Array.of(0x08, 0x12, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    'a length beyond the end': Uint8Array.of(0x08, 0x12, 0x22, 0x7f),
    'groups in groups': new Uint8Array(4_000).fill(0x2b),
    'no bytes': new Uint8Array(0)
  }

  for (const [name, bytes] of Object.entries(malformed)) {
    it(`refuses ${name}`, () => {
      expect(() => decodeProof(bytes)).to.throw(InvalidProofError)
    })
  }

  it('answers any bytes with a proof or a typed error', () => {
    const bytes = encodeProof(makeTree(5).proof(2))

    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 8 }), fc.nat(8), (at, put, cut) => {
      const mutated = Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + cut)])

      try {
        const proof = decodeProof(mutated)

        expect(decodeProof(encodeProof(proof))).to.deep.equal(proof)
      } catch (err) {
        expect(err).to.have.property('name', InvalidProofError.name)
      }
    }), { numRuns: 500 })
  })
})
