import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { compareDistance, idAtDistance, logDistance, lookupDistances } from '../../src/dht/node-id.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 })

function number (bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

describe('dht/node-id', () => {
  it('measures distance as XOR', () => {
    fc.assert(fc.property(id, id, id, (target, a, b) => {
      const [x, y] = [number(a) ^ number(target), number(b) ^ number(target)]

      expect(Math.sign(compareDistance(target, a, b))).to.equal(Number(x > y) - Number(x < y))
      expect(logDistance(a, target)).to.equal(x === 0n ? 0 : x.toString(2).length)
      expect(logDistance(a, a)).to.equal(0)
    }))
  })

  it('makes an id at any distance', () => {
    fc.assert(fc.property(id, id, fc.nat(256), (own, random, distance) => {
      expect(logDistance(own, idAtDistance(own, distance, random))).to.equal(distance)
    }))
  })

  it('asks for a distance and its neighbours, as the reference does', () => {
    expect(lookupDistances(256)).to.deep.equal([256, 255, 254])
    expect(lookupDistances(255)).to.deep.equal([255, 254, 253])
    expect(lookupDistances(253)).to.deep.equal([253, 254, 252])
    expect(lookupDistances(2)).to.deep.equal([2, 3, 1])
    expect(lookupDistances(1)).to.deep.equal([1, 2, 3])
  })

  it('never asks for a node\'s own record, nor twice for the same', () => {
    for (let distance = 0; distance <= 256; distance++) {
      const distances = lookupDistances(distance)

      expect(new Set(distances).size).to.equal(3)
      expect(distances.every(other => other > 0 && (other < 256 || distance === 256))).to.equal(true)
    }
  })
})
