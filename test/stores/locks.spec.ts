import { expect } from 'aegir/chai'
import { Locks } from '../../src/stores/locks.ts'
import { parallel } from '../../src/stores/parallel.ts'

const turn = async (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

describe('locks by name', () => {
  it('are held by one at a time, in the order of the calls', async () => {
    const locks = new Locks()
    const events: string[] = []
    const hold = async (name: string, ...names: string[]): Promise<void> => locks.run(names, async () => {
      events.push(`+${name}`)
      await turn()
      events.push(`-${name}`)
    })

    await Promise.all([hold('1', 'a', 'b'), hold('2', 'b', 'c'), hold('3', 'c', 'a'), hold('4', 'a'), hold('5', 'd')])
    expect(events.filter(event => !event.endsWith('5'))).to.deep.equal(['+1', '-1', '+2', '-2', '+3', '-3', '+4', '-4'])
    expect(events.indexOf('+5')).to.equal(1)
  })

  it('are given free when the work fails', async () => {
    const locks = new Locks()

    await expect(locks.run(['a', 'a'], async () => { throw new Error('no') })).to.eventually.be.rejectedWith('no')
    expect(await locks.run(['a'], async () => 1)).to.equal(1)
  })
})

describe('work done in parallel', () => {
  it('is done for every item, so many at a time', async () => {
    const done: number[] = []
    let [now, most] = [0, 0]

    await parallel([1, 2, 3, 4, 5, 6, 7], 3, async item => {
      most = Math.max(most, ++now)
      await turn()
      now--
      done.push(item)
    })

    expect(done).to.have.members([1, 2, 3, 4, 5, 6, 7])
    expect(most).to.equal(3)
    await parallel([], 3, async () => { throw new Error('nothing to do') })
  })

  it('ends before it fails, and begins nothing more', async () => {
    const begun: number[] = []
    let now = 0

    await expect(parallel([1, 2, 3, 4, 5], 2, async item => {
      begun.push(item)
      now++
      await turn()

      if (item === 1) {
        now--
        throw new Error('first')
      }

      await turn()
      now--
    })).to.eventually.be.rejectedWith('first')

    expect(now).to.equal(0)
    expect(begun).to.deep.equal([1, 2])
  })
})
