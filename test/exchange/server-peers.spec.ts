import { expect } from 'aegir/chai'
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { memoryStores, slowBlockstore } from '../../src/testing/index.ts'
import { BLOCK, held, onNetwork } from '../api/network.ts'
import { indicesOf, served, unknown } from './served.ts'

describe('the server and its peers', () => {
  it('answers a peer that has asked for much that it has not', async () => {
    await onNetwork(async net => {
      const { file, client, link } = await served(net)

      for (const cid of unknown(600)) {
        link.askHave(cid, [{ start: 0, end: 1 }])
        await net.sleep(5)
      }

      link.askHave(file.cid, [{ start: 0, end: 1 }])
      link.request(file.cid, [{ start: 0, end: 1 }], BLOCK)
      await net.sleep(1_000)

      expect(client.answers.at(-1)).to.deep.include({ root: file.cid.toString(), have: [0] })
      expect(client.deliveries).to.have.lengthOf(1)
    })
  })

  it('keeps nothing of one who takes back all that he wanted, or goes', async () => {
    await onNetwork(async net => {
      const { server, root, link } = await served(net)
      link.request(root, [{ start: 90, end: 200 }], BLOCK)
      link.request(unknown(1)[0], [{ start: 0, end: 1 }], BLOCK)
      await net.sleep(1_000)
      expect(server.codex.stats().sizes.wants).to.equal(2)
      link.cancel(root, [{ start: 0, end: 200 }])
      link.cancel(unknown(1)[0], [{ start: 0, end: 1 }])
      await net.sleep(1_000)
      expect(server.codex.stats().sizes.wants).to.equal(0)
      link.request(root, [{ start: 100, end: 200 }], BLOCK)
      await net.sleep(1_000)
      net.transports.disconnect(server.transport, net.scripted[0].transport)
      await net.sleep(1_000)
      expect(held(server.codex)).to.deep.equal({})
      expect(server.codex.stats().sizes.clients).to.equal(0)
    })
  })

  it('goes on serving others when the blockstore fails for one block', async () => {
    await onNetwork(async net => {
      const stores = memoryStores()
      const { file, root, client, link } = await served(net, 20, stores)
      await stores.blockstore.delete(blockCid(hasher.digest(file.content.subarray(5 * BLOCK, 6 * BLOCK)) as Uint8Array))
      link.request(root, [{ start: 0, end: 20 }], BLOCK)
      await net.sleep(2_000)

      expect(indicesOf(client).sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i).filter(i => i !== 5))
    })
  })

  it('is not held up by one that reads slowly', async () => {
    await onNetwork(async net => {
      const { server, root, link } = await served(net, 500, { blockstore: slowBlockstore(memoryStores().blockstore, net.clock, 1) })
      net.scripted[0].transport.conditions.download = 1_000
      link.request(root, [{ start: 0, end: 500 }], BLOCK)
      await net.sleep(500)
      const second = await net.script()
      const secondLink = await second.connect(server.transport)
      const startedAt = net.clock.now()
      secondLink.request(root, [{ start: 0, end: 500 }], BLOCK)
      await net.until(() => indicesOf(second).length === 500)

      expect(net.clock.now() - startedAt).to.be.below(3_000)
      net.scripted[0].transport.conditions.download = Infinity
    })
  })
})
