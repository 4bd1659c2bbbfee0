import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { proofDepth, verifyProof } from '../../src/dataset/merkle-proof.ts'
import { MerkleTree } from '../../src/dataset/merkle-tree.ts'
import { ProofCache } from '../../src/dataset/proof-cache.ts'
import { TreeBuilder } from '../../src/dataset/tree-builder.ts'
import { InvalidParametersError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import { leafOfTree, makeLeaves, makeTree, plainRoot, treeSize } from './trees.ts'
import type { PlacedPage } from '../../src/dataset/tree-page.ts'

/** Builds by pushing one leaf after the other. */
function build (leaves: Uint8Array[]): { root: Uint8Array, leaves: number, pages: PlacedPage[] } {
  const pages: PlacedPage[] = []
  const builder = new TreeBuilder(hasher, page => pages.push(page))

  leaves.forEach(leaf => { builder.push(leaf) })

  return { ...builder.finish(), pages }
}

describe('MerkleTree', () => {
  it('has the root that the rule gives', () => {
    fc.assert(fc.property(treeSize, size => {
      const tree = makeTree(size)

      expect(tree.root).to.deep.equal(plainRoot(tree.layer(0)))
      expect(new MerkleTree(tree.layer(0), hasher).root).to.deep.equal(tree.root)
      expect(tree.leaves).to.equal(size)
      expect(tree.depth).to.equal(proofDepth(size))
      expect(tree.depth).to.equal(Math.max(1, Math.ceil(Math.log2(size))))
    }), { numRuns: 60 })
  })

  it('gives proofs that verify, for the leaf that they are of', () => {
    fc.assert(fc.property(leafOfTree, ({ size, index }) => {
      const tree = makeTree(size)
      const leaves = tree.layer(0)
      const proof = tree.proof(index)

      expect(verifyProof(tree.root, leaves[index], proof, size, hasher)).to.equal(true)
      expect(verifyProof(tree.root, tree.root, proof, size, hasher)).to.equal(false)
    }), { numRuns: 60 })
  })

  it('refuses what is no tree', () => {
    for (const leaves of [[], new Uint8Array(0), new Uint8Array(33), [new Uint8Array(31)]]) {
      expect(() => new MerkleTree(leaves, hasher)).to.throw(InvalidParametersError)
    }

    for (const index of [-1, 3, 0.5]) {
      expect(() => makeTree(3).proof(index)).to.throw(InvalidParametersError)
    }

    expect(() => makeTree(3).layer(3)).to.throw(InvalidParametersError)
  })
})

describe('TreeBuilder', () => {
  it('comes to the same root, with every node in its page', () => {
    fc.assert(fc.property(treeSize, size => {
      const tree = makeTree(size)
      const built = build(tree.layer(0))

      expect(built.root).to.deep.equal(tree.root)
      expect(built.leaves).to.equal(size)

      const pages = new Map(built.pages.map(({ height, number, page }) => [`${height}/${number}`, page]))

      for (let level = 0; level < tree.depth; level++) {
        const width = 256 >>> level % 8

        tree.layer(level).forEach((node, i) => {
          const page = pages.get(`${Math.floor(level / 8)}/${Math.floor(i / width)}`)

          expect(page?.get(level % 8, i % width)).to.deep.equal(node)
        })
      }
    }), { numRuns: 40 })
  })

  for (const size of [65_535, 65_536, 65_537, 65_793]) {
    it(`comes to the same root of ${size} leaves`, () => {
      const tree = makeTree(size)

      expect(build(tree.layer(0)).root).to.deep.equal(tree.root)
    })
  }

  it('refuses leaves of another length, no leaves, and going on after the end', () => {
    const builder = new TreeBuilder(hasher)

    expect(() => builder.finish()).to.throw(InvalidParametersError)
    expect(() => { builder.push(new Uint8Array(31)) }).to.throw(InvalidParametersError)

    builder.push(new Uint8Array(32))
    builder.finish()

    expect(() => { builder.push(new Uint8Array(32)) }).to.throw(InvalidParametersError)
    expect(() => builder.finish()).to.throw(InvalidParametersError)
  })
})

describe('a million leaves', () => {
  it('are built, and each is proven with a small cache', () => {
    const size = 1_000_000
    const leaves = makeLeaves(size)
    const leaf = (i: number): Uint8Array => leaves.subarray(i * 32, (i + 1) * 32)
    const tree = new MerkleTree(leaves, hasher)
    const builder = new TreeBuilder(hasher)
    const cache = new ProofCache({ root: tree.root, leaves: size, hasher, maxPages: 4 })

    for (let i = 0; i < size; i++) {
      builder.push(leaf(i))
      cache.prove(i, leaf(i), tree.proof(i))

      if (i % 256 === 255) {
        for (const page of cache.dirtyPages()) {
          cache.markClean(page)
        }
      }
    }

    expect(builder.finish().root).to.deep.equal(tree.root)
    expect(cache.hashes).to.be.lessThan(1.1 * size)
    expect(cache.page(0, 0)).to.equal(undefined)
    expect(cache.leaf(size - 1)).to.deep.equal(leaf(size - 1))
  })
})
