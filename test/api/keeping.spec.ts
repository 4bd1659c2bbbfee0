import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect, NotFoundError } from '../../src/index.ts'
import { chunksOf } from '../../src/streams/byte-source.ts'
import { countingBlockstore, failingBlockstore, memoryStores, quotaBlockstore, slowBlockstore } from '../../src/testing/index.ts'
import { BLOCK, events, failure, onNetwork, seed } from './network.ts'

describe('what a download keeps', () => {
  it('is everything: the next one asks nobody, and others are served', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 50 * BLOCK)
      const middle = await net.add()
      await middle.codex.download(cid).done
      await seeder.codex.stop()
      const before = middle.links.length
      const again = middle.codex.download(cid)

      expect(await collect(again, { max: MiB })).to.deep.equal(content)
      expect((await again.done).blocks).to.deep.equal({ fromStore: 50, fromPeers: 0, recovered: 0 })
      expect(middle.links).to.have.lengthOf(before)

      const last = await net.add()
      expect(await collect(last.codex.download(cid), { max: MiB })).to.deep.equal(content)
    })
  })

  it('is what came until it was ended', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add({ conditions: { upload: 100 * KiB } }), 50 * BLOCK)
      const { codex } = await net.add()
      const controller = new AbortController()
      const first = failure(codex.download(cid, { signal: controller.signal }).done)
      await net.sleep(1_800)
      controller.abort()
      await first
      const { blocksHere = 0 } = await codex.stat(cid) ?? {}
      expect(blocksHere).to.be.within(10, 40)

      const second = codex.download(cid)
      expect(await collect(second, { max: MiB })).to.deep.equal(content)
      expect((await second.done).blocks).to.deep.equal({ fromStore: blocksHere, fromPeers: 50 - blocksHere, recovered: 0 })
      expect(codex.stats().used.blocks).to.equal(51)
    })
  })

  it('is nothing with store: false, not even the manifest', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add(), 50 * BLOCK)
      const { blockstore, counts } = countingBlockstore(memoryStores().blockstore)
      const reader = await net.add({ blockstore })

      expect(await collect(reader.codex.download(cid, { store: false }), { max: MiB })).to.deep.equal(content)
      expect(counts.put).to.equal(0)
      expect(await reader.codex.stat(cid)).to.equal(undefined)
      expect(await reader.codex.manifest(cid, { store: false })).to.have.property('datasetSize', 50 * BLOCK)
      expect(counts.put).to.equal(0)
      expect(await failure(collect(reader.codex.download(cid, { offline: true }), { max: MiB }))).to.have.property('name', NotFoundError.name)
    })
  })

  it('is what another reader of the same file keeps', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid, content } = await seed(seeder, 50 * BLOCK)
      const { codex } = await net.add()
      const [kept, passed] = await Promise.all([true, false].map(async store => collect(codex.download(cid, { store }), { max: MiB })))

      expect(kept).to.deep.equal(content)
      expect(passed).to.deep.equal(content)
      expect(await codex.stat(cid)).to.deep.include({ blocksHere: 50 })
      expect(seeder.codex.stats().served.blocks).to.equal(51)
    })
  })

  for (const [what, blocks] of [['at the first block', 0], ['half way', 25]] as Array<[string, number]>) {
    it(`stops ${what} where the store is full; the download goes on and says so once`, async () => {
      await onNetwork(async net => {
        const { cid, content } = await seed(await net.add(), 50 * BLOCK)
        const reader = await net.add({ blockstore: quotaBlockstore(memoryStores().blockstore, blocks * BLOCK + 500) })
        const refused = events(reader, 'codex:store:refused')
        const stored = events(reader, 'codex:blocks:verified')

        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
        expect(refused).to.have.lengthOf(1)
        expect(refused[0].error.message).to.be.a('string').that.is.not.empty()
        expect(stored.some(({ stored }) => !stored)).to.be.true()
        expect(await reader.codex.stat(cid)).to.have.property('blocksHere').within(0, blocks)
      })
    })
  }

  it('is nothing where the store takes not even the manifest; the download goes on and says so once', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add(), 50 * BLOCK)
      const reader = await net.add({ blockstore: failingBlockstore(memoryStores().blockstore, operation => operation === 'put') })
      const refused = events(reader, 'codex:store:refused')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(refused).to.have.lengthOf(1)
    })
  })

  it('is fetched again where the store has lost it', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add(), 50 * BLOCK)
      let lost = false
      const blockstore = failingBlockstore(memoryStores().blockstore, (operation, { multihash }) => lost && operation === 'get' && multihash.digest[0] % 2 === 0)
      const { codex } = await net.add({ blockstore })
      await codex.download(cid).done
      lost = true
      const again = codex.download(cid)

      expect(await collect(again, { max: MiB })).to.deep.equal(content)
      expect((await again.done).blocks).to.have.property('fromPeers').within(10, 40)
    })
  })

  it('is fetched again where it is deleted while it is read', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 50 * BLOCK)
      const { codex } = await net.add()
      await codex.download(cid).done
      const download = codex.download(cid, { readAheadBytes: 20 * BLOCK })
      const chunks: Uint8Array[] = []

      for await (const chunk of download) {
        if (chunks.push(chunk) === 5) {
          expect(await codex.delete(cid)).to.be.true()
        }
      }

      expect(await collect(chunksOf(chunks), { max: MiB })).to.deep.equal(content)
      expect((await download.done).blocks).to.have.property('fromPeers').within(30, 45)
    })
  })

  it('does not hold requests up for long where the store is slow', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add(), 200 * BLOCK)
      const reader = await net.add({ blockstore: slowBlockstore(memoryStores().blockstore, net.clock, 200) })
      const startedAt = net.clock.now()
      const timeouts = events(reader, 'codex:peer:timeout')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(net.clock.now() - startedAt).to.be.below(10_000)
      expect(timeouts).to.deep.equal([])
    })
  })
})

describe('offline', () => {
  it('reads what is here and asks nobody', async () => {
    await onNetwork(async net => {
      const node = await net.add()
      const { cid, content } = await seed(node, 50 * BLOCK)
      await net.sleep(1_000)
      const lookups = net.discovery.lookups
      const announced = net.trace.length

      expect(await collect(node.codex.download(cid, { offline: true }), { max: MiB })).to.deep.equal(content)
      expect(await node.codex.manifest(cid, { offline: true })).to.have.property('datasetSize', content.byteLength)
      await net.sleep(1_000)
      expect(net.discovery.lookups).to.equal(lookups)
      expect(net.trace).to.have.lengthOf(announced)
    })
  })

  it('fails at once, naming what is missing, where it is not here', async () => {
    await onNetwork(async net => {
      const { cid } = await seed(await net.add(), 50 * BLOCK)
      const reader = await net.add()
      await reader.codex.download(cid, { length: 10 * BLOCK }).done
      const before = reader.links.length
      const startedAt = net.clock.now()
      const download = reader.codex.download(cid, { offline: true })
      const err = await failure(collect(download, { max: MiB }))

      expect(err).to.have.property('name', NotFoundError.name)
      expect(err).to.have.property('index', 10)
      expect(err.message).to.include('block 10').and.include('offline')
      expect(download.progress.bytes).to.equal(10 * BLOCK)
      expect(net.clock.now()).to.equal(startedAt)
      expect(reader.links).to.have.lengthOf(before)
    })
  })

  it('announces nothing', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 5 * BLOCK)
      let announced = 0
      const node = await net.add({ discovery: { async * find () {}, async provide () { announced++ } } })
      await node.codex.download(cid, { providers: [seeder.transport.peerId] }).done
      expect(announced).to.equal(2)
      await node.codex.download(cid, { offline: true }).done
      expect(announced).to.equal(2)
    })
  })
})
