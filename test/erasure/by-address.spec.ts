import { expect } from 'aegir/chai'
import { ofEveryGroup, loseFrom } from '../../examples/demo/lose-blocks.ts'
import { KiB } from '../../src/constants.ts'
import { createCodex, staticPeers } from '../../src/index.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { memoryStores, runPromise, seededContent, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'

describe('a protected dataset of peers known by address', function () {
  this.timeout(60_000)

  before(async () => { await loadLeopard() })

  it('is told that nobody has a block as soon as the peers have said so, though they are looked for again and again', async () => {
    const clock = new VirtualClock()
    const random = seededRandom(1)
    const network = new SimulatedNetwork({ clock, random })
    const stores = memoryStores()
    const transport = network.addPeer({ latency: 100 })
    const seeder = createCodex({ ...stores, transport, clock, random })
    const reader = createCodex({ ...memoryStores(), transport: network.addPeer({ latency: 100 }), discovery: staticPeers(transport.addresses()), clock, random })
    const content = seededContent(3)(60 * 4 * KiB)

    const play = async (): Promise<void> => {
      await seeder.start()
      const cid = await seeder.store(content, { blockSize: 4 * KiB, erasure: { data: 10, parity: 5 } })
      await seeder.stop()
      await loseFrom(stores, cid, ofEveryGroup(5, 1))
      await Promise.all([seeder.start(), reader.start()])
      const { bytes, milliseconds } = await reader.download(cid, { providers: transport.addresses() }).done

      expect(bytes).to.equal(content.byteLength)
      expect(milliseconds).to.be.below(5_000)
      await Promise.all([seeder.stop(), reader.stop()])
    }

    await runPromise(clock, play(), { maxMs: 60 * 60_000 })
  })
})
