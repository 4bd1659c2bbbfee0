/* eslint-disable require-yield -- lookups that fail before they give anything */
import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { anyOf, collect, DialError, InvalidParametersError, staticPeers } from '../../src/index.ts'
import { seededContent, simulatedPeerId } from '../../src/testing/index.ts'
import { macrotask } from '../../src/testing/macrotask.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { Discovery, Provider } from '../../src/index.ts'

const file = new ServedFile(seededContent(5)(20 * BLOCK), BLOCK)
const nobody = staticPeers([])

describe('providers that the caller knows', () => {
  for (const [what, of] of Object.entries({
    'as a peer id': node => node.transport.peerId,
    'with its addresses': node => ({ id: node.transport.peerId, multiaddrs: node.transport.addresses() }),
    'as an address': node => node.transport.addresses()[0]
  } as Record<string, (node: { transport: { peerId: Provider, addresses(): Provider[] } }) => Provider>)) {
    it(`are asked for the manifest and for the blocks, given ${what}`, async () => {
      await onNetwork(async net => {
        const seeder = await net.add({ discovery: nobody })
        const { cid, content } = await seed(seeder, 20 * BLOCK)
        const reader = await net.add({ discovery: nobody })

        expect(await collect(reader.codex.download(cid, { providers: [of(seeder)] }), { max: MiB })).to.deep.equal(content)
      })
    })
  }

  it('are refused at once where they are none', async () => {
    await onNetwork(async net => {
      const { codex, transport } = await net.add({ discovery: nobody })
      const { cid } = file

      for (const wrong of [[transport.peerId.toString()], [transport.peerId, null], [{}], transport.peerId]) {
        const providers = wrong as unknown as Provider[]

        expect(() => codex.download(cid, { providers })).to.throw(InvalidParametersError, 'providers')
        expect(() => codex.prefetch(cid, { providers })).to.throw(InvalidParametersError, 'providers')
        expect(await failure(codex.manifest(cid, { providers }))).to.be.an.instanceOf(InvalidParametersError)
      }
    })
  })

  it('are asked for the blocks where the manifest came from elsewhere', async () => {
    await onNetwork(async net => {
      const manifest = await net.script(file.serve({ only: ({ root }) => root.equals(file.cid) }))
      const blocks = await net.script(file.serve({ only: ({ root }) => root.equals(file.root) }))
      const { codex } = await net.add({ discovery: nobody })
      const providers = [manifest.transport.peerId, blocks.transport.peerId]

      expect(await collect(codex.download(file.cid, { providers }), { max: MiB })).to.deep.equal(file.content)
    })
  })

  it('of a second reader serve the first one too', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ discovery: nobody })
      const { cid, content } = await seed(seeder, 20 * BLOCK)
      const { codex } = await net.add({ discovery: nobody })
      const first = collect(codex.download(cid), { max: MiB })
      await net.sleep(5_000)
      await codex.manifest(cid, { providers: [seeder.transport.peerId] })

      expect(await first).to.deep.equal(content)
    })
  })

  it('that cannot be reached are dialled again, later each time, and told of in the error', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 20 * BLOCK)
      seeder.transport.goOffline()
      const reader = await net.add({ discovery: nobody })
      const dials = events(reader, 'codex:dial:error')
      const err = await failure(reader.codex.download(cid, { providers: [seeder.transport.peerId], stallTimeout: 60_000 }).done)

      expect(dials.length).to.be.within(6, 12)
      expect((err.errors as unknown as Error[]).filter(({ name }) => name === DialError.name).length).to.be.above(2)
    })
  })

  it('that come back are found by dialling them again', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 20 * BLOCK)
      seeder.transport.goOffline()
      const reader = await net.add({ discovery: nobody })
      const reading = collect(reader.codex.download(cid, { providers: [seeder.transport.peerId] }), { max: MiB })
      await net.sleep(10_000)
      seeder.transport.goOnline()

      expect(await reading).to.deep.equal(content)
    })
  })

  it('are not dialled for longer than it takes, nor more at a time than may be', async () => {
    await onNetwork(async net => {
      const silent = Array.from({ length: 6 }, () => net.transports.addPeer())
      silent.forEach(transport => { transport.stall() })
      const reader = await net.add({ discovery: nobody, limits: { dials: 2, dialTimeout: 2_000 } })
      const errors = events(reader, 'codex:dial:error')
      const failing = failure(reader.codex.manifest(file.cid, { providers: silent.map(({ peerId }) => peerId), stallTimeout: 7_000 }))
      await net.sleep(1_900)
      expect(reader.codex.stats().sizes.dials).to.equal(6)
      expect(net.trace.filter(({ kind }) => kind === 'hello')).to.have.lengthOf(0)
      await net.sleep(200)
      expect(errors).to.have.lengthOf(2)
      await net.sleep(4_000)
      expect(errors).to.have.lengthOf(6)
      expect(errors[0].error.message).to.include('2000 ms')
      await failing
      await net.sleep(0)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })
})

describe('anyOf', () => {
  it('gives what each of them finds as it comes, and keeps nothing once enough was taken', async () => {
    const found: string[] = []
    let asked = 0
    let ended = 0
    const endless = {
      async * find () {
        try {
          for (;;) {
            asked++
            yield simulatedPeerId(1)
            await macrotask()
          }
        } finally {
          ended++
        }
      },
      async provide () {}
    }

    for await (const provider of anyOf(endless, staticPeers([simulatedPeerId(2)]), endless).find(blockCid(new Uint8Array(32)))) {
      found.push(String(provider))

      if (found.length === 5) {
        break
      }
    }

    const [one, two] = [simulatedPeerId(1), simulatedPeerId(2)].map(String)
    expect(found).to.include(one).and.to.include(two)

    for (let turn = 0; turn < 20; turn++) {
      await macrotask()
    }

    expect(ended).to.equal(2)
    expect(asked).to.be.below(20)
  })

  it('asks all and merges what they find, as it comes', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 20 * BLOCK)
      const hangs: Discovery = { async * find () { await new Promise(() => {}) }, async provide () {} }
      const fails: Discovery = { async * find () { throw new Error('broken') }, async provide () { throw new Error('broken') } }
      const reader = await net.add({ discovery: anyOf(hangs, fails, staticPeers([seeder.transport.peerId])) })

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(net.clock.now()).to.be.below(2_000)
    })
  })

  it('fails when all do, and tells of each', async () => {
    await onNetwork(async net => {
      const fails = (message: string): Discovery => ({ async * find () { throw new Error(message) }, async provide () {} })
      const reader = await net.add({ discovery: anyOf(fails('a'), fails('b')) })
      const err = await failure(reader.codex.manifest(file.cid, { stallTimeout: 900 }))
      const [{ errors }] = err.errors as unknown as AggregateError[]

      expect(errors.map(({ message }: Error) => message)).to.deep.equal(['a', 'b'])
    })
  })

  it('announces to all, and fails only when one does', async () => {
    await onNetwork(async net => {
      const announced: string[] = []
      const notes = (name: string): Discovery => ({ async * find () {}, async provide () { announced.push(name) } })
      const started: string[] = []
      const starts: Discovery = { ...notes('c'), async start () { started.push('start') }, async stop () { started.push('stop') } }
      const { codex } = await net.add({ discovery: anyOf(notes('a'), notes('b'), starts) })
      await codex.store(new Uint8Array(5))
      expect(announced).to.deep.equal(['a', 'b', 'c', 'a', 'b', 'c'])
      await codex.stop()
      expect(started).to.deep.equal(['start', 'stop'])
    })
  })
})
