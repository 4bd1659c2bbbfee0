import { expect } from 'aegir/chai'
import { createLeopard } from '../../../src/erasure/leopard/index.ts'
import { makeBlocks, without } from './blocks.ts'
import type { Leopard } from '../../../src/erasure/leopard/index.ts'

describe('erasure/leopard steps', () => {
  let leopard: Leopard

  before(async () => {
    leopard = await createLeopard()
  })

  it('do nothing before the first is taken', () => {
    expect(() => leopard.encodeSteps([], 1)).to.not.throw()
    expect(() => leopard.encodeSteps([], 1).next()).to.throw()
  })

  it('are small where blocks are many', () => {
    const blocks = makeBlocks(600, 8_192)

    expect([...leopard.encodeSteps(blocks, 2)]).to.have.lengthOf.at.least(4)
  })

  it('are the smaller the slower the kernel is', async () => {
    const plain = await createLeopard({ kernel: 'plain' })
    const simd = await createLeopard({ kernel: 'simd' })
    const blocks = makeBlocks(200, 16_384)
    const [slow, quick] = [plain, simd].map(leopard => [...leopard.encodeSteps(blocks, 100)].length)

    expect(slow).to.be.at.least(8 * quick)
  })

  it('of many jobs may be taken in any order', () => {
    const jobs = [[20, 10], [300, 3], [40, 1], [64, 32], [500, 40], [9, 9]].map(([k, m]) => {
      const data = makeBlocks(k, 24_576, k)
      const lost = without(data, Array(m).keys())

      return { data, lost, m, encode: leopard.encodeSteps(data, m) }
    })
    const parities: Uint8Array[][] = jobs.map(() => [])

    takeInTurns(jobs.map(({ encode }) => encode), parities)
    parities.forEach((parity, i) => {
      const { data, m } = jobs[i]

      expect(parity).to.deep.equal(leopard.encode(data, m))
    })

    const decoded: Uint8Array[][] = jobs.map(() => [])

    takeInTurns(jobs.map(({ lost }, i) => leopard.decodeSteps(lost, parities[i])), decoded)
    expect(decoded).to.deep.equal(jobs.map(({ data }) => data))
  })
})

/** Takes one step of each until all are done, and puts down what they return. */
function takeInTurns<T> (jobs: Array<Generator<undefined, T>>, results: T[]): void {
  const running = new Set(jobs.keys())

  while (running.size > 0) {
    for (const i of running) {
      const { done, value } = jobs[i].next()

      if (done === true) {
        results[i] = value
        running.delete(i)
      }
    }
  }
}
