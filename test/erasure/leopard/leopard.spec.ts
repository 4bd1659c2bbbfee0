import { expect } from 'aegir/chai'
import {
  createLeopard, InvalidCountsError, InvalidInputError, InvalidSizeError, LeopardError, NeedMoreDataError, TooMuchDataError
} from '../../../src/erasure/leopard/index.ts'
import { makeBlocks, without } from './blocks.ts'
import type { Leopard } from '../../../src/erasure/leopard/index.ts'

describe('erasure/leopard', () => {
  let leopard: Leopard

  before(async () => {
    leopard = await createLeopard()
  })

  const data = makeBlocks(4, 64)
  const [a, b, c, d] = data

  const refused: Array<[what: string, error: { name: string }, act: () => unknown]> = [
    ['empty blocks', InvalidSizeError, () => leopard.encode([new Uint8Array(0), new Uint8Array(0)], 1)],
    ['blocks of 63 bytes', InvalidSizeError, () => leopard.encode(makeBlocks(2, 63), 1)],
    ['blocks of 96 bytes', InvalidSizeError, () => leopard.encode(makeBlocks(2, 96), 1)],
    ['a wrong size, whatever the counts', InvalidSizeError, () => leopard.encode([new Uint8Array(0)], 2)],
    ['no parity', InvalidCountsError, () => leopard.encode(data, 0)],
    ['negative parity', InvalidCountsError, () => leopard.encode(data, -1)],
    ['half a parity block', InvalidCountsError, () => leopard.encode(data, 1.5)],
    ['parity without a number', InvalidCountsError, () => leopard.encode(data, NaN)],
    ['more parity than data', InvalidCountsError, () => leopard.encode(data, 5)],
    ['no data', InvalidCountsError, () => leopard.encode([], 1)],
    ['blocks that differ in length', InvalidInputError, () => leopard.encode([a, b, new Uint8Array(128)], 2)],
    ['a hole in the data', InvalidInputError, () => leopard.encode([a, undefined, c] as Uint8Array[], 2)],
    ['data that is nowhere', InvalidInputError, () => leopard.encode([a, ...Array(2)], 2)],
    ['more than the field has elements', TooMuchDataError, () => leopard.encode(Array(32_769).fill(a), 32_768)],
    ['more than the field has, with holes', TooMuchDataError, () => leopard.decode([...Array(32_768).fill(a), undefined], Array(32_768).fill(a))],
    ['decoding of more parity than data', InvalidCountsError, () => leopard.decode([a], [b, c])],
    ['decoding without parity', InvalidCountsError, () => leopard.decode(data, [])],
    ['decoding of a wrong size', InvalidSizeError, () => leopard.decode([undefined, new Uint8Array(32)], [undefined])],
    ['decoding of parity of another length', InvalidInputError, () => leopard.decode([undefined, b], [new Uint8Array(128)])],
    ['two lost and one parity', NeedMoreDataError, () => leopard.decode([undefined, undefined, c, d], [a, undefined])],
    ['all lost', NeedMoreDataError, () => leopard.decode([undefined, undefined], [undefined])]
  ]

  for (const [what, error, act] of refused) {
    it(`refuses ${what}`, () => {
      expect(act).to.throw(LeopardError).with.property('name', error.name)
    })
  }

  it('copies a single block', () => {
    const [parity] = leopard.encode([a], 1)
    const [decoded] = leopard.decode([undefined], [parity])

    expect(parity).to.deep.equal(a)
    expect(parity).to.not.equal(a)
    expect(decoded).to.deep.equal(a)
    expect(decoded).to.not.equal(parity)
  })

  it('makes one parity block the XOR of the data', () => {
    const [parity] = leopard.encode(data, 1)

    expect(parity).to.deep.equal(a.map((byte, i) => byte ^ b[i] ^ c[i] ^ d[i]))
    expect(leopard.decode([a, undefined, c, d], [parity])).to.deep.equal(data)
  })

  it('gives back the very blocks that are there', () => {
    const parity = leopard.encode(data, 2)
    const decoded = leopard.decode([a, undefined, c, undefined], parity)

    expect(decoded[0]).to.equal(a)
    expect(decoded[2]).to.equal(c)
    expect(decoded).to.deep.equal(data)
  })

  it('leaves its input as it was', () => {
    const input = makeBlocks(5, 192, 7)
    const parity = leopard.encode(input, 3)
    const before = parity.map(block => block.slice())
    leopard.decode(without(input, [1, 2, 4]), parity)

    expect(input).to.deep.equal(makeBlocks(5, 192, 7))
    expect(parity).to.deep.equal(before)
  })

  it('does not look at parity that it has no need of', () => {
    const parity = leopard.encode(data, 3)
    parity[1].fill(1)
    parity[2].fill(2)

    expect(leopard.decode([a, b, undefined, d], parity)).to.deep.equal(data)
  })

  it('takes views at any place of a larger array', () => {
    const message = new Uint8Array(64 * 6 + 7)
    const views = data.map((block, i) => {
      const view = message.subarray(3 + 65 * i, 67 + 65 * i)
      view.set(block)

      return view
    })
    const parity = leopard.encode(views, 2)

    expect(parity).to.deep.equal(leopard.encode(data, 2))
    expect(leopard.decode(without(views, [0, 3]), parity)).to.deep.equal(data)
  })

  it('takes arrays with nothing at an index', () => {
    const parity = leopard.encode(data, 2)
    const left: Uint8Array[] = []
    left[1] = b
    left[3] = d

    expect(leopard.decode(left, parity)).to.deep.equal(data)
  })

  it('codes each part of the blocks for itself, however it is cut', () => {
    const blocks = makeBlocks(40, 20_032)
    const parity = leopard.encode(blocks, 20)

    for (const [start, end] of [[0, 64], [8_128, 8_256], [19_968, 20_032]]) {
      const part = leopard.encode(blocks.map(block => block.subarray(start, end)), 20)

      expect(part).to.deep.equal(parity.map(block => block.subarray(start, end)))
    }
  })
})
