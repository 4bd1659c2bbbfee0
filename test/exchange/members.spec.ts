import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { collect, staticPeers } from '../../src/index.ts'
import { BLOCK, onNetwork, seed } from '../api/network.ts'
import type { TestNode } from '../api/network.ts'

const nobody = staticPeers([])

describe('peers that are connected', () => {
  for (const [what, limits] of Object.entries({ 'have nothing': {}, 'do not answer': { peerWants: 0, peerWantRoots: 0 } })) {
    it(`make room for those that were not asked when they ${what}`, async () => {
      await onNetwork(async net => {
        const reader = await net.add({ discovery: nobody, limits: { sessionPeers: 2 } })
        const connect = async ({ transport }: TestNode): Promise<void> => { await reader.transport.connect(transport.peerId) }

        for (let i = 0; i < 5; i++) {
          await connect(await net.add({ discovery: nobody, limits }))
        }

        const seeder = await net.add({ discovery: nobody })
        const { cid, content } = await seed(seeder, 20 * BLOCK)
        await connect(seeder)

        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      })
    })
  }
})
