import { expect } from 'aegir/chai'
import { treeCid } from '../../src/dataset/codecs.ts'
import { faultyDiscovery, runPromise, seededRandom, simulatedPeerId, VirtualClock } from '../../src/testing/index.ts'
import type { Discovery, Provider } from '../../src/interfaces.ts'
import type { DiscoveryFault } from '../../src/testing/index.ts'

const cid = treeCid(new Uint8Array(32).fill(1))
const [before, now] = [simulatedPeerId(1), simulatedPeerId(2)]

/** What a lookup gives once the one who was there before has gone, and another has come; a few of it. */
async function found (fault: DiscoveryFault): Promise<Provider[]> {
  const clock = new VirtualClock()
  let there: Provider = before
  const inner: Discovery = { async * find () { yield there }, async provide () {} }
  let isFaulty = false
  const discovery = faultyDiscovery(inner, { clock, random: seededRandom(1), get probability () { return isFaulty ? 1 : 0 }, faults: [fault] })
  const look = async (): Promise<Provider[]> => {
    const providers: Provider[] = []

    for await (const provider of discovery.find(cid, { signal: AbortSignal.abort() })) {
      if (providers.push(provider) === 30) {
        break
      }
    }

    return providers
  }

  return runPromise(clock, (async () => {
    await look()
    there = now
    isFaulty = true

    return look()
  })())
}

describe('faultyDiscovery', () => {
  it('gives what it gave before', async () => {
    expect(await found('stale')).to.deep.equal([before])
  })

  it('gives the same over and over', async () => {
    expect(await found('endless')).to.deep.equal(Array.from({ length: 30 }, () => now))
  })

  it('gives peers that there are not, and addresses where none is, before those that there are', async () => {
    for (const fault of ['fake', 'private'] as const) {
      const providers = await found(fault)
      expect(providers.length).to.be.above(1)
      expect(providers.pop()).to.equal(now)
      expect(providers).to.not.include(now)
    }
  })

  it('fails, hangs until it is aborted, and hangs all the same', async () => {
    await expect(found('fails')).to.eventually.be.rejectedWith('The lookup failed')
    await expect(found('hangs')).to.eventually.be.rejected.with.property('name', 'AbortError')
    expect(await found('ignores the signal')).to.deep.equal([])
  })
})
