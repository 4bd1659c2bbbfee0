import { expect } from 'aegir/chai'
import { ErasureLayout } from '../../src/erasure/layout.ts'
import { recoveryPlan } from '../../src/erasure/recovery-plan.ts'
import type { Having, RecoveryPlan } from '../../src/erasure/recovery-plan.ts'

const BLOCK = 64

/** What to fetch of a group of a file of so many blocks, in groups of 4 data and 2 parity blocks. */
function plan (blocks: number, group: number, having: Record<number, Having>): RecoveryPlan {
  const layout = new ErasureLayout({ ecK: 4, ecM: 2, originalDatasetSize: blocks * BLOCK, strategy: 'stepped' }, BLOCK)

  return recoveryPlan(layout, group, index => having[index] ?? 'can be had')
}

describe('erasure/recovery-plan', () => {
  it('asks for no parity where no data is missing', () => {
    expect(plan(4, 0, {})).to.deep.equal({ fetch: [0, 1, 2, 3], missing: [], lacking: 0 })
  })

  it('asks for just as much parity as there is data missing', () => {
    expect(plan(4, 0, { 1: 'nobody has it' })).to.deep.equal({ fetch: [0, 2, 3, 4], missing: [1], lacking: 0 })
    expect(plan(4, 0, { 1: 'nobody has it', 4: 'nobody has it' })).to.deep.equal({ fetch: [0, 2, 3, 5], missing: [1, 4], lacking: 0 })
    expect(plan(4, 0, { 1: 'nobody has it', 4: 'unknown' }).fetch).to.deep.equal([0, 2, 3, 4])
  })

  it('takes the blocks that fill a group up for data that is here', () => {
    // two groups: 0, 2, 4, (6) and 1, 3, (5), (7), parity from 8 on
    expect(plan(5, 1, { 1: 'nobody has it' })).to.deep.equal({ fetch: [3, 9], missing: [1], lacking: 0 })
  })

  it('fetches what is late only where it takes that', () => {
    expect(plan(4, 0, { 1: 'late' })).to.deep.equal({ fetch: [0, 2, 3, 4], missing: [], lacking: 0 })
    expect(plan(4, 0, { 1: 'late', 4: 'nobody has it', 5: 'nobody has it' })).to.deep.equal({ fetch: [0, 2, 3, 1], missing: [4, 5], lacking: 0 })
  })

  it('says how many are lacking', () => {
    expect(plan(4, 0, { 0: 'nobody has it', 4: 'nobody has it', 5: 'nobody has it' })).to.deep.include({ missing: [0, 4, 5], lacking: 1 })
  })
})
