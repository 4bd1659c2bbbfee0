/* eslint-disable max-nested-callbacks -- counts in the middle of a test */
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { rangesOf } from '../../src/dataset/ranges.ts'
import { verify } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { codexProtocol, collect } from '../../src/index.ts'
import { countingBlockstore, memoryStores, shuffle } from '../../src/testing/index.ts'
import { BLOCK, onNetwork, seed } from '../api/network.ts'
import { indicesOf, served, unknown } from './served.ts'
import type { VerifiedBlock } from '../../src/dataset/verify.ts'
import type { TestNetwork } from '../api/network.ts'
import type { ScriptedPeer } from '../api/scripted-peer.ts'
import type { CID } from 'multiformats/cid'

describe('the server', () => {
  it('says what it has, and what it has not only to those who want to be told', async () => {
    await onNetwork(async net => {
      const { server, file, root, client, link } = await served(net)
      link.askHave(root, [{ start: 98, end: 103 }])
      link.askHave(file.cid, [{ start: 0, end: 1 }])
      const [absent] = unknown(1)
      link.askHave(absent, [{ start: 0, end: 1 }])
      await net.sleep(500)

      expect(client.answers).to.deep.equal([
        { root: root.toString(), have: [98, 99], absent: [100, 101, 102], price: 0n },
        { root: file.cid.toString(), have: [0], absent: [], price: 0n },
        { root: absent.toString(), have: [], absent: [0], price: 0n }
      ])

      // a want list without sendDontHave, as the reference node sends it
      client.answers.length = 0
      const told = server.links.length
      await silentAsk(net, client, root)
      expect(server.links.slice(told).filter(({ what }) => what === 'presence').flatMap(({ absent }) => absent)).to.deep.equal([])
      expect(client.answers.flatMap(({ have }) => have)).to.deep.equal([98, 99])
    })
  })

  it('answers one that asks at once for all of a large file, in no order, as fast as it reads', async () => {
    await onNetwork(async net => {
      const BLOCKS = 60_000
      const server = await net.add()
      const file = await seed(server, BLOCKS * 64, { blockSize: 64 })
      const { treeCid: root } = await server.codex.manifest(file.cid, { offline: true })
      const client = await net.script({}, { conditions: { download: MiB, latency: 50 }, protocol: codexProtocol({ queueBytes: 64 * MiB, unaskedRate: 64 * MiB, unaskedBurst: 64 * MiB }) })
      const link = await client.connect(server.transport)
      const order = shuffle(net.random, Array.from({ length: BLOCKS }, (_, i) => i))

      for (let at = 0; at < BLOCKS; at += 1_024) {
        link.askHave(root, rangesOf(order.slice(at, at + 1_024).sort((a, b) => a - b)))
      }

      await net.until(() => client.answers.reduce((sum, { have }) => sum + have.length, 0) === BLOCKS)
      expect(server.codex.peers()).to.have.lengthOf(1)
    })
  })

  it('delivers verifiable blocks, the first few first, then no more than 20 a message', async () => {
    await onNetwork(async net => {
      const { server, file, root, client, link } = await served(net, 300)
      link.request(root, [{ start: 0, end: 300 }], BLOCK)
      await net.sleep(2_000)
      const blocks: VerifiedBlock[] = []

      for (const delivery of client.deliveries.flat()) {
        blocks.push(await verify({ root, leaves: 300, blockSize: BLOCK }, delivery, undefined, hasher))
      }

      expect(blocks.map(({ index }) => index)).to.deep.equal(Array.from({ length: 300 }, (_, i) => i))
      blocks.forEach(({ data, index }) => { expect(data).to.deep.equal(file.content.subarray(index * BLOCK, (index + 1) * BLOCK)) })
      const lengths = client.deliveries.map(({ length }) => length)
      expect(lengths[0]).to.equal(server.codex.limits.firstDeliveryBlocks)
      expect(Math.max(...lengths)).to.equal(20)
      expect(server.codex.stats().served).to.deep.equal({ blocks: 300, bytes: 300 * BLOCK })
    })
  })

  it('serves one that asks for 16,000 blocks in no order, with little memory and in batches', async () => {
    await onNetwork(async net => {
      const BLOCKS = 16_000
      const { blockstore, counts } = countingBlockstore(memoryStores().blockstore)
      const server = await net.add({ blockstore, conditions: { upload: 4 * MiB } })
      const file = await seed(server, BLOCKS * 64, { blockSize: 64 })
      const { treeCid: root } = await server.codex.manifest(file.cid, { offline: true })
      const client = await net.script()
      const link = await client.connect(server.transport)
      const order = shuffle(net.random, Array.from({ length: BLOCKS }, (_, i) => i))
      const lists = Array.from({ length: Math.ceil(BLOCKS / 1_024) }, (_, i) => rangesOf(order.slice(i * 1_024, (i + 1) * 1_024).sort((a, b) => a - b)))

      for (const list of lists) {
        link.askHave(root, list)
        await net.sleep(20)
      }

      await net.until(() => client.answers.flatMap(({ have }) => have).length === BLOCKS)
      const readBefore = counts.get
      let ahead = 0

      for (const list of lists) {
        link.request(root, list, 64)
        await net.sleep(20)
        ahead = Math.max(ahead, counts.get - readBefore - indicesOf(client).length)
      }

      await net.until(() => indicesOf(client).length === BLOCKS)
      expect(indicesOf(client).sort((a, b) => a - b)).to.deep.equal(order.sort((a, b) => a - b))
      expect(Math.max(...client.deliveries.map(({ length }) => length))).to.be.at.most(20)
      // what the stream buffers, and two batches
      expect(ahead).to.be.below(6_000)
      expect(counts.get - readBefore).to.be.within(BLOCKS, BLOCKS + 100)
    })
  })

  it('shares its uplink fairly between two', async () => {
    await onNetwork(async net => {
      const { server, file, root, client, link } = await served(net, 1_000, { conditions: { upload: 400 * KiB } })
      link.request(root, [{ start: 0, end: 1_000 }], BLOCK)
      await net.sleep(2_000)
      const second = await net.script()
      const secondLink = await second.connect(server.transport)
      secondLink.request(root, [{ start: 0, end: 1_000 }], BLOCK)
      const before = indicesOf(client).length
      await net.sleep(4_000)
      const [a, b] = [indicesOf(client).length - before, indicesOf(second).length]

      expect(a + b).to.be.within(300, 410)
      expect(b / (a + b)).to.be.within(0.3, 0.7)
      expect(file.blocks).to.equal(1_000)
    })
  })

  it('serves a block as soon as it has it: in the middle of a chain, nobody waits for the whole file', async () => {
    await onNetwork(async net => {
      const a = await net.add({ conditions: { upload: 200 * KiB }, discovery: undefined })
      const { cid, content } = await seed(a, 200 * BLOCK)
      const b = await net.add({ discovery: undefined })
      const c = await net.add({ discovery: undefined })
      const first = collect(b.codex.download(cid, { providers: [a.transport.peerId] }), { max: MiB })
      const second = collect(c.codex.download(cid, { providers: [b.transport.peerId] }), { max: MiB })
      await first
      const firstDone = net.clock.now()

      expect(await second).to.deep.equal(content)
      expect(firstDone).to.be.above(3_500)
      expect(net.clock.now() - firstDone).to.be.below(1_500)
      expect(c.codex.peers().map(({ id }) => id)).to.deep.equal([b.id])
    })
  })

  it('tells and serves at once what comes after it was asked for', async () => {
    await onNetwork(async net => {
      const twin = await net.add()
      const file = await seed(twin, 10 * BLOCK)
      const { treeCid: root } = await twin.codex.manifest(file.cid, { offline: true })
      const server = await net.add({ discovery: undefined })
      const client = await net.script()
      const link = await client.connect(server.transport)
      link.askHave(root, [{ start: 0, end: 5 }])
      link.request(root, [{ start: 3, end: 8 }], BLOCK)
      link.request(file.cid, [{ start: 0, end: 1 }], BLOCK)
      await net.sleep(1_000)
      client.answers.length = 0
      expect(client.deliveries).to.deep.equal([])
      await server.codex.store(file.content, { blockSize: BLOCK })
      await net.sleep(200)

      expect(client.answers).to.deep.include({ root: root.toString(), have: [0, 1, 2, 3, 4], absent: [], price: 0n })
      expect(client.deliveries.flat().filter(({ root: of }) => of.equals(root)).map(({ index }) => index).sort()).to.deep.equal([3, 4, 5, 6, 7])
      expect(client.deliveries.flat().filter(({ root: of }) => of.equals(file.cid))).to.have.lengthOf(1)
    })
  })

  it('tells at once of the first block that comes, then of many together, and not of what the peer has itself', async () => {
    await onNetwork(async net => {
      const source = await net.add({ conditions: { upload: 400 * KiB }, discovery: undefined })
      const { cid } = await seed(source, 100 * BLOCK)
      const { treeCid: root } = await source.codex.manifest(cid, { offline: true })
      const server = await net.add({ discovery: undefined })
      const client = await net.script()
      const link = await client.connect(server.transport)
      link.askHave(root, [{ start: 0, end: 100 }])
      await net.sleep(100)
      client.answers.length = 0
      const startedAt = net.clock.now()
      const reading = server.codex.download(cid, { providers: [source.transport.peerId] }).done
      await net.until(() => client.answers.some(({ have }) => have.length > 0))
      const first = client.answers.flatMap(({ have }) => have)
      link.presence(root, { have: [{ start: 90, end: 95 }], absent: [], price: 0n })
      await reading
      await net.sleep(500)
      const told = client.answers.flatMap(({ have }) => have)

      expect(first.length).to.be.at.most(server.codex.limits.firstDeliveryBlocks)
      expect(told).to.have.members(Array.from({ length: 100 }, (_, i) => i).filter(index => index < 90 || index >= 95))
      expect(client.answers.length).to.be.at.most(2 + (net.clock.now() - startedAt) / 100).and.below(50)
    })
  })

  it('stops serving what is taken back', async () => {
    await onNetwork(async net => {
      const { server, root, client, link } = await served(net, 500, { conditions: { upload: 200 * KiB }, blockstore: undefined })
      link.request(root, [{ start: 0, end: 500 }], BLOCK)
      await net.sleep(1_000)
      link.cancel(root, [{ start: 0, end: 500 }])
      await net.sleep(1_000)
      const count = server.codex.stats().served.blocks
      expect(count).to.be.within(10, 250)
      await net.sleep(10_000)

      expect(server.codex.stats().served.blocks).to.equal(count)
      expect(indicesOf(client).length).to.equal(count)
      link.request(root, [{ start: 499, end: 500 }], BLOCK)
      await net.sleep(500)
      expect(indicesOf(client).at(-1)).to.equal(499)
    })
  })

  it('that is none says that it has nothing, to those who want to be told, and sends nothing', async () => {
    await onNetwork(async net => {
      const { root, file, client, link } = await served(net, 10, { serve: false })
      link.askHave(root, [{ start: 0, end: 3 }])
      link.askHave(file.cid, [{ start: 0, end: 1 }])
      link.request(root, [{ start: 0, end: 3 }], BLOCK)
      await net.sleep(1_000)
      await silentAsk(net, client, root)

      expect(client.answers).to.deep.equal([
        { root: root.toString(), have: [], absent: [0, 1, 2], price: 0n },
        { root: file.cid.toString(), have: [], absent: [0], price: 0n }
      ])
      expect(client.deliveries).to.deep.equal([])
    })
  })

  it('that is none announces nothing', async () => {
    await onNetwork(async net => {
      const { cid } = await seed(await net.add(), BLOCK)
      let announced = 0
      const { codex } = await net.add({ serve: false, discovery: { async * find () { yield net.nodes[0].transport.peerId }, async provide () { announced++ } } })
      await codex.download(cid).done
      await codex.store(new Uint8Array(5))

      expect(announced).to.equal(0)
    })
  })
})

/** Asks about the blocks 98 to 102 with wants that are not to be answered where nothing is there. */
async function silentAsk (net: TestNetwork, client: ScriptedPeer, root: CID): Promise<void> {
  const { encodeMessage, WANT_HAVE } = await import('../../src/wire/codex/encode.ts')
  const { frame } = await import('../../src/wire/framing.ts')
  const entries = Array.from({ length: 5 }, (_, i) => ({
    address: { leaf: true, treeCid: root.bytes, index: 98 + i }, priority: 0, cancel: false, wantType: WANT_HAVE, sendDontHave: false
  }))
  const [peer] = client.transport.connections
  const stream = await client.transport.openStream(peer, '/codex/blockexc/1.0.0')
  stream.read({ onData () {}, onEnd () {} })
  stream.send(frame(encodeMessage({ wantlist: { entries, full: false } })))
  await net.sleep(1_000)
}
