import { expect } from 'aegir/chai'
import { int, pick, seededRandom, shuffle } from '../../src/testing/index.ts'

describe('seededRandom', () => {
  it('repeats itself for a seed and differs for another', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed)

      return Array.from({ length: 20 }, () => random())
    }

    expect(draw(7)).to.deep.equal(draw(7))
    expect(draw(7)).to.not.deep.equal(draw(8))
    expect(new Set(draw(0))).to.have.property('size', 20)
  })

  it('gives what xoshiro128** gives', () => {
    // the state that splitmix32 makes of seed 1, put through the published algorithm with 64-bit integers
    const M = 0xffffffffn
    const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & M
    const split = ((state: bigint) => () => {
      state = (state + 0x9e3779b9n) & M
      let mixed = ((state ^ (state >> 16n)) * 0x21f0aaadn) & M
      mixed = ((mixed ^ (mixed >> 15n)) * 0x735a2d97n) & M

      return mixed ^ (mixed >> 15n)
    })(1n)
    const s = [split(), split(), split(), split()]
    const random = seededRandom(1)

    for (let i = 0; i < 100; i++) {
      const expected = (rotl((s[1] * 5n) & M, 7n) * 9n) & M
      const t = (s[1] << 9n) & M
      s[2] ^= s[0]
      s[3] ^= s[1]
      s[1] ^= s[2]
      s[0] ^= s[3]
      s[2] ^= t
      s[3] = rotl(s[3], 11n)

      expect(random()).to.equal(Number(expected) / 2 ** 32)
    }
  })

  it('spreads evenly from 0 to 1', () => {
    const random = seededRandom(3)
    const buckets = new Array<number>(10).fill(0)

    for (let i = 0; i < 100_000; i++) {
      const value = random()
      expect(value >= 0 && value < 1).to.equal(true)
      buckets[Math.floor(value * 10)]++
    }

    for (const count of buckets) {
      expect(count).to.be.within(9_500, 10_500)
    }
  })

  it('draws integers from a range', () => {
    const random = seededRandom(4)
    const drawn = new Set(Array.from({ length: 1000 }, () => int(random, -2, 3)))

    expect([...drawn].sort((a, b) => a - b)).to.deep.equal([-2, -1, 0, 1, 2])
  })

  it('picks and shuffles', () => {
    const random = seededRandom(5)
    const items = ['a', 'b', 'c', 'd']
    const picked = new Set(Array.from({ length: 200 }, () => pick(random, items)))
    const orders = new Set(Array.from({ length: 2000 }, () => shuffle(random, items).join('')))

    expect(picked).to.have.property('size', 4)
    expect(orders).to.have.property('size', 24)
    expect([...orders].every(order => [...order].sort().join('') === 'abcd')).to.equal(true)
    expect(items).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(() => pick(random, [])).to.throw().with.property('name', 'InvalidParametersError')
  })
})
