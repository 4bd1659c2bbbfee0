import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { contentChunks, goldenContent, seededContent } from '../../src/testing/index.ts'

describe('corpus', () => {
  it('makes the content of the golden vectors', () => {
    const byteAt = (i: number): number => (i * 7 + (i >> 8) * 13 + (i >> 16) * 31 + 5) & 0xff

    for (const offset of [0, 250, 65_530, 16_777_200, 33_554_000]) {
      const expected = Uint8Array.from({ length: 1000 }, (_, i) => byteAt(offset + i))

      expect(goldenContent(1000, offset)).to.equalBytes(expected)
    }
  })

  for (const [name, content] of Object.entries({ golden: goldenContent, seeded: seededContent(5) })) {
    it(`gives the same ${name} bytes in whatever pieces`, () => {
      const whole = content(20_000)

      fc.assert(fc.property(fc.nat(19_000), fc.nat(1000), (offset, size) => {
        expect(content(size, offset)).to.equalBytes(whole.subarray(offset, offset + size))
      }))
    })

    it(`gives ${name} content in chunks`, async () => {
      const chunks = await Array.fromAsync(contentChunks(content, 10_001, 4000))

      expect(chunks.map(chunk => chunk.byteLength)).to.deep.equal([4000, 4000, 2001])
      expect(concat(chunks)).to.equalBytes(content(10_001))
    })
  }

  it('gives other content for another seed, and none twice', () => {
    const blocks = [1, 2, 3].flatMap(seed => Array.from({ length: 100 }, (_, i) => seededContent(seed)(4096, i * 4096).join()))

    expect(new Set(blocks)).to.have.property('size', 300)
  })

  it('can be empty', async () => {
    expect(goldenContent(0)).to.have.lengthOf(0)
    expect(seededContent(1)(0)).to.have.lengthOf(0)
    expect(await Array.fromAsync(contentChunks(goldenContent, 0))).to.deep.equal([])
  })
})
