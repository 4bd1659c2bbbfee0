import { getEventListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { failure, held, onNetwork, BLOCK } from './network.ts'
import { BLOCKS, expectLetGo, pair, read } from './slow-pair.ts'

describe('the end of a download', () => {
  it('leaves nothing after a break', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const { signal } = new AbortController()
      const download = reader.codex.download(file.cid, { signal })

      for await (const chunk of download) {
        expect(chunk.byteLength).to.equal(BLOCK)

        if (download.progress.bytes === BLOCK) {
          break
        }
      }

      expect(await failure(download.done)).to.have.property('name', 'AbortError')
      await expectLetGo(net, reader, seeder, signal)
      expect(reader.links.filter(({ what }) => what === 'cancel')).to.not.be.empty()
    })
  })

  it('leaves nothing after an error of the reader', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const { signal } = new AbortController()
      const download = reader.codex.download(file.cid, { signal })
      const err = await failure(read(download, async () => { throw new Error('the disk is full') }))

      expect(err.message).to.equal('the disk is full')
      await expectLetGo(net, reader, seeder, signal)
    })
  })

  it('rejects with the reason of a signal that is aborted before', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const reason = new Error('too late')
      const signal = AbortSignal.abort(reason)
      const download = reader.codex.download(file.cid, { signal })

      expect(await failure(read(download))).to.equal(reason)
      expect(await failure(download.manifest())).to.equal(reason)
      expect(await failure(download.done)).to.equal(reason)
      expect(await failure(reader.codex.manifest(file.cid, { signal }))).to.equal(reason)
      expect(held(reader.codex)).to.deep.equal({})
      expect(reader.links).to.deep.equal([])
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    })
  })

  it('rejects with the reason of a signal that aborts between the call and the reading', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const controller = new AbortController()
      const download = reader.codex.download(file.cid, { signal: controller.signal })
      const reason = new Error('never mind')
      controller.abort(reason)

      expect(await failure(read(download))).to.equal(reason)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })

  it('rejects at once with the reason of a signal that aborts right after the call', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const reason = new Error('changed my mind')
      const { codex } = reader
      const calls: Array<(signal: AbortSignal) => Promise<unknown>> = [
        async signal => codex.manifest(file.cid, { signal }),
        async signal => codex.download(file.cid, { signal }).manifest(),
        async signal => read(codex.download(file.cid, { signal })),
        async signal => codex.download(file.cid, { signal }).done,
        async signal => codex.prefetch(file.cid, { signal }).next()
      ]
      const startedAt = net.clock.now()

      for (const call of calls) {
        for (let steps = 0; steps < 6; steps++) {
          const controller = new AbortController()
          const failing = failure(call(controller.signal))

          for (let step = 0; step < steps; step++) {
            await Promise.resolve()
          }

          controller.abort(reason)
          expect(await failing).to.equal(reason)
          await net.sleep(0)
          expect(held(codex)).to.deep.equal({})
          expect(getEventListeners(controller.signal, 'abort')).to.have.lengthOf(0)
        }
      }

      expect(net.clock.now()).to.equal(startedAt)
    })
  })

  for (const [phase, ms] of [['the manifest is looked for', 30], ['the manifest is asked for', 170], ['data comes', 700]] as Array<[string, number]>) {
    it(`rejects with the signal's reason at once while ${phase}`, async () => {
      await onNetwork(async net => {
        const { seeder, reader, file } = await pair(net)
        const controller = new AbortController()
        const { signal } = controller
        const download = reader.codex.download(file.cid, { signal })
        const reading = failure(read(download))
        await net.sleep(ms)
        expect(download.progress.totalBytes == null).to.equal(ms < 500)
        const reason = new Error(phase)
        controller.abort(reason)
        const abortedAt = net.clock.now()

        expect(await reading).to.equal(reason)
        expect(await failure(download.done)).to.equal(reason)
        expect(net.clock.now()).to.equal(abortedAt)
        await expectLetGo(net, reader, seeder, signal)
      })
    })
  }

  it('lets everything go when the signal aborts while the reader pauses, and tells it when it comes back', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const controller = new AbortController()
      const { signal } = controller
      const download = reader.codex.download(file.cid, { signal, readAheadBytes: 20 * BLOCK })
      const iterator = download[Symbol.asyncIterator]()
      await iterator.next()
      const reason = new Error('paused for too long')
      expect(held(reader.codex)).to.deep.include({ downloads: 1, sources: 1, sessions: 1 })
      controller.abort(reason)
      await expectLetGo(net, reader, seeder, signal)

      expect(await failure(download.done)).to.equal(reason)
      expect(await failure(iterator.next())).to.equal(reason)
      expect(await iterator.next()).to.deep.equal({ value: undefined, done: true })
    })
  })

  it('can be told by abort(), once', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const download = reader.codex.download(file.cid)
      const reading = failure(read(download))
      await net.sleep(700)
      const reason = new Error('enough')
      download.abort(reason)
      download.abort(new Error('and again'))

      expect(await reading).to.equal(reason)
      expect(await failure(download.done)).to.equal(reason)
      await expectLetGo(net, reader, seeder)

      const other = reader.codex.download(file.cid)
      other.abort()
      expect(await failure(read(other))).to.have.property('name', 'AbortError')
    })
  })

  it('comes at once to an iterator that is returned from while it waits', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      await seeder.codex.stop()
      const { signal } = new AbortController()
      const download = reader.codex.download(file.cid, { signal })
      const iterator = download[Symbol.asyncIterator]()
      const next = failure(iterator.next())
      await net.sleep(1_000)
      const returnedAt = net.clock.now()

      expect(await iterator.return?.()).to.deep.equal({ value: undefined, done: true })
      expect(await next).to.have.property('name', 'AbortError')
      expect(net.clock.now()).to.equal(returnedAt)
      expect(await failure(download.done)).to.have.property('name', 'AbortError')
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    })
  })

  it('comes to an iterator that is returned from before it is read', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const { signal } = new AbortController()
      const download = reader.codex.download(file.cid, { signal })
      const iterator = download[Symbol.asyncIterator]()
      await download.manifest()
      await iterator.return?.()

      expect(await failure(download.done)).to.have.property('name', 'AbortError')
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })

  it('leaves no listener after manifest() alone', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const { signal } = new AbortController()
      const manifest = await reader.codex.download(file.cid, { signal }).manifest()

      expect(manifest?.datasetSize).to.equal(BLOCKS * BLOCK)
      expect((await reader.codex.manifest(file.cid, { signal })).datasetSize).to.equal(BLOCKS * BLOCK)
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })

  it('leaves no listener after a whole download', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const { signal } = new AbortController()
      const downloads = [1, 2, 3].map(() => reader.codex.download(file.cid, { signal }))
      await Promise.all(downloads.map(async download => read(download)))
      await downloads[0].manifest()

      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })
})
