import { expect } from 'aegir/chai'
import { lookup } from '../../src/dht/lookup.ts'
import { compareDistance, logDistance, lookupDistances } from '../../src/dht/node-id.ts'
import { int, runPromise, seededRandom, shuffle, VirtualClock } from '../../src/testing/index.ts'
import { fakeContact } from './contacts.ts'
import type { LookupInit, LookupResult } from '../../src/dht/lookup.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Random } from '../../src/interfaces.ts'

const SLOW_MS = 600
const DEAD_MS = 1_600

describe('dht/lookup', () => {
  let clock: VirtualClock
  let random: Random
  let nodes: Contact[]
  let dead: Set<string>
  let asked: string[]
  let underWay: number
  let most: number

  function randomId (): Uint8Array {
    return Uint8Array.from({ length: 32 }, () => int(random, 0, 256))
  }

  beforeEach(() => {
    clock = new VirtualClock()
    random = seededRandom(1)
    nodes = Array.from({ length: 300 }, () => fakeContact(randomId()))
    dead = new Set()
    asked = []
    underWay = most = 0
  })

  /** What a node answers: 16 at most, so not always all that are close. */
  function tell (contact: Contact, target: Uint8Array): Contact[] {
    const distances = lookupDistances(logDistance(target, contact.id))

    return distances.flatMap(distance => shuffle(random, nodes.filter(({ id }) => logDistance(contact.id, id) === distance)).slice(0, 16)).slice(0, 16)
  }

  async function run (target: Uint8Array, init: Partial<LookupInit> = {}): Promise<LookupResult> {
    return runPromise(clock, lookup({
      target,
      start: shuffle(random, nodes).slice(0, 3),
      verify: contact => contact,
      signal: new AbortController().signal,
      ask: async (contact, slow) => {
        asked.push(contact.key)
        most = Math.max(most, ++underWay)
        const isDead = dead.has(contact.key)
        await new Promise<void>(resolve => {
          clock.setTimeout(resolve, isDead ? DEAD_MS : 20 + 20 * random())

          if (isDead) {
            clock.setTimeout(slow, SLOW_MS)
          }
        })
        underWay--

        return isDead ? undefined : tell(contact, target)
      },
      ...init
    }))
  }

  function closest (target: Uint8Array): string[] {
    return nodes.filter(({ key }) => !dead.has(key)).toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, 16).map(({ key }) => key)
  }

  /** The nearest is right, most of the others are, and all are in order. */
  function expectClose ({ closest: found }: LookupResult, target: Uint8Array, least: number): void {
    const expected = closest(target)

    expect(found).to.have.lengthOf(16)
    expect(found[0].key).to.equal(expected[0])
    expect(found.filter(({ key }) => expected.includes(key)).length).to.be.at.least(least)
    expect(found).to.deep.equal(found.toSorted((a, b) => compareDistance(target, a.id, b.id)))
  }

  it('finds the 16 closest, nearest first, asking three at a time and nobody twice', async () => {
    for (let i = 0; i < 10; i++) {
      asked = []
      const target = randomId()
      const result = await run(target)

      expectClose(result, target, 14)
      expect(result.rounds).to.be.within(2, 6)
      expect(result.asked).to.equal(asked.length)
      expect(new Set(asked).size).to.equal(asked.length)
      expect(asked.length).to.be.below(50)
    }

    expect(most).to.equal(3)
  })

  it('finds the closest of those that answer', async () => {
    nodes.filter((_, i) => i % 3 === 0).forEach(({ key }) => dead.add(key))
    const target = randomId()
    const result = await run(target, { start: nodes.slice(1, 3) })

    expectClose(result, target, 12)
  })

  it('asks others while some are slow, nine at most', async () => {
    nodes.slice(10).forEach(({ key }) => dead.add(key))
    const before = clock.now()
    const { asked } = await run(randomId(), { start: nodes.slice(0, 100) })

    expect(most).to.equal(9)
    // three at a time it would take a dead one's time for every three
    expect(clock.now() - before).to.be.below(asked / 3 * DEAD_MS * 0.6)
  })

  it('finds nothing where nobody answers, and where nobody is known', async () => {
    nodes.forEach(({ key }) => dead.add(key))

    expect((await run(randomId())).closest).to.deep.equal([])
    expect(await run(randomId(), { start: [] })).to.deep.equal({ closest: [], rounds: 0, asked: 0 })
  })

  it('asks nobody whose record does not verify', async () => {
    const target = randomId()
    const [forged] = nodes.toSorted((a, b) => compareDistance(target, a.id, b.id))
    const result = await run(target, { start: nodes.filter(node => node !== forged).slice(0, 3), verify: contact => contact === forged ? undefined : contact })

    expect(asked).to.not.include(forged.key)
    expect(result.closest.map(({ key }) => key)).to.not.include(forged.key)
  })

  it('does not follow who makes up nodes that do not answer', async () => {
    const target = randomId()
    const liars = new Set(shuffle(random, nodes).slice(0, 20).map(({ key }) => key))
    const made: string[] = []
    const nearTarget = (): Contact => {
      const contact = fakeContact(Uint8Array.from({ length: 32 }, (_, i) => i < 8 ? target[i] : int(random, 0, 256)))
      made.push(contact.key)

      return contact
    }
    const result = await run(target, {
      start: nodes.slice(0, 3),
      ask: async (contact, slow) => {
        asked.push(contact.key)

        if (made.includes(contact.key)) {
          await new Promise<void>(resolve => {
            clock.setTimeout(slow, SLOW_MS)
            clock.setTimeout(resolve, DEAD_MS)
          })

          return undefined
        }

        await new Promise<void>(resolve => { clock.setTimeout(resolve, 30) })

        return liars.has(contact.key) ? Array.from({ length: 16 }, nearTarget) : tell(contact, target)
      }
    })

    expectClose(result, target, 14)
    expect(asked.filter(key => made.includes(key)).length).to.be.below(60)
  })

  it('ends when there are always closer ones that answer', async () => {
    const target = randomId()
    let step = 0
    const result = await run(target, {
      start: nodes.slice(0, 3),
      ask: async () => {
        await new Promise<void>(resolve => { clock.setTimeout(resolve, 30) })
        step++

        return Array.from({ length: 16 }, () => fakeContact(Uint8Array.from({ length: 32 }, (_, i) => i < Math.min(step, 28) ? target[i] : int(random, 0, 256))))
      }
    })

    expect(result.asked).to.be.at.most(128)
  })

  it('ends at once when it is aborted, and asks nobody more', async () => {
    const controller = new AbortController()
    clock.setTimeout(() => { controller.abort(new Error('enough')) }, 35)

    await expect(run(randomId(), { signal: controller.signal })).to.be.rejectedWith('enough')
    expect(clock.now()).to.equal(35)
    const before = asked.length
    await clock.advance(10_000)
    expect(asked.length).to.equal(before)

    await expect(run(randomId(), { signal: controller.signal })).to.be.rejectedWith('enough')
    expect(asked.length).to.equal(before)
  })

  it('fails when asking fails', async () => {
    await expect(run(randomId(), { ask: async () => { throw new Error('broken') } })).to.be.rejectedWith('broken')
  })
})
