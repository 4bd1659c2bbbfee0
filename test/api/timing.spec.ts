import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { TIME_BUCKETS, Timing } from '../../src/timing.ts'

function timesOf (times: number[]): Timing['times'] {
  const timing = new Timing()
  times.forEach(time => { timing.add(time) })

  return timing.times
}

describe('times', () => {
  it('have buckets that rise', () => {
    expect(TIME_BUCKETS.slice(0, 4)).to.deep.equal([1, 2, 5, 10])
    expect(TIME_BUCKETS.at(-1)).to.equal(1_000_000)
    expect([...TIME_BUCKETS].sort((a, b) => a - b)).to.deep.equal(TIME_BUCKETS)
  })

  it('are nothing while there are none', () => {
    expect(timesOf([])).to.deep.equal({ count: 0, total: 0, max: 0, p50: 0, p95: 0 })
  })

  it('are told by the bucket, and never above the longest', () => {
    expect(timesOf([300])).to.deep.equal({ count: 1, total: 300, max: 300, p50: 250, p95: 295 })
    expect(timesOf([5_000_000])).to.include({ max: 5_000_000 }).and.to.have.property('p95').at.most(5_000_000)
    expect(timesOf(Array.from({ length: 100 }, (_, i) => i < 90 ? 3 : 150))).to.deep.include({ count: 100, max: 150 }).and.to.have.property('p95').within(100, 150)
  })

  it('have quantiles in the bucket of the exact ones', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 2_000_000 }), { minLength: 1, maxLength: 200 }), times => {
      const sorted = [...times].sort((a, b) => a - b)
      const { p50, p95 } = timesOf(times)

      for (const [share, value] of [[0.5, p50], [0.95, p95]]) {
        const exact = sorted[Math.ceil(sorted.length * share) - 1]
        const end = TIME_BUCKETS.find(end => exact <= end) ?? Infinity
        const start = TIME_BUCKETS[TIME_BUCKETS.indexOf(end) - 1] ?? (end === Infinity ? 1_000_000 : 0)
        expect(value).to.be.within(start, Math.min(end, sorted[sorted.length - 1]))
      }
    }))
  })
})
