import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { collect, staticPeers } from '../../src/index.ts'
import { neverDelivered } from '../../src/testing/index.ts'
import { BLOCK, onNetwork, seed } from '../api/network.ts'
import type { NodeOptions, TestNetwork, TestNode } from '../api/network.ts'

const nobody = staticPeers([])

describe('a known provider', () => {
  it('that was not reached is tried again although another delivers', async () => {
    await onNetwork(async net => {
      const crawling = await net.add({ discovery: nobody, conditions: { upload: 1_000 } })
      const quick = await net.add({ discovery: nobody })
      const { cid, content } = await seed(crawling, 40 * BLOCK)
      await seed(quick, 40 * BLOCK)
      quick.transport.goOffline()
      const { codex } = await net.add({ discovery: nobody })
      const reading = collect(codex.download(cid, { providers: [crawling, quick].map(({ transport }) => transport.peerId) }), { max: MiB })
      await net.sleep(10_000)
      quick.transport.goOnline()

      expect(await reading).to.deep.equal(content)
      // alone it takes 160 seconds
      expect(net.clock.now()).to.be.below(60_000)
    })
  })
})

describe('peers that are connected', () => {
  const others: Record<string, (net: TestNetwork) => NodeOptions> = {
    'have nothing': () => ({}),
    'do not answer': () => ({ limits: { peerWants: 0, peerWantRoots: 0 } }),
    'do not deliver what they have': () => ({ faults: { blocks: [neverDelivered] } }),
    'deliver after the timeout': ({ clock }) => ({ faults: { slow: { clock, ms: 25_000 } } })
  }

  for (const [what, optionsOn] of Object.entries(others)) {
    it(`make room for those that were not asked when they ${what}`, async () => {
      await onNetwork(async net => {
        const options = optionsOn(net)
        const reader = await net.add({ discovery: nobody, limits: { sessionPeers: 2 } })
        const connect = async ({ transport }: TestNode): Promise<void> => { await reader.transport.connect(transport.peerId) }

        for (let i = 0; i < 5; i++) {
          const other = await net.add({ discovery: nobody, ...options })
          await connect(other)

          if (options.faults != null) {
            await seed(other, 20 * BLOCK)
          }
        }

        const seeder = await net.add({ discovery: nobody })
        const { cid, content } = await seed(seeder, 20 * BLOCK)
        await connect(seeder)

        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
        expect(net.clock.now()).to.be.below(30_000)
      })
    })
  }
})
