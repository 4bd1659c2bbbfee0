import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { ProofCache } from '../../src/dataset/proof-cache.ts'
import { TreeBuilder } from '../../src/dataset/tree-builder.ts'
import { TreePage } from '../../src/dataset/tree-page.ts'
import { InvalidParametersError, InvalidProofError, VerificationError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import { leafOfTree, makeTree, treeSize } from './trees.ts'
import type { MerkleTree } from '../../src/dataset/merkle-tree.ts'

function cacheOf (tree: MerkleTree, maxPages?: number): ProofCache {
  return new ProofCache({ root: tree.root, leaves: tree.leaves, hasher, maxPages })
}

/** Digest of a leaf. */
function leafAt (tree: MerkleTree, index: number): Uint8Array {
  return tree.layer(0)[index]
}

/** Compressions that the whole tree takes. */
function innerNodes (tree: MerkleTree): number {
  return Array.from({ length: tree.depth }, (_, level) => tree.layer(level + 1).length).reduce((sum, count) => sum + count)
}

function shuffle (count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)

  for (let i = count - 1; i > 0; i--) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    const j = seed % (i + 1)
    const swapped = order[i]
    order[i] = order[j]
    order[j] = swapped
  }

  return order
}

/** What a store would hold of the cache. */
function save (cache: ProofCache): Map<string, Uint8Array> {
  const saved = new Map<string, Uint8Array>()

  for (const { height, number, page, revision } of cache.dirtyPages()) {
    saved.set(`${height}/${number}`, page.encode(hasher))
    cache.markClean({ height, number, revision })
  }

  return saved
}

describe('ProofCache', () => {
  it('proves leaves without proofs of their own as soon as they complete a subtree that is proven, and not before', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(), fc.nat(), (size, seed, portion) => {
      const tree = makeTree(size)
      const cache = cacheOf(tree)
      const order = shuffle(tree.leaves, seed)
      const proven = order.slice(0, portion % (tree.leaves + 1))
      proven.forEach(index => { cache.prove(index, leafAt(tree, index), tree.proof(index)) })
      const inHand = new Set<number>()
      const has = (leaf: number): boolean => inHand.has(leaf)
      const digest = (leaf: number): Uint8Array | undefined => inHand.has(leaf) ? leafAt(tree, leaf) : undefined

      for (const index of order.slice(proven.length)) {
        for (let missing = cache.missingBeside(index, has); missing != null; missing = cache.missingBeside(index, has)) {
          expect(cache.leaf(missing)).to.equal(undefined)
          expect(cache.proveTogether.bind(cache, index, digest)).to.throw().with.property('name', VerificationError.name)
          inHand.add(missing)
        }

        cache.proveTogether(index, digest)
        expect(cache.leaf(index)).to.deep.equal(leafAt(tree, index))
        expect(cache.proof(index)).to.deep.equal(tree.proof(index))
      }
    }), { numRuns: 50 })
  })

  it('refuses leaves that together lead elsewhere, and learns nothing of them', () => {
    const tree = makeTree(12)
    const cache = cacheOf(tree)
    const wrong = (leaf: number): Uint8Array => leaf === 5 ? leafAt(tree, 6) : leafAt(tree, leaf)

    expect(() => { cache.proveTogether(5, wrong) }).to.throw().with.property('name', VerificationError.name)
    expect(cache.leaf(5)).to.equal(undefined)
    expect(cache.leaf(0)).to.equal(undefined)
  })

  it('proves every leaf in any order, hashing no node twice', () => {
    fc.assert(fc.property(treeSize, fc.nat(), (size, seed) => {
      const tree = makeTree(size)
      const leaves = tree.layer(0)
      const cache = cacheOf(tree)

      for (const index of shuffle(size, seed)) {
        cache.prove(index, leaves[index], tree.proof(index))
        expect(cache.leaf(index)).to.deep.equal(leaves[index])
        expect(cache.proof(index)).to.deep.equal(tree.proof(index))
      }

      expect(cache.hashes).to.be.at.most(innerNodes(tree))
    }), { numRuns: 40 })
  })

  for (const [order, indices] of Object.entries({ sequential: shuffle(1, 1).concat(Array.from({ length: 9_999 }, (_, i) => i + 1)), random: shuffle(10_000, 7) })) {
    it(`costs less than two hashes a block in ${order} order`, () => {
      const tree = makeTree(10_000)
      const leaves = tree.layer(0)
      const cache = cacheOf(tree)
      let dearest = 0

      indices.forEach((index, nth) => {
        const before = cache.hashes

        cache.prove(index, leaves[index], tree.proof(index))
        dearest = nth === 0 ? 0 : Math.max(dearest, cache.hashes - before)
      })

      expect(cache.hashes).to.be.at.most(innerNodes(tree))
      expect(cache.hashes / 10_000).to.be.lessThan(1.01)
      expect(dearest).to.be.at.most(tree.depth - 1)
    })
  }

  it('takes one hash where the neighbourhood is proven', () => {
    const tree = makeTree(1_024)
    const leaves = tree.layer(0)
    const cache = cacheOf(tree)

    cache.prove(0, leaves[0], tree.proof(0))
    expect(cache.hashes).to.equal(10)

    cache.prove(1, leaves[1])
    expect(cache.hashes).to.equal(10)

    cache.prove(3, leaves[3], tree.proof(3))
    expect(cache.hashes).to.equal(11)

    cache.prove(5, leaves[5], tree.proof(5))
    expect(cache.hashes).to.equal(13)
  })

  it('learns nothing from a proof with a changed bit', () => {
    fc.assert(fc.property(leafOfTree, fc.nat(), fc.nat(255), ({ size, index }, at, bit) => {
      const tree = makeTree(size)
      const leaves = tree.layer(0)
      const cache = cacheOf(tree)
      const proof = tree.proof(index)
      const path = proof.path.map(hash => Uint8Array.from(hash))

      path[at % path.length][bit >>> 3] ^= 1 << (bit & 7)

      expect(() => { cache.prove(index, leaves[index], { ...proof, path }) }).to.throw(VerificationError).with.property('index', index)
      expect(() => { cache.prove(index, tree.root, proof) }).to.throw(VerificationError)
      expect(cache.leaf(index)).to.equal(undefined)
      expect([...cache.dirtyPages()]).to.deep.equal([])
    }), { numRuns: 60 })
  })

  it('learns nothing from a lie that a proven neighbour gives away', () => {
    const tree = makeTree(600)
    const leaves = tree.layer(0)
    const cache = cacheOf(tree)

    for (let index = 0; index < 600; index += 3) {
      cache.prove(index, leaves[index], tree.proof(index))
    }

    const known = [...leaves.keys()].filter(index => cache.leaf(index) != null)

    for (let index = 0; index < 600; index++) {
      expect(() => { cache.prove(index, new Uint8Array(32).fill(9), tree.proof(index)) }).to.throw(VerificationError)
    }

    expect([...leaves.keys()].filter(index => cache.leaf(index) != null)).to.deep.equal(known)
  })

  it('refuses proofs that do not fit, and unknown leaves without a proof', () => {
    const tree = makeTree(6)
    const [leaf] = tree.layer(0)
    const cache = cacheOf(tree)
    const proof = tree.proof(0)

    for (const unfit of [tree.proof(1), { ...proof, leaves: 5 }, { ...proof, path: proof.path.slice(1) }, { ...proof, path: [...proof.path.slice(1), new Uint8Array(31)] }]) {
      expect(() => { cache.prove(0, leaf, unfit) }).to.throw(InvalidProofError)
    }

    for (const index of [-1, 6, 0.5]) {
      expect(() => { cache.prove(index, leaf, { ...proof, index }) }).to.throw(InvalidProofError)
    }

    // the first leaf is zeros: 31 of them must not do
    expect(() => { cache.prove(0, leaf.subarray(1), proof) }).to.throw(VerificationError)
    expect(() => { cache.prove(0, leaf) }).to.throw(VerificationError)
    expect(cache.leaf(6)).to.equal(undefined)
    expect(cache.proof(6)).to.equal(undefined)
    expect(cache.proof(0)).to.equal(undefined)
  })

  it('refuses a tree that cannot be', () => {
    expect(() => new ProofCache({ root: new Uint8Array(32), leaves: 0, hasher })).to.throw(InvalidParametersError)
    expect(() => new ProofCache({ root: new Uint8Array(31), leaves: 1, hasher })).to.throw(InvalidParametersError)
  })

  it('goes on from what a store kept, without hashing it again', () => {
    fc.assert(fc.property(treeSize, fc.nat(), (size, seed) => {
      const tree = makeTree(size)
      const leaves = tree.layer(0)
      const order = shuffle(size, seed)
      const first = cacheOf(tree)

      order.slice(0, size / 2).forEach(index => { first.prove(index, leaves[index], tree.proof(index)) })

      const second = cacheOf(tree)

      for (const [place, bytes] of save(first)) {
        const [height, number] = place.split('/').map(Number)
        second.load(height, number, TreePage.decode(bytes, hasher))
      }

      expect([...second.dirtyPages()]).to.deep.equal([])

      for (const index of order) {
        expect(second.leaf(index)).to.deep.equal(first.leaf(index))
        expect(second.proof(index)).to.deep.equal(first.proof(index))
      }

      for (const index of order) {
        second.prove(index, leaves[index], tree.proof(index))
      }

      expect(first.hashes + second.hashes).to.be.at.most(innerNodes(tree))
    }), { numRuns: 30 })
  })

  it('gives proofs from the pages of a builder', () => {
    fc.assert(fc.property(leafOfTree, ({ size, index }) => {
      const tree = makeTree(size)
      const cache = cacheOf(tree)
      const builder = new TreeBuilder(hasher, ({ height, number, page }) => {
        if (number === Math.floor(index / 256 ** (height + 1))) {
          cache.load(height, number, page)
        }
      })

      tree.layer(0).forEach(leaf => { builder.push(leaf) })
      builder.finish()

      expect(cache.proof(index)).to.deep.equal(tree.proof(index))
      expect(cache.hashes).to.equal(0)
    }), { numRuns: 30 })
  })
})

describe('pages of a ProofCache', () => {
  it('are dirty until what is written is what is here', () => {
    const tree = makeTree(10)
    const leaves = tree.layer(0)
    const cache = cacheOf(tree)

    cache.prove(0, leaves[0], tree.proof(0))
    const [dirty] = [...cache.dirtyPages()]
    expect(dirty).to.include({ height: 0, number: 0 })

    cache.prove(5, leaves[5], tree.proof(5))
    cache.markClean(dirty)
    expect([...cache.dirtyPages()]).to.have.lengthOf(1)

    cache.markClean([...cache.dirtyPages()][0])
    expect([...cache.dirtyPages()]).to.have.lengthOf(0)

    cache.page(0, 0)?.setPresent(5)
    expect([...cache.dirtyPages()]).to.have.lengthOf(1)
  })

  it('are dropped when clean, the least recently used first', () => {
    const tree = makeTree(256 * 5)
    const leaves = tree.layer(0)
    const cache = cacheOf(tree, 3)
    const prove = (index: number): void => { cache.prove(index, leaves[index], tree.proof(index)) }

    prove(0)
    prove(256)
    prove(512)
    prove(768)
    expect([...cache.dirtyPages()]).to.have.lengthOf(5)

    save(cache)
    expect(cache.page(0, 0)).to.be.an.instanceOf(TreePage)
    prove(1_024)
    expect([0, 1, 2, 3, 4].map(number => cache.page(0, number) != null)).to.deep.equal([true, false, false, false, true])
    expect(cache.page(1, 0)).to.be.an.instanceOf(TreePage)

    prove(256)
    prove(512)
    expect(cache.leaf(256)).to.deep.equal(leaves[256])
    expect(cache.leaf(512)).to.deep.equal(leaves[512])
  })

  it('merge what comes from a store with what is here already', () => {
    const tree = makeTree(10)
    const leaves = tree.layer(0)
    const cache = cacheOf(tree)
    const stored = new TreePage()

    stored.set(0, 9, leaves[9])
    stored.setPresent(9)
    cache.prove(0, leaves[0], tree.proof(0))
    cache.load(0, 0, stored)

    expect(cache.leaf(9)).to.deep.equal(leaves[9])
    expect(cache.page(0, 0)?.isPresent(9)).to.equal(true)
    expect(cache.leaf(0)).to.deep.equal(leaves[0])
    expect([...cache.dirtyPages()]).to.have.lengthOf(1)
  })

  it('are empty, and not news, where the store has none', () => {
    const cache = cacheOf(makeTree(10))

    cache.load(0, 0)

    expect(cache.page(0, 0)).to.be.an.instanceOf(TreePage)
    expect([...cache.dirtyPages()]).to.deep.equal([])
  })
})
