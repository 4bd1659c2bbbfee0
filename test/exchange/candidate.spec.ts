import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { indicesOf } from '../../src/dataset/ranges.ts'
import { isHadByNobody, mayHave, nextHad, nextLacked } from '../../src/exchange/candidate.ts'
import { newCandidate, newSession } from './fixtures.ts'

const NOW = 60_000

describe('who is not counted on to have a block', () => {
  const session = newSession(10)
  const everything: Array<[number, number]> = [[0, 10]]
  const lacks = newCandidate(session, 'lacks', [])

  it('has said that it has not got it', () => {
    expect(isHadByNobody([lacks], 0, NOW)).to.be.true()
    expect(isHadByNobody([lacks, newCandidate(session, 'has', everything)], 0, NOW)).to.be.false()
  })

  it('asks more than is paid', () => {
    const dear = newCandidate(session, 'dear', everything, { buys: false })

    expect(isHadByNobody([lacks, dear], 0, NOW)).to.be.true()
  })

  it('was asked for it and did not send it', () => {
    const failed = newCandidate(session, 'failed', everything)
    failed.dataset.failed.add({ start: 0, end: 1 })

    expect(isHadByNobody([lacks, failed], 0, NOW)).to.be.true()
    expect(isHadByNobody([lacks, failed], 1, NOW)).to.be.false()
  })

  it('was asked twice for whatever, and sent nothing; until it sends something', () => {
    const stalls = newCandidate(session, 'stalls', everything)
    stalls.peer.timedOut(NOW)
    expect(isHadByNobody([lacks, stalls], 0, NOW)).to.be.false()
    stalls.peer.timedOut(NOW)
    expect(isHadByNobody([lacks, stalls], 0, NOW)).to.be.true()
    stalls.peer.delivered(1, 1, 1, NOW)
    expect(isHadByNobody([lacks, stalls], 0, NOW)).to.be.false()
  })

  it('says nothing when it has had time to, and goes on saying nothing when asked again', () => {
    const mute = newCandidate(session, 'mute', [])
    mute.dataset.absent.clearRange({ start: 0, end: 10 })
    mute.dataset.ask({ start: 0, end: 10 }, NOW)
    expect(isHadByNobody([lacks, mute], 0, NOW)).to.be.false()

    const later = mute.dataset.askAgainAt
    expect(isHadByNobody([lacks, mute], 0, later)).to.be.true()

    mute.dataset.askAgain()
    mute.dataset.ask({ start: 0, end: 10 }, later)
    expect(isHadByNobody([lacks, mute], 0, later)).to.be.true()

    mute.dataset.answered([{ start: 0, end: 1 }], [], 0n)
    expect(isHadByNobody([lacks, mute], 0, later)).to.be.false()
  })
})

describe('the next block that a candidate has, and that it lacks', () => {
  it('is what looking at each would find', () => {
    const range = fc.tuple(fc.nat(39), fc.nat(39)).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b) + 1])

    fc.assert(fc.property(fc.array(range, { maxLength: 4 }), fc.boolean(), fc.boolean(), fc.array(range, { maxLength: 3 }), range, (have, likely, buys, forgotten, [from, end]) => {
      const candidate = newCandidate(newSession(40), 'peer', have, { buys })
      candidate.dataset.likely = likely
      forgotten.forEach(([start, end]) => { candidate.dataset.absent.clearRange({ start, end }) })
      const indices = [...indicesOf([{ start: from, end }])]

      expect(nextHad(candidate, from, end)).to.equal(indices.find(index => mayHave(candidate, index)) ?? -1)
      expect(nextLacked(candidate, from, end)).to.equal(indices.find(index => !mayHave(candidate, index)) ?? -1)
    }))
  })
})
