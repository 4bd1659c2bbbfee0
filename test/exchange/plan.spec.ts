import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { countOf, indicesOf } from '../../src/dataset/ranges.ts'
import { Peer } from '../../src/exchange/peer-admin.ts'
import { plan } from '../../src/exchange/plan.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { BLOCK, context, known, newCandidate, newInterest, newSession } from './fixtures.ts'
import type { Action } from '../../src/exchange/plan.ts'
import type { Interest, Request, Session } from '../../src/exchange/session.ts'

function requested (actions: Action[], id?: string): number[] {
  return actions.flatMap(action => action.type === 'request' && (id == null || action.candidate.peer.id === id) ? [...indicesOf([action.range])] : [])
}

function inFlight (session: Session, peer: Request['peer'], start: number, end: number, more: Partial<Request> = {}): Request {
  const request = { peer, start, end, sentAt: 0, expectedAt: 100, deadline: 1e9, duplicate: false, price: 0n, left: end - start, ...more }
  session.takeOff(request)
  peer.queued += (end - start) * BLOCK

  return request
}

describe('plan', () => {
  it('asks the one peer that has the blocks for all of them, in order', () => {
    const session = newSession(100)
    newInterest(session, 10, 30)
    const { actions } = plan(session, [known(newCandidate(session, 'a', [[0, 100]]), 10, 10_000)], context())

    expect(requested(actions)).to.deep.equal([...indicesOf([{ start: 10, end: 30 }])])
  })

  it('asks the peer that delivers sooner', () => {
    const session = newSession(10)
    newInterest(session, 0, 4)
    const slow = known(newCandidate(session, 'slow', [[0, 10]]), 100, 100)
    const fast = known(newCandidate(session, 'fast', [[0, 10]]), 10, 10_000)
    const { actions } = plan(session, [slow, fast], context())

    expect(requested(actions, 'fast')).to.deep.equal([0, 1, 2, 3])
  })

  it('leaves a block to a faster peer that is about to have room, unless it is not needed before', () => {
    const session = newSession(1_000)
    const interest = newInterest(session, 0, 1)
    interest.waitingFor = 0
    const fast = known(newCandidate(session, 'fast', [[0, 1_000]]), 10, 10_000, BLOCK)
    const slow = known(newCandidate(session, 'slow', [[0, 1_000]]), 100, 100)
    fast.peer.queued = BLOCK

    expect(requested(plan(session, [fast, slow], context()).actions)).to.deep.equal([])

    interest.wanted.add({ start: 200, end: 201 })
    expect(requested(plan(session, [fast, slow], context()).actions, 'slow')).to.deep.equal([200])
  })

  it('explores: now and then another peer than the best is asked', () => {
    const session = newSession(10)
    newInterest(session, 0, 1)
    const candidates = [known(newCandidate(session, 'best', [[0, 10]]), 10, 10_000), known(newCandidate(session, 'other', [[0, 10]]), 20, 5_000)]

    expect(requested(plan(session, candidates, context({ random: () => 0.99 })).actions, 'other')).to.deep.equal([])
    const dice = [0, 0.9]
    expect(requested(plan(session, candidates, context({ random: () => dice.shift() ?? 0 })).actions, 'other')).to.deep.equal([0])
  })

  it('asks another peer first for what a peer failed to deliver', () => {
    const session = newSession(10)
    newInterest(session, 0, 1)
    const failed = known(newCandidate(session, 'failed', [[0, 10]]), 1, 10_000)
    const other = known(newCandidate(session, 'other', [[0, 10]]), 500, 100)
    failed.dataset.failed.add({ start: 0, end: 1 })

    expect(requested(plan(session, [failed, other], context()).actions, 'other')).to.deep.equal([0])
    expect(requested(plan(session, [failed], context()).actions, 'failed')).to.deep.equal([0])
  })

  it('asks a second peer for the block that a reader waits for when it is overdue, and no sooner', () => {
    const session = newSession(10)
    const interest = newInterest(session, 0, 2)
    interest.waitingFor = 0
    const a = known(newCandidate(session, 'a', [[0, 10]]), 10, 10_000)
    const b = known(newCandidate(session, 'b', [[0, 10]]), 10, 10_000)
    inFlight(session, a.peer, 0, 2, { sentAt: 0, expectedAt: 100 })

    const early = plan(session, [a, b], context({ now: 200 }))
    expect(early.actions).to.deep.equal([])
    expect(early.wakeAt).to.equal(250)

    const { actions } = plan(session, [a, b], context({ now: 250 }))
    expect(requested(actions, 'b')).to.deep.equal([0, 1])
    expect(actions.every(action => action.type === 'request' && action.duplicate)).to.be.true()
  })

  it('asks the only peer again for an overdue block when it sent what it was asked for later', () => {
    const session = newSession(100)
    newInterest(session, 0, 64).waitingFor = 0
    const only = known(newCandidate(session, 'only', [[0, 64]]), 10, 10_000)
    const lost = inFlight(session, only.peer, 0, 16, { sentAt: 0 })
    const later = inFlight(session, only.peer, 16, 64, { sentAt: 10 })
    const land = (request: Request, start: number, end: number): void => {
      [...indicesOf([{ start, end }])].forEach(index => {
        session.land(request, index)
        session.takeIn(index, false)
        only.peer.queued -= BLOCK
      })
    }

    land(lost, 1, 16)
    expect(requested(plan(session, [only], context()).actions)).to.deep.equal([])
    land(later, 16, 32)
    expect(requested(plan(session, [only], context({ now: 200 })).actions)).to.deep.equal([])
    expect(requested(plan(session, [only], context()).actions)).to.deep.equal([0])
    const other = newInterest(session, 90, 91)
    expect(requested(plan(session, [only], context()).actions)).to.not.include(0)
    session.interests.delete(other)
    only.peer.restUntil = 1e9
    expect(requested(plan(session, [only], context()).actions)).to.deep.equal([])
  })

  it('asks a third when the second is overdue, too, and rather one that delivers than one of whom nothing is known', () => {
    const session = newSession(10)
    newInterest(session, 0, 1).waitingFor = 0
    const [a, b, unknown, reliable] = ['a', 'b', 'unknown', 'reliable'].map(id => known(newCandidate(session, id, [[0, 10]]), 10, 10_000))
    known(reliable, 20, 5_000).peer.counters.used = 1
    inFlight(session, a.peer, 0, 1, { sentAt: 0, expectedAt: 100 })
    inFlight(session, b.peer, 0, 1, { sentAt: 300, expectedAt: 400, duplicate: true })
    const all = [a, b, unknown, reliable]

    expect(requested(plan(session, all, context({ now: 500 })).actions)).to.deep.equal([])
    expect(requested(plan(session, all, context({ now: 550 })).actions, 'reliable')).to.deep.equal([0])
  })

  it('asks nobody again for what came and is being verified', () => {
    const session = newSession(10)
    newInterest(session, 0, 2).waitingFor = 0
    const a = known(newCandidate(session, 'a', [[0, 10]]), 10, 10_000)
    const b = known(newCandidate(session, 'b', [[0, 10]]), 10, 10_000)
    inFlight(session, a.peer, 0, 2)
    session.takeIn(0, false)

    expect(requested(plan(session, [a, b], context()).actions)).to.deep.equal([1])
  })

  it('bounds the blocks asked of a second peer', () => {
    const session = newSession(100)
    newInterest(session, 0, 100).waitingFor = 0
    const a = known(newCandidate(session, 'a', [[0, 100]]), 10, 10_000)
    const b = known(newCandidate(session, 'b', [[0, 100]]), 10, 10_000)
    inFlight(session, a.peer, 0, 100)
    const limits = { ...DEFAULT_LIMITS, duplicateBlocks: 5 }

    expect(requested(plan(session, [a, b], context({ limits })).actions)).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('asks about so many indices ahead, however fragmented what is wanted', () => {
    const session = newSession(10_000)
    const interest = newInterest(session, 0, 1)

    for (let start = 10; start < 3_000; start += 10) {
      interest.wanted.add({ start, end: start + 1 })
    }

    const a = newCandidate(session, 'a', [])
    a.dataset.newEpoch()
    const asked = plan(session, [a], context()).actions.flatMap(action => action.type === 'ask' ? action.ranges : [])

    expect(countOf(asked)).to.be.at.most(DEFAULT_LIMITS.askAhead).and.above(0)
  })

  it('asks a peer that is taken to have everything about little before its first answer, then about the rest', () => {
    const session = newSession(1_000)
    newInterest(session, 0, 256)
    const candidate = new Peer('a', DEFAULT_LIMITS)
    const dataset = candidate.dataset(session.key, session.shape)
    dataset.likely = true
    const asked = (): number => {
      const { actions } = plan(session, [{ peer: candidate, dataset, buys: true }], context())
      const ranges = actions.flatMap(action => action.type === 'ask' ? action.ranges : [])
      ranges.forEach(range => { dataset.ask(range, 0) })

      return countOf(ranges)
    }

    expect(asked()).to.be.within(1, 16)
    expect(asked()).to.equal(0)
    dataset.answered([{ start: 0, end: 1 }], [], 0n)
    expect(asked()).to.be.at.least(900)
  })

  it('asks a second peer for the last blocks of all, wherever they are', () => {
    const session = newSession(100)
    const interest = newInterest(session, 0, 1, { order: 'rarest', reads: false })
    const a = known(newCandidate(session, 'a', [[0, 100]]), 10, 10_000)
    const b = known(newCandidate(session, 'b', [[0, 100]]), 10, 10_000);
    [0, 40, 90].forEach(index => {
      interest.wanted.add({ start: index, end: index + 1 })
      inFlight(session, a.peer, index, index + 1, { expectedAt: index === 40 ? 1e6 : 100 })
    })

    expect(requested(plan(session, [a, b], context()).actions, 'b')).to.deep.equal([0, 90])
  })

  it('takes back what nobody wants any more, nor comes to later and finds in the store', () => {
    const cancelled = (change: Partial<Interest>): number[] => {
      const session = newSession(10)
      newInterest(session, 1, 2, change)
      const a = newCandidate(session, 'a', [[0, 10]])
      inFlight(session, a.peer, 0, 5)
      session.dropped = true

      return plan(session, [a], context()).actions.flatMap(action => action.type === 'cancel' ? action.indices : [])
    }

    expect(cancelled({ store: false })).to.deep.equal([0, 2, 3, 4])
    expect(cancelled({ store: true })).to.deep.equal([0])
    expect(cancelled({ store: true, horizon: 4 })).to.deep.equal([0, 4])
  })

  it('looks for peers when nobody has a wanted block, and asks those again that had nothing', () => {
    const session = newSession(10)
    newInterest(session, 0, 10)
    const empty = newCandidate(session, 'empty', [])
    const { actions } = plan(session, [empty], context())

    expect(actions.map(({ type }) => type)).to.deep.equal(['ask', 'find'])
  })

  it('comes back by itself while nobody can help', () => {
    const session = newSession(10)
    newInterest(session, 0, 10)
    const { actions, wakeAt } = plan(session, [], context())

    expect(actions).to.deep.equal([{ type: 'find' }])
    expect(wakeAt).to.equal(101_000)
  })

  it('names the best price where every peer that has a block is too dear', () => {
    const session = newSession(10)
    newInterest(session, 3, 10)
    const dear = newCandidate(session, 'dear', [[0, 10]], { buys: false })
    const dearer = newCandidate(session, 'dearer', [[0, 10]], { buys: false })
    dear.dataset.price = 7n
    dearer.dataset.price = 9n

    expect(plan(session, [dearer, dear], context()).tooDear).to.deep.equal({ index: 3, bestPrice: 7n })
  })

  it('asks for nothing but presence while a price is unknown and matters', () => {
    const session = newSession(10)
    newInterest(session, 0, 10)
    const unknown = newCandidate(session, 'unknown', [[0, 10]], { buys: undefined })
    const { actions } = plan(session, [unknown], context())

    expect(requested(actions)).to.deep.equal([])
  })

  it('fetches the rarest first when told so', () => {
    const session = newSession(4)
    newInterest(session, 0, 4, { order: 'rarest', reads: false })
    const a = known(newCandidate(session, 'a', [[0, 4]]), 10, 10_000)
    const b = known(newCandidate(session, 'b', [[0, 2], [3, 4]]), 10, 10_000)

    expect(requested(plan(session, [a, b], context()).actions)[0]).to.equal(2)
  })

  it('fetches the rarest of what a peer with room has, however much else is rarer', () => {
    const session = newSession(1_000)
    newInterest(session, 0, 1_000, { order: 'rarest', reads: false })
    const full = known(newCandidate(session, 'full', [[0, 1_000]]), 10, 1)
    full.peer.queued = full.peer.pace.window
    const a = known(newCandidate(session, 'a', [[990, 995]]), 10, 10_000)
    const b = known(newCandidate(session, 'b', [[990, 993], [994, 995]]), 10, 10_000)

    expect(requested(plan(session, [full, a, b], context()).actions)[0]).to.equal(993)
  })

  it('waits for room, and looks for others, where it fetches the rarest first', () => {
    const session = newSession(10)
    newInterest(session, 0, 10, { order: 'rarest', reads: false })
    const full = known(newCandidate(session, 'full', [[0, 5]]), 10, 1)
    full.peer.queued = full.peer.pace.window
    const open = known(newCandidate(session, 'open', []), 10, 10_000)
    const result = plan(session, [full, open], context())

    expect(result.heldUp).to.be.true()
    expect([...result.waitsFor]).to.deep.equal([full.peer])
    expect(result.actions.map(({ type }) => type)).to.include('find')
  })

  it('keeps its promises whatever the network', () => {
    const range = fc.tuple(fc.nat(63), fc.nat(63)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b) + 1])

    fc.assert(fc.property(
      fc.array(range, { minLength: 1, maxLength: 3 }),
      fc.array(fc.record({ have: fc.array(range, { maxLength: 4 }), busy: range, window: fc.nat(40), buys: fc.boolean(), rests: fc.boolean() }), { maxLength: 5 }),
      fc.nat(100),
      fc.integer(),
      (interests, peers, room, seed) => {
        const session = newSession(64)
        interests.forEach(([start, end]) => newInterest(session, start, end))
        const candidates = peers.map(({ have, busy, window, buys, rests }, i) => {
          const candidate = known(newCandidate(session, `${i}`, have, { buys }), 10, 1_000, window * BLOCK)
          candidate.peer.restUntil = rests ? 200_000 : 0

          if (i === 0) {
            inFlight(session, candidate.peer, busy[0], busy[1], { sentAt: 99_990, expectedAt: 100_100 })
          }

          return candidate
        })
        const { actions } = plan(session, candidates, context({ room: room * BLOCK, random: seededRandom(seed) }))
        const asked = new Map<string, number>()
        const seen = new Set<number>()
        let total = 0

        for (const action of actions) {
          if (action.type !== 'request') {
            continue
          }

          const { candidate: { peer, dataset, buys }, range } = action
          expect(buys).to.equal(true)
          expect(peer.restUntil).to.be.at.most(100_000)

          for (const index of indicesOf([range])) {
            expect(session.isWanted(index)).to.be.true()
            expect(dataset.have.get(index)).to.be.true()
            expect(!session.busy.get(index)).to.be.true()
            expect(seen.has(index)).to.be.false()
            seen.add(index)
            total++
            const queued = (asked.get(peer.id) ?? peer.queued) + BLOCK
            asked.set(peer.id, queued)
            expect(queued === BLOCK || queued <= peer.pace.window).to.be.true()
          }
        }

        expect(total).to.be.at.most(room)
      }
    ))
  })
})
