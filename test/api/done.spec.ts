import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { collect, NotFoundError } from '../../src/index.ts'
import { events, failure, onNetwork, seed, BLOCK } from './network.ts'
import { BLOCKS, expectLetGo, pair, read } from './slow-pair.ts'

describe('done', () => {
  it('alone brings everything into the store', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const figures = await reader.codex.download(file.cid).done

      expect(figures).to.deep.include({ bytes: BLOCKS * BLOCK, blocks: { fromStore: 0, fromPeers: BLOCKS, recovered: 0 }, peers: [seeder.id] })
      expect(await reader.codex.stat(file.cid)).to.deep.include({ blocks: BLOCKS, blocksHere: BLOCKS })
    })
  })

  it('may be read before the bytes', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const download = reader.codex.download(file.cid)
      const { done } = download
      expect(await read(download)).to.equal(BLOCKS * BLOCK)
      expect(await done).to.have.property('bytes', BLOCKS * BLOCK)
      expect(await download.done).to.equal(await done)
    })
  })

  it('is never an unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => { unhandled.push(reason) }
    process.on('unhandledRejection', onUnhandled)

    try {
      await onNetwork(async net => {
        const { reader, file } = await pair(net)
        const failing = reader.codex.download(file.cid, { offline: true })
        expect(await failure(read(failing))).to.have.property('name', NotFoundError.name)
        const started = reader.codex.download(file.cid, { offline: true })
        void started.done
        const aborted = reader.codex.download(file.cid)
        aborted.abort(new Error('unheard'))
        await net.sleep(1_000)
      })
      await new Promise(resolve => { setTimeout(resolve, 20) })
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }

    expect(unhandled).to.deep.equal([])
  })

  it('tells what a reader was told', async () => {
    await onNetwork(async net => {
      const reader = await net.add()
      const { cid } = await seed(await net.add(), BLOCK)
      const download = reader.codex.download(cid, { offline: true })

      const [told, done] = await Promise.all([failure(collect(download, { max: MiB })), failure(download.done)])

      expect(told).to.have.property('name', NotFoundError.name)
      expect(done).to.equal(told)
    })
  })

  it('counts the milliseconds from the first step of work', async () => {
    await onNetwork(async net => {
      const { reader, file } = await pair(net)
      const download = reader.codex.download(file.cid)
      await net.sleep(10_000)
      const startedAt = net.clock.now()
      await download.manifest()
      await net.sleep(500)
      await read(download)

      expect((await download.done).milliseconds).to.equal(net.clock.now() - startedAt)
    })
  })

  it('hears a failing onProgress as the failure of the download', async () => {
    await onNetwork(async net => {
      const { seeder, reader, file } = await pair(net)
      const requests = events(reader, 'codex:blocks:request')
      const err = new Error('the bar broke')
      const download = reader.codex.download(file.cid, { onProgress: () => { throw err } })

      expect(await failure(read(download))).to.equal(err)
      expect(await failure(download.done)).to.equal(err)
      expect(requests).to.not.be.empty()
      await expectLetGo(net, reader, seeder)
    })
  })
})
