import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { DeadlockError, runPromise, VirtualClock, VirtualTimeoutError } from '../../src/testing/index.ts'

describe('VirtualClock', () => {
  let clock: VirtualClock

  beforeEach(() => {
    clock = new VirtualClock()
  })

  afterEach(() => {
    expect(clock.pending).to.equal(0)
  })

  it('stands still until it is told to move', async () => {
    let fired = false
    clock.setTimeout(() => { fired = true }, 1)
    await new Promise(resolve => setTimeout(resolve, 5))
    expect(clock.now()).to.equal(0)
    expect(fired).to.equal(false)

    await clock.advance(1)
    expect(clock.now()).to.equal(1)
    expect(fired).to.equal(true)
  })

  it('moves as far as it is told, with nothing to do', async () => {
    await clock.advance(1500.5)
    expect(clock.now()).to.equal(1500.5)
  })

  it('fires in the order of time, then of setting, and only what was not cleared', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ ms: fc.integer({ min: 0, max: 20 }), clear: fc.boolean() })), async timers => {
      const clock = new VirtualClock()
      const fired: number[] = []
      const set = timers.map(({ ms }, i) => clock.setTimeout(() => { fired.push(i) }, ms))
      timers.forEach(({ clear }, i) => { clear && clock.clearTimeout(set[i]) })
      expect(clock.pending).to.equal(timers.filter(({ clear }) => !clear).length)
      await clock.run()

      const expected = timers
        .map(({ ms, clear }, i) => ({ ms, clear, i }))
        .filter(({ clear }) => !clear)
        .sort((a, b) => a.ms - b.ms || a.i - b.i)
        .map(({ i }) => i)

      expect(fired).to.deep.equal(expected)
    }))
  })

  it('lets promises settle between timers', async () => {
    const seen: string[] = []

    clock.setTimeout(() => {
      void (async () => {
        for (let i = 0; i < 100; i++) {
          await Promise.resolve()
        }

        seen.push('promises')
        clock.setTimeout(() => { seen.push('timer of promises') }, 0)
      })()
    }, 1)
    clock.setTimeout(() => { seen.push('next timer') }, 1.5)
    await clock.run()

    expect(seen).to.deep.equal(['promises', 'timer of promises', 'next timer'])
  })

  it('clears a timer once more, one that has fired, and none', () => {
    const timer = clock.setTimeout(() => {}, 1)
    clock.clearTimeout(timer)
    clock.clearTimeout(timer)
    clock.clearTimeout(undefined)
  })

  it('takes a negative time for now and refuses one without end', async () => {
    await clock.advance(5)
    let at = 0
    clock.setTimeout(() => { at = clock.now() }, -3)
    await clock.run()

    expect(at).to.equal(5)
    expect(() => clock.setTimeout(() => {}, Infinity)).to.throw().with.property('name', 'InvalidParametersError')
    expect(() => clock.setTimeout(() => {}, NaN)).to.throw().with.property('name', 'InvalidParametersError')
  })

  it('runs until it is told to stop, and no further', async () => {
    let fired = 0
    const timers = [1, 2, 3].map(ms => clock.setTimeout(() => { fired++ }, ms))
    await clock.run(() => fired === 2)

    expect(clock.now()).to.equal(2)
    clock.clearTimeout(timers[2])
  })

  it('goes through hours of timers', async () => {
    let ticks = 0

    const tick = (): void => {
      ticks++
      ticks < 10_800 && clock.setTimeout(tick, 1000)
    }

    clock.setTimeout(tick, 1000)
    await clock.run()

    expect(clock.now()).to.equal(3 * 60 * 60 * 1000)
  })

  it('says when nothing is left that could settle a promise', async () => {
    await clock.advance(10)
    clock.setTimeout(() => {}, 20)

    await expect(runPromise(clock, new Promise(() => {}))).to.eventually.be.rejectedWith('Nothing is scheduled after 20 ms')
      .with.property('name', DeadlockError.name)
  })

  it('says when virtual time runs out', async () => {
    let timer: unknown
    const tick = (): void => { timer = clock.setTimeout(tick, 30) }
    tick()

    await expect(runPromise(clock, new Promise(() => {}), { maxMs: 100 })).to.eventually.be.rejectedWith('Not done after 100 ms')
      .with.property('name', VirtualTimeoutError.name)
    expect(clock.now()).to.equal(90)
    clock.clearTimeout(timer)
  })

  it('says when time stands still', async () => {
    let timer: unknown
    const tick = (): void => { timer = clock.setTimeout(tick, 0) }
    tick()

    await expect(clock.run()).to.eventually.be.rejectedWith('Time stands still')
    clock.clearTimeout(timer)
  }).timeout(60_000)

  it('settles as the promise does', async () => {
    const later = async <T> (ms: number, fn: () => T): Promise<T> => new Promise((resolve, reject) => {
      clock.setTimeout(() => {
        try {
          resolve(fn())
        } catch (err) {
          reject(err)
        }
      }, ms)
    })

    await expect(runPromise(clock, later(60_000, () => 5))).to.eventually.equal(5)
    await expect(runPromise(clock, later(60_000, () => { throw new Error('Urk!') }))).to.eventually.be.rejectedWith('Urk!')
    await expect(runPromise(clock, Promise.resolve(6))).to.eventually.equal(6)
    expect(clock.now()).to.equal(120_000)
  })

  it('fails with what a timer throws, and can go on', async () => {
    clock.setTimeout(() => { throw new Error('Urk!') }, 1)
    clock.setTimeout(() => {}, 2)

    await expect(clock.run()).to.eventually.be.rejectedWith('Urk!')
    await clock.run()
    expect(clock.now()).to.equal(2)
  })

  it('is run by one at a time', async () => {
    const run = clock.advance(1)

    await expect(clock.run()).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    await run
  })
})
