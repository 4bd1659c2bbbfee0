import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { PagedBitmap } from '../../src/dataset/bitmap.ts'
import { indicesOf, rangesOf } from '../../src/dataset/ranges.ts'
import { InvalidParametersError } from '../../src/errors.ts'

const PAGE = 32_768

/** Places near the borders of words and pages, where mistakes would be. */
const place = fc.oneof(
  fc.nat(3 * PAGE),
  fc.tuple(fc.constantFrom(0, 32, 64, PAGE, 2 * PAGE), fc.integer({ min: -2, max: 2 })).map(([border, step]) => border + step)
)
const range = fc.tuple(place, fc.oneof(fc.nat(70), place)).map(([start, length]) => ({ start, end: start + length }))
const operation = fc.record({ name: fc.constantFrom('set', 'clear', 'setRange', 'clearRange'), range })

describe('PagedBitmap', () => {
  it('agrees with an array of flags', () => {
    fc.assert(fc.property(fc.constantFrom(1, 31, 33, 100, PAGE, PAGE + 1, 2 * PAGE + 77), fc.array(operation, { maxLength: 12 }), range, (length, operations, window) => {
      const bitmap = new PagedBitmap(length)
      const model = new Uint8Array(length)

      for (const { name, range } of operations) {
        const value = name.startsWith('set') ? 1 : 0

        if (name === 'set' || name === 'clear') {
          const changes = range.start >= 0 && range.start < length && model[range.start] !== value

          expect(bitmap[name](range.start)).to.equal(changes)
          model[range.start] = value
        } else {
          bitmap[name === 'setRange' ? 'setRange' : 'clearRange'](range)
          model.fill(value, Math.max(range.start, 0), Math.max(range.end, 0))
        }
      }

      const indices = [...indicesOf([{ start: Math.max(window.start, 0), end: Math.min(window.end, length) }])]
      const set = indices.filter(index => model[index] === 1)
      const clear = indices.filter(index => model[index] === 0)

      expect(bitmap.count).to.equal(model.reduce((sum, bit) => sum + bit, 0))
      expect(indices.every(index => bitmap.get(index) === (model[index] === 1))).to.equal(true)
      expect(bitmap.nextSet(window.start, window.end)).to.equal(set[0] ?? -1)
      expect(bitmap.nextClear(window.start, window.end)).to.equal(clear[0] ?? -1)
      expect([...bitmap.setRanges(window.start, window.end)]).to.deep.equal(rangesOf(set))
      expect([...bitmap.clearRanges(window.start, window.end)]).to.deep.equal(rangesOf(clear))
    }), { numRuns: 150 })
  })

  it('is empty beyond its length', () => {
    const bitmap = new PagedBitmap(10)

    bitmap.setRange({ start: -5, end: 50 })

    expect(bitmap.count).to.equal(10)
    expect(bitmap.get(10)).to.equal(false)
    expect(bitmap.get(-1)).to.equal(false)
    expect(bitmap.set(10)).to.equal(false)
    expect(bitmap.nextClear(0)).to.equal(-1)
    expect(bitmap.nextSet(10)).to.equal(-1)
  })

  it('covers the largest dataset', () => {
    const bitmap = new PagedBitmap(2 ** 32)

    expect(bitmap.nextSet(0)).to.equal(-1)
    bitmap.setRange({ start: 0, end: 2 ** 32 })
    expect(bitmap.count).to.equal(2 ** 32)
    expect(bitmap.nextClear(0)).to.equal(-1)
    expect(bitmap.clear(2 ** 32 - 1)).to.equal(true)
    expect(bitmap.nextClear(0)).to.equal(2 ** 32 - 1)
    expect([...bitmap.setRanges()]).to.deep.equal([{ start: 0, end: 2 ** 32 - 1 }])
  })

  it('refuses lengths that no dataset has', () => {
    for (const length of [-1, 1.5, NaN, 2 ** 32 + 1]) {
      expect(() => new PagedBitmap(length)).to.throw(InvalidParametersError)
    }
  })
})
