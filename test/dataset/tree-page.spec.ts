import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { MAX_PAGE_BYTES, TreePage } from '../../src/dataset/tree-page.ts'
import { InvalidProofError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const node = fc.nat(7).chain(level => fc.record({ level: fc.constant(level), index: fc.nat((256 >>> level) - 1), digest }))
const nodes = fc.array(node, { maxLength: 60 })

function pageOf (nodes: Array<{ level: number, index: number, digest: Uint8Array }>): TreePage {
  const page = new TreePage()

  nodes.forEach(({ level, index, digest }) => { page.set(level, index, digest) })

  return page
}

/** All that a page knows, in order. */
function contentOf (page: TreePage): unknown {
  return Array.from({ length: 8 }, (_, level) => Array.from({ length: 256 >>> level }, (_, index) => {
    return [page.get(level, index), level === 0 && page.isPresent(index)]
  }))
}

/** Writes a page with other bytes and the right checksum. */
function forge (page: TreePage, change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = page.encode(hasher)
  const end = bytes.length - 8

  change(bytes)
  bytes.set(hasher.digestNode(bytes.subarray(0, end)).subarray(0, 8), end)

  return bytes
}

describe('TreePage', () => {
  it('keeps the first digest of each node', () => {
    fc.assert(fc.property(nodes, nodes => {
      const page = pageOf(nodes)
      const model = new Map<string, Uint8Array>()

      for (const { level, index, digest } of nodes) {
        model.set(`${level}/${index}`, model.get(`${level}/${index}`) ?? digest)
      }

      for (let level = 0; level < 8; level++) {
        for (let index = 0; index < 256 >>> level; index++) {
          expect(page.get(level, index)).to.deep.equal(model.get(`${level}/${index}`))
        }
      }

      expect(page.revision).to.equal(model.size)
    }), { numRuns: 40 })
  })

  it('survives encoding', () => {
    fc.assert(fc.property(nodes, nodes => {
      const page = pageOf(nodes)

      nodes.filter(({ level }) => level === 0).forEach(({ index }, i) => { page.setPresent(index, i % 2 === 0) })

      const bytes = page.encode(hasher)
      const decoded = TreePage.decode(bytes, hasher)

      expect(bytes.length).to.be.at.most(MAX_PAGE_BYTES)
      expect(contentOf(decoded)).to.deep.equal(contentOf(page))
      expect(decoded.presentCount).to.equal(page.presentCount)
      expect(decoded.encode(hasher)).to.deep.equal(bytes)
    }), { numRuns: 40 })
  })

  it('is as long as it may be when full', () => {
    const page = new TreePage()

    for (let level = 0; level < 8; level++) {
      for (let index = 0; index < 256 >>> level; index++) {
        page.set(level, index, new Uint8Array(32).fill(level + 1))
      }
    }

    expect(page.encode(hasher).length).to.equal(MAX_PAGE_BYTES)
    expect(contentOf(TreePage.decode(page.encode(hasher), hasher))).to.deep.equal(contentOf(page))
  })

  it('detects any damage', () => {
    const page = pageOf([{ level: 0, index: 3, digest: new Uint8Array(32).fill(1) }, { level: 2, index: 9, digest: new Uint8Array(32).fill(2) }])
    const bytes = page.encode(hasher)

    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Uint8Array.from(bytes)
      damaged[at] ^= change

      expect(() => TreePage.decode(damaged, hasher)).to.throw(InvalidProofError)
      expect(() => TreePage.decode(bytes.subarray(0, at), hasher)).to.throw(InvalidProofError)
    }))
  })

  it('refuses what contradicts itself, whatever its checksum', () => {
    const page = pageOf([{ level: 0, index: 3, digest: new Uint8Array(32) }])
    const forged = [
      forge(page, bytes => { bytes[0] = 2 }),
      forge(page, bytes => { bytes[1] = 1 }),
      forge(page, bytes => { bytes[33] = 0 }),
      forge(page, bytes => { bytes[33] = 0xff }),
      forge(page, bytes => { bytes.fill(0, 33, 97); bytes[96] = 0x80 })
    ]

    for (const bytes of forged) {
      expect(() => TreePage.decode(bytes, hasher)).to.throw(InvalidProofError)
    }

    expect(() => TreePage.decode(new Uint8Array(MAX_PAGE_BYTES + 1), hasher)).to.throw(InvalidProofError)
  })

  it('says what is news about present blocks', () => {
    const page = pageOf([{ level: 0, index: 200, digest: new Uint8Array(32) }])
    const before = page.revision

    expect(page.setPresent(200)).to.equal(true)
    expect(page.setPresent(200)).to.equal(false)
    expect(page.isPresent(200)).to.equal(true)
    expect(page.presentCount).to.equal(1)
    expect(page.revision).to.equal(before + 1)
    expect(page.setPresent(200, false)).to.equal(true)
    expect(page.presentCount).to.equal(0)
  })

  it('merges what both know', () => {
    fc.assert(fc.property(nodes, nodes, (some, others) => {
      const page = pageOf(some)
      const other = pageOf(others)

      page.merge(other)

      expect(contentOf(page)).to.deep.equal(contentOf(pageOf([...some, ...others])))
    }), { numRuns: 40 })
  })
})
