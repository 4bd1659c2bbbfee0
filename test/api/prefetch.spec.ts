import { getEventListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { treeCid } from '../../src/dataset/codecs.ts'
import { collect, InvalidParametersError, NotFoundError, StoreRefusedError } from '../../src/index.ts'
import { memoryStores, quotaBlockstore } from '../../src/testing/index.ts'
import { BLOCK, failure, held, onNetwork, seed } from './network.ts'
import type { TestFile, TestNetwork, TestNode } from './network.ts'
import type { NodeOptions } from './network.ts'
import type { Progress } from '../../src/index.ts'

const BLOCKS = 100

async function pair (net: TestNetwork, options: NodeOptions = {}): Promise<{ seeder: TestNode, reader: TestNode, file: TestFile }> {
  const seeder = await net.add({ conditions: { upload: 200 * KiB } })

  return { seeder, file: await seed(seeder, BLOCKS * BLOCK), reader: await net.add(options) }
}

async function all (prefetch: AsyncIterable<Progress>): Promise<Progress[]> {
  const told = []

  for await (const progress of prefetch) {
    told.push(progress)
  }

  return told
}

describe('prefetch', () => {
  for (const selection of ['sequential', 'rarest'] as const) {
    it(`brings everything into the store, ${selection}; then a download asks nobody`, async () => {
      await onNetwork(async net => {
        const { seeder, reader, file } = await pair(net)
        const told = await all(reader.codex.prefetch(file.cid, { selection }))
        const last = told.at(-1)

        expect(last).to.deep.include({ bytes: BLOCKS * BLOCK, totalBytes: BLOCKS * BLOCK, blocks: { fromStore: 0, fromPeers: BLOCKS, recovered: 0 } })
        expect(told.length).to.be.above(3)
        told.forEach(({ bytes }, i) => { expect(bytes).to.be.at.least(told[i - 1]?.bytes ?? 0) })
        expect(told.some(({ rate, peers, eta = 0 }) => rate > 100 * KiB && peers === 1 && eta > 100)).to.be.true()
        expect(await reader.codex.stat(file.cid)).to.have.property('blocksHere', BLOCKS)
        await seeder.codex.stop()
        expect(await collect(reader.codex.download(file.cid, { offline: true }), { max: MiB })).to.deep.equal(file.content)
        expect(held(reader.codex)).to.deep.equal({})
      })
    })
  }

  it('counts what was here, and fetches the rest', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      await reader.codex.download(file.cid, { offset: 10 * BLOCK, length: 30 * BLOCK }).done
      const told = await all(reader.codex.prefetch(file.cid))

      expect(told[0].blocks).to.deep.equal({ fromStore: 30, fromPeers: 0, recovered: 0 })
      expect(told.at(-1)?.blocks).to.deep.equal({ fromStore: 30, fromPeers: 70, recovered: 0 })
      expect(seeder.codex.stats().served.blocks).to.equal(BLOCKS + 1)
      expect((await all(reader.codex.prefetch(file.cid))).at(-1)?.blocks).to.deep.equal({ fromStore: BLOCKS, fromPeers: 0, recovered: 0 })
    })
  })

  it('fetches in order when sequential, and what few have first when rarest', async () => {
    for (const selection of ['sequential', 'rarest'] as const) {
      await onNetwork(async net => {
        const { seeder, reader, file } = await pair(net, { limits: { firstWindowBytes: BLOCK, peerWindowBytes: 4 * BLOCK } })
        // two others have all but the last quarter
        for (let i = 0; i < 2; i++) {
          const other = await net.add({ conditions: { upload: 200 * KiB } })
          await other.codex.download(file.cid, { length: 75 * BLOCK }).done
        }

        const order: number[] = []
        reader.codex.addEventListener('codex:blocks:verified', ({ detail: { indices } }) => { order.push(...indices) })
        await reader.codex.manifest(file.cid)
        // who has what is known before the first request
        await reader.codex.download(file.cid, { length: 1 }).done
        order.length = 0
        await all(reader.codex.prefetch(file.cid, { selection }))
        const rareAmongFirst = order.slice(0, 25).filter(index => index >= 75).length

        expect(seeder.codex.stats().served.blocks).to.be.above(0)
        const [fewest, most] = selection === 'rarest' ? [6, 25] : [0, 2]
        expect(rareAmongFirst).to.be.within(fewest, most)
      })
    }
  })

  it('refuses a selection that it does not know', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()
      const file = await seed(await net.add(), BLOCK)

      expect(() => codex.prefetch(file.cid, { selection: 'random' as 'rarest' })).to.throw().with.property('name', 'InvalidParametersError')
    })
  })

  it('does not hold what it fetches', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      let most = 0
      const prefetch = reader.codex.prefetch(file.cid)

      for await (const progress of prefetch) {
        most = Math.max(most, reader.codex.stats().sizes.heldBytes)
        expect(progress.bytes).to.be.at.most(BLOCKS * BLOCK)
      }

      expect(most).to.equal(0)
    })
  })

  it('is not held back by readers, who share a window', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net, { limits: { totalReadAheadBytes: 10 * BLOCK } })
      const told = all(reader.codex.prefetch(file.cid))
      await net.sleep(300)
      const reading = collect(reader.codex.download(file.cid, { length: 50 * BLOCK }), { max: MiB })

      expect((await told).at(-1)).to.have.property('bytes', BLOCKS * BLOCK)
      expect(await reading).to.deep.equal(file.content.subarray(0, 50 * BLOCK))
    })
  })

  it('goes on while nobody looks', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const prefetch = reader.codex.prefetch(file.cid)
      await prefetch.next()
      await net.sleep(60_000)

      expect(await reader.codex.stat(file.cid)).to.have.property('blocksHere', BLOCKS)
      expect((await prefetch.next()).value).to.have.property('bytes', BLOCKS * BLOCK)
      expect(await prefetch.next()).to.have.property('done', true)
    })
  })

  it('fails where the store takes no more; what is there stays', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net, { blockstore: quotaBlockstore(memoryStores().blockstore, 30 * BLOCK) })
      const err = await failure(all(reader.codex.prefetch(file.cid)))

      expect(err).to.have.property('name', StoreRefusedError.name)
      expect(err).to.have.property('cause').that.is.instanceOf(Error)
      expect(await reader.codex.stat(file.cid)).to.have.property('blocksHere').within(1, 30)
      await net.sleep(1_000)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })

  it('fails where the store takes not even the manifest', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net, { blockstore: quotaBlockstore(memoryStores().blockstore, 10) })

      expect(await failure(all(reader.codex.prefetch(file.cid)))).to.have.property('name', StoreRefusedError.name)
    })
  })

  it('ends when its iteration does, or its signal aborts', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const controller = new AbortController()
      const { signal } = controller
      const prefetch = reader.codex.prefetch(file.cid, { signal })
      await prefetch.next()
      await prefetch.return()
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      await net.sleep(1_000)
      expect(held(reader.codex)).to.deep.equal({})

      const reason = new Error('enough')
      const failing = failure(all(reader.codex.prefetch(file.cid, { signal })))
      await net.sleep(500)
      controller.abort(reason)
      expect(await failing).to.equal(reason)
      await net.sleep(1_000)
      expect(held(reader.codex)).to.deep.equal({})
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      const served = seeder.codex.stats().served.blocks
      await net.sleep(10_000)
      expect(seeder.codex.stats().served.blocks).to.equal(served)
    })
  })

  it('fails as a download does: offline, with nobody there, for a tree', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      await reader.codex.download(file.cid, { length: 5 }).done
      expect(await failure(all(reader.codex.prefetch(file.cid, { offline: true })))).to.include({ name: NotFoundError.name, index: 1 })
      await seeder.codex.stop()
      expect(await failure(all(reader.codex.prefetch(file.cid, { stallTimeout: 2_000 })))).to.have.property('name', NotFoundError.name)
      expect(await failure(all(reader.codex.prefetch(treeCid(new Uint8Array(32)))))).to.have.property('name', InvalidParametersError.name)
      await net.sleep(1_000)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })
})
