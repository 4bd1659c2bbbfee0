import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect, NotFoundError, StallError } from '../../src/index.ts'
import { neverDelivered, seededContent } from '../../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'

const file = new ServedFile(seededContent(5)(60 * BLOCK), BLOCK)
const isData = ({ root }: { root: { equals(other: unknown): boolean } }): boolean => root.equals(file.root)

describe('a peer that says it has the blocks and delivers none', () => {
  it('is given up for the next one', async () => {
    await onNetwork(async net => {
      const silent = await net.script(file.serve({ only: want => !isData(want) || want.kind === 'have' }))
      const reader = await net.add({ limits: { firstTimeout: 2_000 } })
      const download = reader.codex.download(file.cid, { providers: [silent.transport.peerId] })
      const reading = collect(download, { max: MiB })
      await net.until(() => silent.wantedBy('block').length > 1)
      const askedAt = net.clock.now()
      const good = await net.add()
      await good.codex.store(file.content, { blockSize: BLOCK })
      await good.transport.connect(reader.transport.peerId)

      expect(await reading).to.deep.equal(file.content)
      expect(net.clock.now() - askedAt).to.be.below(4_000)
      expect(reader.codex.peers().find(({ id }) => id === good.id)).to.have.property('used').at.least(60)
    })
  })

  it('ends in a StallError that names the block, when there are only such peers', async () => {
    await onNetwork(async net => {
      const peers = [1, 2, 3]
      const silent = await Promise.all(peers.map(async () => net.script(file.serve({ only: want => !isData(want) || want.kind === 'have' }))))
      const reader = await net.add()
      await reader.codex.manifest(file.cid, { providers: silent.map(({ transport }) => transport.peerId) })
      const startedAt = net.clock.now()
      const download = reader.codex.download(file.cid, { offset: 7 * BLOCK })
      const err = await failure(collect(download, { max: MiB }))

      expect(err).to.have.property('name', StallError.name)
      expect(err).to.have.property('index', 7)
      expect(`${err.cid}`).to.equal(file.root.toString())
      expect(err.message).to.include('block 7').and.include('3 peers')
      expect(net.clock.now() - startedAt).to.be.within(30_000, 30_100)
      // each of them was tried
      silent.forEach(peer => { expect(peer.wantedBy('block')).to.include(7) })
      expect(held(reader.codex)).to.deep.equal({})
      // and not without end
      silent.forEach(peer => { expect(peer.wantedBy('block').length).to.be.below(400) })
    })
  })

  it('costs little next to one that delivers', async () => {
    await onNetwork(async net => {
      const faults = { blocks: [neverDelivered] }
      const [good, ...bad] = [await net.add({ conditions: { upload: 500 * KiB } }), await net.add({ faults }), await net.add({ faults }), await net.add({ faults })]
      const { cid, content } = await seed(good, 500 * BLOCK)
      await Promise.all(bad.map(async ({ codex }) => codex.store(content, { blockSize: BLOCK })))
      const reader = await net.add()
      const startedAt = net.clock.now()

      expect(await collect(reader.codex.download(cid), { max: 8 * MiB })).to.deep.equal(content)
      // 4 seconds is what the good one alone takes
      expect(net.clock.now() - startedAt).to.be.below(30_000)
    })
  })
})

describe('a peer that says nothing', () => {
  it('is not what the others wait for', async () => {
    await onNetwork(async net => {
      const mute = await Promise.all([1, 2, 3].map(async () => net.script()))
      const good = await net.add()
      const { cid, content } = await seed(good, 60 * BLOCK)
      const reader = await net.add({ limits: { firstTimeout: 1_000 } })
      const startedAt = net.clock.now()

      expect(await collect(reader.codex.download(cid, { providers: mute.map(({ transport }) => transport.peerId) }), { max: MiB })).to.deep.equal(content)
      expect(net.clock.now() - startedAt).to.be.below(5_000)
    })
  })

  it('ends in a NotFoundError in the time that a reader waits, when it is the only one', async () => {
    await onNetwork(async net => {
      const mute = await net.script()
      const reader = await net.add()
      const startedAt = net.clock.now()
      const err = await failure(reader.codex.manifest(file.cid, { providers: [mute.transport.peerId], stallTimeout: 7_000 }))

      expect(err).to.have.property('name', NotFoundError.name)
      expect(err.message).to.include('1 peer asked')
      expect(net.clock.now() - startedAt).to.be.within(7_000, 7_100)
    })
  })

  it('is asked again, more and more seldom', async () => {
    await onNetwork(async net => {
      const mute = await net.script()
      const reader = await net.add()
      await failure(reader.codex.manifest(file.cid, { providers: [mute.transport.peerId], stallTimeout: 100_000 }))
      expect(mute.wants.length).to.be.within(4, 20)
    })
  })
})

describe('a connection that breaks', () => {
  it('for 100 ms: what was wanted is asked for again', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid, content } = await seed(seeder, 100 * BLOCK)
      const reader = await net.add()
      const reading = collect(reader.codex.download(cid), { max: MiB })
      await net.sleep(1_000)
      seeder.transport.goOffline()
      await net.sleep(100)
      const at = reader.links.length
      seeder.transport.goOnline()
      await seeder.transport.connect(reader.transport.peerId)
      const reconnectedAt = net.clock.now()

      expect(await reading).to.deep.equal(content)
      const again = reader.links.slice(at)
      expect(again.find(({ what }) => what === 'opened')).to.exist()
      expect(again.filter(({ what }) => what === 'request').flatMap(({ indices }) => indices).length).to.be.above(20)
      expect(again.find(({ what }) => what === 'request')?.time).to.be.below(reconnectedAt + 100)
      expect(reader.codex.stats().rejected.blocks).to.equal(0)
    })
  })

  it('is made again by itself to a peer that is known to have the file', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid, content } = await seed(seeder, 100 * BLOCK)
      const reader = await net.add()
      const startedAt = net.clock.now()
      const reading = collect(reader.codex.download(cid), { max: MiB })

      for (let i = 0; i < 5; i++) {
        await net.sleep(700)
        net.transports.disconnect(i % 2 === 0 ? reader.transport : seeder.transport, i % 2 === 0 ? seeder.transport : reader.transport)
      }

      expect(await reading).to.deep.equal(content)
      expect(net.clock.now() - startedAt).to.be.below(15_000)
    })
  })

  it('has its blocks asked of others', async () => {
    await onNetwork(async net => {
      const [first, second] = [await net.add({ conditions: { upload: 200 * KiB } }), await net.add({ conditions: { upload: 200 * KiB } })]
      const { cid, content } = await seed(first, 100 * BLOCK)
      await seed(second, 100 * BLOCK)
      const reader = await net.add()
      const reading = collect(reader.codex.download(cid), { max: MiB })
      await net.sleep(900)
      first.transport.goOffline()
      const lostAt = net.clock.now()

      expect(await reading).to.deep.equal(content)
      expect(net.clock.now() - lostAt).to.be.below(4_000)
    })
  })
})

describe('blocks that come late', () => {
  it('are used, and counted as late', async () => {
    await onNetwork(async net => {
      // longer than a request is waited for, shorter than the reader waits
      // longer than a request is waited for; the other one is asked meanwhile, and silent
      const slow = await net.script({
        wanted: (link, wants) => {
          for (const want of wants.filter(({ kind }) => kind === 'block')) {
            void net.sleep(isData(want) ? 8_000 : 0).then(async () => link.deliver(want.root, file.blocksOf(want)))
          }
        }
      })
      const reader = await net.add({ limits: { firstTimeout: 5_000, duplicateBlocks: 0 } })
      const timeouts = events(reader, 'codex:peer:timeout')
      const download = reader.codex.download(file.cid, { length: 5 * BLOCK, providers: [slow.transport.peerId] })
      const reading = collect(download, { max: MiB })
      await net.until(() => slow.wantedBy('block').length > 1)
      await (await net.script(file.serve({ only: ({ kind }) => kind === 'have' }))).connect(reader.transport)

      expect(await reading).to.deep.equal(file.content.subarray(0, 5 * BLOCK))
      const { used, late } = reader.codex.stats()
      expect(timeouts[0]).to.deep.include({ peer: slow.id, blocks: 5 })
      expect(used).to.deep.equal({ blocks: 1, bytes: file.manifest.data.byteLength })
      expect(late).to.deep.equal({ blocks: 5, bytes: 5 * BLOCK })
      expect(reader.codex.peers().find(({ id }) => id === slow.id)).to.include({ late: 5, used: 1, timeouts: 1, asked: 6 })
    })
  })

  it('are not waited for: another peer is asked', async () => {
    await onNetwork(async net => {
      const slow = await net.add({ faults: { slow: { clock: net.clock, ms: 8_000 } } })
      const { cid, content } = await seed(slow, 5 * BLOCK)
      const reader = await net.add({ limits: { firstTimeout: 1_000 } })
      const reading = collect(reader.codex.download(cid), { max: MiB })
      await net.sleep(300)
      const good = await net.add()
      await seed(good, 5 * BLOCK)
      await good.transport.connect(reader.transport.peerId)

      expect(await reading).to.deep.equal(content)
      expect(net.clock.now()).to.be.below(5_000)
      await net.sleep(20_000)
      const { used, late, duplicate, rejected } = reader.codex.stats()
      expect(used.blocks + late.blocks).to.equal(6)
      expect(duplicate.blocks).to.be.above(0)
      expect(rejected.blocks).to.equal(0)
    })
  })
})
