/* eslint-disable require-yield -- a source that fails before it gives anything */
import { getEventListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect, NotRunningError, staticPeers } from '../../src/index.ts'
import { memoryStores } from '../../src/testing/index.ts'
import { BLOCK, failure, onNetwork, seed } from './network.ts'
import type { TestFile, TestNetwork, TestNode } from './network.ts'
import type { Discovery } from '../../src/index.ts'

/** What never answers, whatever its signal says. */
const never = async (): Promise<never> => new Promise(() => {})

/** A discovery that hangs, heeding no signal. */
const hanging: Discovery = {
  async * find () { await never() },
  provide: never
}

async function slowFile (net: TestNetwork): Promise<{ seeder: TestNode, reader: TestNode, file: TestFile }> {
  const seeder = await net.add({ conditions: { upload: 100 * KiB } })

  return { seeder, file: await seed(seeder, 100 * BLOCK), reader: await net.add() }
}

/** Stops the node in the middle of something, which must reject at once. */
async function expectStopped (net: TestNetwork, { codex }: TestNode, work: Promise<unknown>, ms = 1_000): Promise<void> {
  const failing = failure(work)
  await net.sleep(ms)
  const stoppedAt = net.clock.now()
  await codex.stop()

  expect(await failing).to.have.property('name', NotRunningError.name)
  expect(net.clock.now()).to.equal(stoppedAt)
  expect(codex.isStarted()).to.be.false()
}

describe('starting and stopping', () => {
  it('may be done twice', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add({ start: false })
      expect(codex.isStarted()).to.be.false()
      await codex.stop()
      await Promise.all([codex.start(), codex.start()])
      await codex.start()
      expect(codex.isStarted()).to.be.true()
      await Promise.all([codex.stop(), codex.stop()])
      await codex.stop()
      expect(codex.isStarted()).to.be.false()
      void codex.start()
      void codex.stop()
      await codex.start()
      expect(codex.isStarted()).to.be.true()
    })
  })

  it('has everything refused before, between and after', async () => {
    await onNetwork(async net => {
      const node = await net.add({ start: false })
      const { cid } = await seed(await net.add(), BLOCK)
      const { codex } = node
      const refused = async (): Promise<void> => {
        for (const use of [
          () => codex.download(cid),
          () => codex.prefetch(cid),
          () => codex.peers()
        ]) {
          expect(use).to.throw().with.property('name', NotRunningError.name)
        }

        for (const use of [
          codex.manifest(cid),
          codex.store(new Uint8Array(1)),
          codex.stat(cid),
          codex.delete(cid),
          codex.list().next()
        ]) {
          expect(await failure(use)).to.have.property('name', NotRunningError.name)
        }
      }

      await refused()
      expect(() => codex.stats()).to.throw().with.property('name', NotRunningError.name)
      await codex.start()
      await codex.download(cid).done
      await codex.stop()
      await refused()
      expect(codex.stats().used.blocks).to.equal(2)
    })
  })

  it('can be repeated: what was stored is there, and served, and the rest can be fetched', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 100 * BLOCK)
      const reader = await net.add()
      await reader.codex.download(cid, { length: 50 * BLOCK }).done

      for (let i = 0; i < 3; i++) {
        await seeder.codex.stop()
        await reader.codex.stop()
        await reader.codex.start()
        await seeder.codex.start()
        expect(reader.codex.stats().used.blocks).to.equal(0)
      }

      const download = reader.codex.download(cid)
      expect(await collect(download, { max: MiB })).to.deep.equal(content)
      expect((await download.done).blocks).to.deep.equal({ fromStore: 50, fromPeers: 50, recovered: 0 })
    })
  })

  it('is told by stop() to a paused and to a waiting reader, also where they have signals of their own', async () => {
    await onNetwork(async net => {
      const { reader, file } = await slowFile(net)
      const { signal } = new AbortController()
      const paused = reader.codex.download(file.cid, { signal })
      const iterator = paused[Symbol.asyncIterator]()
      await iterator.next()
      await expectStopped(net, reader, collect(reader.codex.download(file.cid, { signal }), { max: MiB }))

      expect(await failure(iterator.next())).to.have.property('name', NotRunningError.name)
      expect(await failure(paused.done)).to.have.property('name', NotRunningError.name)
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    })
  })

  it('ends a manifest that is waited for', async () => {
    await onNetwork(async net => {
      const { reader, file } = await slowFile(net)
      const { signal } = new AbortController()
      await expectStopped(net, reader, Promise.any([reader.codex.manifest(file.cid, { signal }), reader.codex.download(file.cid).manifest()]).catch(({ errors: [first, second] }) => {
        expect(second).to.have.property('name', NotRunningError.name)
        throw first
      }), 60)
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    })
  })

  it('ends a prefetch, waiting or paused', async () => {
    await onNetwork(async net => {
      const { reader, file } = await slowFile(net)
      const paused = reader.codex.prefetch(file.cid)
      await paused.next()
      await expectStopped(net, reader, (async () => {
        for await (const { bytes } of reader.codex.prefetch(file.cid)) {
          expect(bytes).to.be.below(100 * BLOCK)
        }
      })())
      expect(await failure(paused.next())).to.have.property('name', NotRunningError.name)
    })
  })

  it('ends the storing of a file whose source says nothing more, and keeps nothing of it', async () => {
    await onNetwork(async net => {
      const stores = memoryStores()
      const node = await net.add(stores)
      await expectStopped(net, node, node.codex.store((async function * () {
        yield new Uint8Array(3 * MiB)
        await never()
      })()))

      let kept = 0

      for await (const block of stores.blockstore.getAll()) {
        kept += block == null ? 0 : 1
      }

      expect(kept).to.equal(0)
    })
  })

  it('does not wait for a discovery or a dial that hangs', async () => {
    await onNetwork(async net => {
      const { file } = await slowFile(net)
      const node = await net.add({ discovery: hanging })
      await seed(node, BLOCK)
      const nobody = net.transports.addPeer()
      nobody.stall()
      await expectStopped(net, node, node.codex.download(file.cid, { providers: [nobody.peerId] }).done)
    })
  })

  it('ends the serving of others', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await slowFile(net)
      const download = failure(reader.codex.download(file.cid, { stallTimeout: 5_000 }).done)
      await net.sleep(1_000)
      await seeder.codex.stop()
      await download
      const served = seeder.codex.stats().served.blocks
      expect(served).to.be.within(1, 90)
    })
  })

  it('leaves nothing running when it cannot start, and can be tried again', async () => {
    await onNetwork(async net => {
      let failing = true
      const calls: string[] = []
      const node = await net.add({
        start: false,
        discovery: {
          ...staticPeers([]),
          async start () {
            if (failing) {
              throw new Error('no route')
            }
          },
          async stop () { calls.push('stop') }
        }
      })
      expect(await failure(node.codex.start())).to.have.property('message', 'no route')
      expect(node.codex.isStarted()).to.be.false()
      expect(node.transport.isOnline).to.be.false()
      failing = false
      await node.codex.start()
      expect(node.codex.isStarted()).to.be.true()
      const { cid, content } = await seed(node, BLOCK)
      expect(await collect(node.codex.download(cid), { max: MiB })).to.deep.equal(content)
    })
  })
})
