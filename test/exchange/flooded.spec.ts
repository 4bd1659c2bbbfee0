import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { misbehave } from '../../src/testing/index.ts'
import { BLOCK, onNetwork, seed } from '../api/network.ts'
import type { Misbehaviour } from '../../src/testing/index.ts'
import type { TestFile, TestNetwork, TestNode } from '../api/network.ts'

const BLOCKS = 250
const FLOODS: Misbehaviour[] = ['want flood', 'cancel flood', 'presence flood', 'unasked blocks', 'accounts', 'streams', 'garbage']

/** Milliseconds in which an honest peer that comes to it has a file of a seeder. */
async function timeOf (net: TestNetwork, seeder: TestNode, { cid, content }: TestFile): Promise<number> {
  const { codex } = await net.add({ serve: false })
  const startedAt = net.clock.now()
  expect(await collect(codex.download(cid, { providers: [seeder.transport.peerId], store: false, stallTimeout: 10 * 60_000 }), { max: 2 * MiB })).to.deep.equal(content)

  return net.clock.now() - startedAt
}

/** Downloads over and over, as an honest peer, until it is told to stop. */
async function rival (net: TestNetwork, seeder: TestNode, file: TestFile, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await timeOf(net, seeder, file)
  }
}

describe('a seeder that is flooded', () => {
  for (const rivals of [0, 3]) {
    it(`serves an honest peer among ${rivals} others, and gives it half of its share at least`, async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ conditions: { upload: 500 * KiB } })
        const file = await seed(seeder, BLOCKS * BLOCK)
        const alone = await timeOf(net, seeder, file)
        const enough = new AbortController()
        const { signal } = enough
        const { treeCid } = await seeder.codex.manifest(file.cid)
        const floods = FLOODS.map(async kind => misbehave(kind, {
          transport: net.transports.addPeer(), victim: seeder.transport.peerId, clock: net.clock, random: net.random, roots: [treeCid], signal
        }))
        const others = Array.from({ length: rivals }, async () => rival(net, seeder, file, signal))
        await net.sleep(2_000)
        const flooded = await timeOf(net, seeder, file)
        enough.abort()
        await Promise.all([...floods, ...others])

        expect(flooded).to.be.below(2 * (rivals + 1) * alone)
      })
    })
  }
})
