import { expect } from 'aegir/chai'
import { SharedWork } from '../../src/exchange/shared-work.ts'

interface Job {
  signal: AbortSignal
  end(): void
}

/** Jobs by their key, which a test ends. */
function bench (most: number): { work: SharedWork<string>, jobs: Map<string, Job>, told: string[], join(key: string, waiter: string): () => void } {
  const work = new SharedWork<string>(most)
  const jobs = new Map<string, Job>()
  const told: string[] = []

  return {
    work,
    jobs,
    told,
    join: (key, waiter) => work.join(key, waiter, async (_, signal) => {
      await new Promise<void>(resolve => {
        signal.addEventListener('abort', () => { resolve() })
        jobs.set(key, { signal, end: resolve })
      })

      return waiter => { told.push(`${key} ${waiter}`) }
    })
  }
}

async function settled (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}

describe('shared work', () => {
  it('is done once for all who wait for it', async () => {
    const { work, jobs, told, join } = bench(5)
    join('a', '1')
    join('a', '2')
    expect(work.size).to.equal(1)
    jobs.get('a')?.end()
    await settled()

    expect(told).to.deep.equal(['a 1', 'a 2'])
    expect(work.size).to.equal(0)
    join('a', '3')
    jobs.get('a')?.end()
    await settled()
    expect(told.at(-1)).to.equal('a 3')
  })

  it('is done a few pieces at a time, in the order in which they were wanted', async () => {
    const { work, jobs, told, join } = bench(2);
    ['a', 'b', 'c', 'd'].forEach(key => join(key, '1'))
    expect([...jobs.keys()]).to.deep.equal(['a', 'b'])
    expect(work.size).to.equal(4)
    jobs.get('b')?.end()
    await settled()
    expect([...jobs.keys()]).to.deep.equal(['a', 'b', 'c'])
    jobs.get('a')?.end()
    await settled()
    jobs.get('d')?.end()
    jobs.get('c')?.end()
    await settled()

    expect(told).to.deep.equal(['b 1', 'a 1', 'd 1', 'c 1'])
  })

  it('is given up when nobody waits for it any more, and makes room', async () => {
    const { work, jobs, told, join } = bench(1)
    const [first, second] = [join('a', '1'), join('a', '2')]
    const waiting = join('b', '1')
    join('c', '1')
    first()
    expect(jobs.get('a')?.signal.aborted).to.be.false()
    waiting()
    expect(work.size).to.equal(2)
    second()
    expect(jobs.get('a')?.signal.aborted).to.be.true()
    expect([...jobs.keys()]).to.deep.equal(['a', 'c'])
    jobs.get('c')?.end()
    await settled()

    expect(told).to.deep.equal(['c 1'])
    expect(work.size).to.equal(0)
  })

  it('begins anew for one who comes when it is just given up', async () => {
    const { jobs, told, join } = bench(1)
    join('a', '1')()
    const { signal } = jobs.get('a') as Job
    join('a', '2')
    expect(signal.aborted).to.be.true()
    jobs.get('a')?.end()
    await settled()

    expect(told).to.deep.equal(['a 2'])
  })

  it('is stopped: nobody is told, and what is under way is waited for', async () => {
    const { work, jobs, told, join } = bench(1)
    join('a', '1')
    join('b', '1')
    await work.stop()

    expect(jobs.get('a')?.signal.aborted).to.be.true()
    expect(jobs.has('b')).to.be.false()
    expect(told).to.deep.equal([])
    expect(work.size).to.equal(0)
  })
})
