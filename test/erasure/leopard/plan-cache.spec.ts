import { expect } from 'aegir/chai'
import { fieldOf } from '../../../src/erasure/leopard/field.ts'
import { PlanCache } from '../../../src/erasure/leopard/plan-cache.ts'
import type { Loss } from '../../../src/erasure/leopard/plan.ts'

const MiB = 1024 * 1024

/** Data block `i` of `dataCount` lost, and parity `spare` there. */
function lossOf (dataCount: number, i: number, spare: number): Loss {
  return { dataCount, parityPositions: 64, missing: [i], spare: [spare] }
}

describe('erasure/leopard/plan-cache', () => {
  const field = fieldOf(8)

  it('makes a plan once', () => {
    const plans = new PlanCache()

    expect(plans.get(field, lossOf(20, 3, 0))).to.equal(plans.get(field, lossOf(20, 3, 0)))
  })

  it('tells losses apart', () => {
    const plans = new PlanCache()
    const losses = [lossOf(20, 3, 0), lossOf(20, 4, 0), lossOf(20, 3, 1), lossOf(21, 3, 0), { ...lossOf(20, 3, 0), parityPositions: 32 }]

    expect(new Set(losses.map(loss => plans.get(field, loss)))).to.have.property('size', losses.length)
  })

  it('keeps a bounded number of bytes, of the losses met last', () => {
    const plans = new PlanCache()
    const first = plans.get(field, lossOf(150, 0, 0))
    let most = 0

    for (let i = 0; i < 3_000; i++) {
      plans.get(field, lossOf(150, i % 150, i % 64))
      plans.get(field, lossOf(150, 149, 63))
      most = Math.max(most, plans.bytes)
    }

    const last = plans.get(field, lossOf(150, 2_999 % 150, 2_999 % 64))

    expect(most).to.be.within(MiB, 2 * MiB)
    expect(plans.get(field, lossOf(150, 2_999 % 150, 2_999 % 64))).to.equal(last)
    expect(plans.get(field, lossOf(150, 0, 0))).to.not.equal(first)
  })

  it('keeps no plan that is larger than all that it may keep', () => {
    const plans = new PlanCache()
    const missing = [...Array(8_192).keys()]
    plans.get(fieldOf(16), { dataCount: 16_384, parityPositions: 8_192, missing, spare: missing })

    expect(plans.bytes).to.equal(0)
  })
})
