import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { countOf, indicesOf, RangeSet, rangesOf } from '../../src/dataset/ranges.ts'

const LENGTH = 80
const range = fc.tuple(fc.nat(LENGTH), fc.nat(LENGTH)).map(([start, end]) => ({ start, end }))
const sorted = fc.array(range, { maxLength: 20 }).map(ranges => ranges.sort((a, b) => a.start - b.start))
const operation = fc.record({ name: fc.constantFrom('add', 'add', 'delete'), range })
const bulk = fc.record({ name: fc.constantFrom('addAll', 'deleteAll'), ranges: sorted })

/** What a set of indices says it is made of, found by looking at each. */
function runsOf (model: Set<number>): Array<{ start: number, end: number }> {
  return rangesOf([...model].sort((a, b) => a - b))
}

describe('ranges', () => {
  it('turns indices into ranges and back', () => {
    fc.assert(fc.property(fc.array(fc.nat(200)), indices => {
      const sorted = [...new Set(indices)].sort((a, b) => a - b)
      const ranges = rangesOf(sorted)

      expect([...indicesOf(ranges)]).to.deep.equal(sorted)
      expect(countOf(ranges)).to.equal(sorted.length)

      for (let i = 1; i < ranges.length; i++) {
        expect(ranges[i].start).to.be.greaterThan(ranges[i - 1].end)
      }
    }))
  })

  it('takes repeated indices once', () => {
    expect(rangesOf([3, 3, 4, 4, 9])).to.deep.equal([{ start: 3, end: 5 }, { start: 9, end: 10 }])
  })
})

describe('RangeSet', () => {
  it('agrees with a set of indices', () => {
    fc.assert(fc.property(fc.array(operation, { maxLength: 40 }), range, (operations, window) => {
      const set = new RangeSet()
      const model = new Set<number>()

      for (const { name, range } of operations) {
        set[name](range)

        for (const index of indicesOf([range])) {
          name === 'add' ? model.add(index) : model.delete(index)
        }

        expect(set.count).to.equal(model.size)
      }

      expect(set.ranges()).to.deep.equal(runsOf(model))
      expect([...set]).to.deep.equal(set.ranges())
      expect(set.isEmpty).to.equal(model.size === 0)

      for (let index = 0; index <= LENGTH; index++) {
        expect(set.has(index)).to.equal(model.has(index))
      }

      expect(set.covers(window)).to.equal([...indicesOf([window])].every(index => model.has(index)))
      expect([...indicesOf(set.intersection(window))]).to.deep.equal([...indicesOf([window])].filter(index => model.has(index)))

      expect(set.firstGap(window)).to.equal([...indicesOf([window])].find(index => !model.has(index)) ?? -1)

      set.clear()
      expect(set.ranges()).to.deep.equal([])
      expect(set.count).to.equal(0)
    }))
  })

  it('takes many ranges at once as it takes them one by one', () => {
    fc.assert(fc.property(sorted, fc.array(bulk, { maxLength: 10 }), (first, operations) => {
      const set = new RangeSet(first)
      const model = new RangeSet(first)

      for (const { name, ranges } of operations) {
        set[name](ranges)
        ranges.forEach(range => { name === 'addAll' ? model.add(range) : model.delete(range) })

        expect(set.ranges()).to.deep.equal(model.ranges())
        expect(set.count).to.equal(model.count)
      }
    }))
  })

  it('gives the first intervals away', () => {
    const set = new RangeSet([{ start: 1, end: 4 }, { start: 6, end: 7 }, { start: 9, end: 11 }])

    expect(set.takeFirst(2)).to.deep.equal([{ start: 1, end: 4 }, { start: 6, end: 7 }])
    expect(set.ranges()).to.deep.equal([{ start: 9, end: 11 }])
    expect(set.count).to.equal(2)
    expect(set.takeFirst(2)).to.deep.equal([{ start: 9, end: 11 }])
    expect(set.isEmpty).to.be.true()
    expect(set.takeFirst(1)).to.deep.equal([])
  })

  it('joins neighbours', () => {
    const set = new RangeSet([{ start: 4, end: 6 }, { start: 0, end: 2 }, { start: 2, end: 4 }])

    expect(set.ranges()).to.deep.equal([{ start: 0, end: 6 }])
  })

  it('holds indices beyond 32 bits', () => {
    const set = new RangeSet([{ start: 0, end: 2 ** 40 }])

    set.delete({ start: 2 ** 33, end: 2 ** 33 + 1 })

    expect(set.count).to.equal(2 ** 40 - 1)
    expect(set.has(2 ** 33)).to.equal(false)
    expect(set.has(2 ** 33 + 1)).to.equal(true)
  })
})
