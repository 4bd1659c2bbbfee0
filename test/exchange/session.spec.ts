import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { Peer } from '../../src/exchange/peer-admin.ts'
import { newSession } from './fixtures.ts'
import type { Request } from '../../src/exchange/session.ts'

const LEAVES = 40
const index = fc.nat(LEAVES - 1)
const step = fc.oneof(
  fc.record({ do: fc.constant('ask'), index, blocks: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constantFrom('land', 'takeIn', 'tookIn'), index })
)

describe('a session', () => {
  it('knows what is busy, asked twice and next overdue, whatever happened', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const session = newSession(LEAVES)
      const peer = new Peer('peer', DEFAULT_LIMITS)

      for (const [at, step] of steps.entries()) {
        const { index } = step

        if ('blocks' in step) {
          const end = Math.min(LEAVES, index + step.blocks)
          const duplicate = session.flights.has(index)
          const request: Request = { peer, start: index, end, sentAt: 0, expectedAt: 0, deadline: 1_000 - at, duplicate, price: 0n, left: end - index }
          session.takeOff(request)
        } else if (step.do === 'land') {
          session.flights.get(index)?.slice(0, 1).forEach(request => { expect(session.land(request, index)).to.be.true() })
        } else if (step.do === 'takeIn') {
          session.takeIn(index, false)
        } else {
          session.tookIn(index)
        }
      }

      for (let index = 0; index < LEAVES; index++) {
        expect(session.busy.get(index)).to.equal(session.flights.has(index) || session.intake.has(index))
      }

      const requests = [...session.requests]
      expect(session.duplicates).to.equal(requests.reduce((sum, { duplicate, left }) => sum + (duplicate ? left : 0), 0))
      expect(requests.every(({ left, deadline }) => left > 0 && deadline >= session.nextDeadline)).to.be.true()
    }))
  })

  it('does not land what was not asked', () => {
    const session = newSession(LEAVES)
    const request: Request = { peer: new Peer('peer', DEFAULT_LIMITS), start: 3, end: 5, sentAt: 0, expectedAt: 0, deadline: 1, duplicate: false, price: 0n, left: 2 }
    session.takeOff(request)

    expect(session.land(request, 5)).to.be.false()
    expect(session.land(request, 3)).to.be.true()
    expect(session.land(request, 3)).to.be.false()
    expect(request.left).to.equal(1)
  })
})
