/** The same doings over each generation of the protocol: the engine does not notice which it is. */
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { codexProtocol, collect } from '../../src/index.ts'
import { neverDelivered, rangeProtocol, seededContent, wrongBytes } from '../../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from './network.ts'

for (const [name, protocol] of Object.entries({ 'the codex protocol': () => codexProtocol(), ranges: rangeProtocol })) {
  describe(`over ${name}`, () => {
    it('a file is downloaded, each block once', async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ protocol })
        const { cid, content } = await seed(seeder, 300 * BLOCK + 17)
        const { codex } = await net.add({ protocol })

        expect(await collect(codex.download(cid), { max: 2 * MiB })).to.deep.equal(content)
        expect(seeder.codex.stats().served.blocks).to.equal(302)
      })
    })

    it('a byte takes one block', async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ protocol })
        const { cid, content } = await seed(seeder, 500 * BLOCK)
        const { codex } = await net.add({ protocol })
        const offset = 250 * BLOCK + 7

        expect([...await collect(codex.download(cid, { offset, length: 1 }), { max: 1 })]).to.deep.equal([content[offset]])
        expect(seeder.codex.stats().served.blocks).to.equal(2)
      })
    })

    it('blocks of zeros are what they are', async () => {
      await onNetwork(async net => {
        const content = new Uint8Array(50 * BLOCK)
        content.set(seededContent(1)(BLOCK), 20 * BLOCK)
        const seeder = await net.add({ protocol })
        const { cid } = await seed(seeder, content.byteLength, { content })
        const { codex } = await net.add({ protocol })

        expect(await collect(codex.download(cid), { max: MiB })).to.deep.equal(content)
      })
    })

    it('a break leaves nothing', async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ protocol, conditions: { upload: 400 * KiB } })
        const { cid } = await seed(seeder, 300 * BLOCK)
        const { codex } = await net.add({ protocol })
        const download = codex.download(cid)

        for await (const chunk of download) {
          if (chunk.byteLength === BLOCK) {
            break
          }
        }

        expect(await failure(download.done)).to.have.property('name', 'AbortError')
        await net.sleep(1_000)
        expect(held(codex)).to.deep.equal({})
        const served = seeder.codex.stats().served.blocks
        await net.sleep(10_000)
        expect(seeder.codex.stats().served.blocks).to.equal(served).and.be.below(300)
      })
    })

    it('a liar is banned, and what it lied about comes from elsewhere', async () => {
      await onNetwork(async net => {
        const liar = await net.add({ protocol, faults: { blocks: [block => block.proof == null ? block : wrongBytes(block)] } })
        const honest = await net.add({ protocol, conditions: { latency: 100 } })
        const { cid, content } = await seed(honest, 50 * BLOCK)
        await seed(liar, 50 * BLOCK)
        const reader = await net.add({ protocol })
        const bans = events(reader, 'codex:peer:ban')

        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
        expect(bans.map(({ peer }) => peer)).to.deep.equal([liar.id])
      })
    })

    it('a silent peer is given up', async () => {
      await onNetwork(async net => {
        const silent = await net.add({ protocol, faults: { blocks: [block => block.proof == null ? block : neverDelivered(block)] } })
        const { cid, content } = await seed(silent, 50 * BLOCK)
        const reader = await net.add({ protocol, limits: { firstTimeout: 1_000 } })
        const reading = collect(reader.codex.download(cid), { max: MiB })
        await net.sleep(2_000)
        const good = await net.add({ protocol })
        await seed(good, 50 * BLOCK)
        await good.transport.connect(reader.transport.peerId)
        const connectedAt = net.clock.now()

        expect(await reading).to.deep.equal(content)
        expect(net.clock.now() - connectedAt).to.be.below(4_000)
      })
    })

    it('a chain passes blocks on as they come', async () => {
      await onNetwork(async net => {
        const [a, b, c] = [await net.add({ protocol, conditions: { upload: 400 * KiB }, discovery: undefined }), await net.add({ protocol, discovery: undefined }), await net.add({ protocol, discovery: undefined })]
        const { cid, content } = await seed(a, 200 * BLOCK)
        const first = collect(b.codex.download(cid, { providers: [a.transport.peerId] }), { max: MiB })
        const second = collect(c.codex.download(cid, { providers: [b.transport.peerId] }), { max: MiB })
        await first
        const firstDone = net.clock.now()

        expect(await second).to.deep.equal(content)
        expect(net.clock.now() - firstDone).to.be.below(1_500)
      })
    })

    it('ten readers share what comes', async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ protocol, conditions: { upload: MiB } })
        const { cid, content } = await seed(seeder, 100 * BLOCK)
        const { codex } = await net.add({ protocol })
        const all = await Promise.all(Array.from({ length: 10 }, async () => collect(codex.download(cid), { max: MiB })))

        all.forEach(bytes => { expect(bytes).to.deep.equal(content) })
        expect(seeder.codex.stats().served.blocks).to.equal(101)
      })
    })

    it('a node starts and stops again', async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ protocol })
        const { cid, content } = await seed(seeder, 50 * BLOCK)
        const { codex } = await net.add({ protocol })
        await codex.download(cid, { length: 20 * BLOCK }).done
        await codex.stop()
        await seeder.codex.stop()
        await codex.start()
        await seeder.codex.start()

        expect(await collect(codex.download(cid), { max: MiB })).to.deep.equal(content)
      })
    })
  })
}
