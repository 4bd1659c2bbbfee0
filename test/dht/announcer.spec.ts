import { expect } from 'aegir/chai'
import { Announcer } from '../../src/dht/announcer.ts'
import { Background } from '../../src/dht/background.ts'
import { DEFAULT_DHT_LIMITS } from '../../src/dht/limits.ts'
import { keyOf } from '../../src/dht/node-id.ts'
import { createSpr } from '../../src/dht/spr.ts'
import { DialError } from '../../src/errors.ts'
import { runPromise, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { DhtLimits } from '../../src/dht/limits.ts'

const MINUTE = 60_000
const crypto = toyCrypto(seededRandom(1))

function content (n: number): Uint8Array {
  return new Uint8Array(32).fill(n)
}

describe('dht/announcer', () => {
  let clock: VirtualClock
  let background: Background
  let announcer: Announcer
  /** Contents by the minute that they were announced in. */
  let announced: Array<[minute: number, content: number]>
  let told: number
  let alone: boolean
  let known: number
  let seq: bigint
  let addresses: Uint8Array[]
  let running: number
  let most: number

  function make (limits: Partial<DhtLimits> = {}): void {
    announcer = new Announcer({
      clock,
      random: seededRandom(1),
      background,
      limits: { ...DEFAULT_DHT_LIMITS, ...limits },
      record: () => createSpr(crypto, { privateKey: new Uint8Array(32), seq, addresses }),
      isAlone: () => alone,
      nodes: () => known,
      announce: async contentId => {
        most = Math.max(most, ++running)
        await new Promise<void>(resolve => { clock.setTimeout(resolve, 500) })
        running--
        announced.push([Math.floor(clock.now() / MINUTE), contentId[0]])

        return told
      }
    })
  }

  beforeEach(() => {
    clock = new VirtualClock()
    background = new Background(clock)
    announced = []
    told = 16
    alone = false
    known = 0
    seq = 1n
    addresses = [new Uint8Array(8)]
    running = most = 0
    make()
  })

  afterEach(async () => {
    await runPromise(clock, background.stop())
    await clock.advance(1_000)
    expect(clock.pending).to.equal(0)
  })

  it('announces at once, and again every half an hour', async () => {
    await runPromise(clock, announcer.provide(content(1)))
    expect(announced).to.deep.equal([[0, 1]])

    await clock.advance(125 * MINUTE)
    expect(announced).to.have.lengthOf(5)
    const gaps = announced.slice(1).map(([minute], i) => minute - announced[i][0])
    expect(gaps.every(gap => gap >= 26 && gap <= 31)).to.equal(true)
  })

  it('announces as often as it is set to', async () => {
    make({ announceInterval: 5 * MINUTE })
    await runPromise(clock, announcer.provide(content(1)))
    await clock.advance(30 * MINUTE)

    expect(announced.length).to.be.within(6, 8)
  })

  it('announces many a few at a time, those first that are waited for', async () => {
    await runPromise(clock, Promise.all(Array.from({ length: 40 }, async (_, i) => announcer.provide(content(i)))))
    expect(announced).to.have.lengthOf(40)
    expect(most).to.equal(4)

    // all are due again at the same time
    announced = []
    seq = 2n
    await clock.advance(5_100)
    const before = clock.now()
    await runPromise(clock, announcer.provide(content(99)))
    expect(clock.now() - before).to.be.at.most(1_000)
    await clock.advance(10_000)
    expect(announced).to.have.lengthOf(41)
    expect(most).to.equal(4)
  })

  it('announces the same once for all that wait for it', async () => {
    await runPromise(clock, Promise.all([announcer.provide(content(1)), announcer.provide(content(1)), announcer.provide(content(1))]))
    expect(announced.length).to.be.at.most(2)
    expect(announcer.size).to.equal(1)
  })

  it('announces again when the record changes', async () => {
    await runPromise(clock, announcer.provide(content(1)))
    seq = 2n
    await clock.advance(10_000)
    expect(announced).to.have.lengthOf(2)
    await clock.advance(10 * MINUTE)
    expect(announced).to.have.lengthOf(2)
  })

  it('does not announce what cannot be reached, until it can', async () => {
    addresses = []
    await runPromise(clock, announcer.provide(content(1)))
    await clock.advance(10 * MINUTE)
    expect(announced).to.deep.equal([])

    addresses = [new Uint8Array(8)]
    seq = 2n
    await clock.advance(10_000)
    expect(announced).to.have.lengthOf(1)
  })

  it('fails when nobody could be told, and tries again', async () => {
    told = 0
    await expect(runPromise(clock, announcer.provide(content(1)))).to.be.rejectedWith(DialError)
    told = 16
    await clock.advance(MINUTE)

    expect(announced).to.have.lengthOf(2)
  })

  it('does not fail where there is nobody to tell', async () => {
    told = 0
    alone = true
    await runPromise(clock, announcer.provide(content(1)))

    expect(announced).to.have.lengthOf(1)
  })

  it('announces again as long as there are more to tell, up to 16', async () => {
    told = 0
    alone = true
    await runPromise(clock, announcer.provide(content(1)))
    await clock.advance(10 * MINUTE)
    expect(announced).to.have.lengthOf(1)

    for (const [nodes, times] of [[3, 2], [40, 3]]) {
      known = nodes
      told = Math.min(nodes, 16)
      await clock.advance(11_000)
      expect(announced).to.have.lengthOf(times)
    }

    await clock.advance(5 * MINUTE)
    expect(announced).to.have.lengthOf(3)
  })

  it('waits between two tries to tell those who do not answer', async () => {
    told = 2
    known = 3
    await runPromise(clock, announcer.provide(content(1)))
    await clock.advance(MINUTE)
    expect(announced.length).to.be.within(3, 12)
  })

  it('announces no more what was withdrawn', async () => {
    await runPromise(clock, Promise.all([announcer.provide(content(1)), announcer.provide(content(2))]))
    announcer.withdraw(keyOf(content(1)))
    await clock.advance(31 * MINUTE)

    expect(announced.slice(2).map(([, content]) => content)).to.deep.equal([2])
  })

  it('keeps so many, the latest', async () => {
    make({ announced: 3 })

    for (let i = 0; i < 5; i++) {
      await runPromise(clock, announcer.provide(content(i)))
    }

    announced = []
    await clock.advance(31 * MINUTE)
    expect(announcer.size).to.equal(3)
    expect(announced.map(([, content]) => content).toSorted()).to.deep.equal([2, 3, 4])
  })

  it('goes on announcing what is not waited for any more', async () => {
    const controller = new AbortController()
    await expect(announcer.provide(content(0), { signal: AbortSignal.abort(new Error('enough')) })).to.be.rejectedWith('enough')

    const first = Promise.all([1, 2, 3, 4].map(async n => announcer.provide(content(n))))
    const late = announcer.provide(content(5), { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(late).to.be.rejectedWith('enough')
    await runPromise(clock, first)
    await clock.advance(MINUTE)

    expect(announced.map(([, content]) => content).toSorted()).to.deep.equal([1, 2, 3, 4, 5])
  })

  it('lets nobody wait when it is stopped', async () => {
    const all = Promise.allSettled(Array.from({ length: 6 }, async (_, i) => announcer.provide(content(i))))
    const stopped = background.stop()
    await runPromise(clock, Promise.all([all, stopped]))

    expect((await all).map(({ status }) => status)).to.deep.equal(Array.from({ length: 6 }, () => 'rejected'))
    await expect(announcer.provide(content(7))).to.be.rejectedWith('stopped')
  })
})
