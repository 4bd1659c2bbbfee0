/* eslint-disable require-yield -- lookups that fail before they give anything */
import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { collect, NotFoundError, staticPeers } from '../../src/index.ts'
import { neverDelivered, seededContent, simulatedPeerId } from '../../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { Discovery, Provider } from '../../src/index.ts'
import type { TestNetwork } from '../api/network.ts'
import type { CID } from 'multiformats/cid'

const file = new ServedFile(seededContent(5)(20 * BLOCK), BLOCK)
const nobody = staticPeers([])

/** A discovery that finds what it is told to, after 50 ms, and keeps when it was asked for what. */
class Asked implements Discovery {
  readonly lookups: Array<{ cid: string, time: number }> = []
  readonly providers: Provider[]
  most = 0
  readonly #net: TestNetwork
  #running = 0

  constructor (net: TestNetwork, ...providers: Provider[]) {
    this.#net = net
    this.providers = providers
  }

  times (cid: CID): number[] {
    return this.lookups.filter(lookup => lookup.cid === cid.toString()).map(({ time }) => time)
  }

  async * find (cid: CID): AsyncGenerator<Provider> {
    this.lookups.push({ cid: cid.toString(), time: this.#net.clock.now() })
    this.#running++
    this.most = Math.max(this.most, this.#running)
    await this.#net.sleep(50)
    this.#running--
    yield * this.providers
  }

  async provide (): Promise<void> {}
}

describe('discovery', () => {
  it('that finds nobody ends in a NotFoundError, in bounded time', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add({ discovery: nobody })
      const err = await failure(codex.download(file.cid).done)

      expect(err).to.have.property('name', NotFoundError.name)
      expect(`${err.cid}`).to.equal(file.cid.toString())
      expect(err.message).to.match(/0 peers asked, [2-9] lookups made/)
      expect(net.clock.now()).to.be.within(30_000, 31_000)
      expect(held(codex)).to.deep.equal({})
    })
  })

  it('is repeated while a download starves, less and less often', async () => {
    await onNetwork(async net => {
      const discovery = new Asked(net)
      const { codex } = await net.add({ discovery })
      await failure(codex.download(file.cid, { stallTimeout: 200_000 }).done)
      const times = discovery.times(file.cid)
      const gaps = times.slice(1).map((time, i) => time - times[i])

      // and at most a second until it looks again
      gaps.forEach((gap, i) => { expect(gap).to.be.within(Math.min(1_000 * 2 ** i, 10_000), Math.min(1_000 * 2 ** i, 10_000) + 1_100) })
      expect(times.length).to.be.within(20, 23)
    })
  })

  it('is not asked while blocks come', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 20_000 } })
      const { cid } = await seed(seeder, 100 * BLOCK)
      const discovery = new Asked(net, seeder.transport.peerId)
      const reader = await net.add({ discovery })
      await reader.codex.download(cid).done

      expect(net.clock.now()).to.be.above(20_000)
      expect(discovery.times(cid).length).to.be.at.most(2)
      expect(discovery.lookups.length).to.be.at.most(3)
    })
  })

  it('is asked once by many who want the same', async () => {
    await onNetwork(async net => {
      const discovery = new Asked(net)
      const { codex } = await net.add({ discovery })
      await Promise.all(Array.from({ length: 10 }, async () => failure(codex.manifest(file.cid, { stallTimeout: 900 }))))

      expect(discovery.times(file.cid)).to.have.lengthOf(1)
    })
  })

  it('is asked for the manifest and for the tree, when the blocks starve', async () => {
    await onNetwork(async net => {
      // it has the manifest and none of the blocks
      const peer = await net.script(file.serve({ only: ({ root }) => root.equals(file.cid) }))
      const discovery = new Asked(net, peer.transport.peerId)
      const { codex } = await net.add({ discovery })
      await failure(codex.download(file.cid, { stallTimeout: 10_000 }).done)

      expect(discovery.times(file.root).length).to.be.at.least(3)
      expect(discovery.times(file.cid).length).to.be.at.least(4)
    })
  })

  it('is asked again where those who have it send nothing, and found are those who do', async () => {
    await onNetwork(async net => {
      const liars = await Promise.all(Array.from({ length: 8 }, async () => net.add({ faults: { blocks: [neverDelivered] } })))
      await Promise.all(liars.map(async ({ codex }) => codex.store(file.content, { blockSize: BLOCK })))
      const seeder = await net.add()
      await seeder.codex.store(file.content, { blockSize: BLOCK })
      const discovery = new Asked(net, ...liars.map(({ transport }) => transport.peerId))
      const reader = await net.add({ discovery })
      const reading = collect(reader.codex.download(file.cid), { max: MiB })
      await net.sleep(1_000)
      discovery.providers.push(seeder.transport.peerId)

      expect(await reading).to.deep.equal(file.content)
      expect(net.clock.now()).to.be.below(13_000)
    })
  })

  it('is not kept from being asked again by a peer that says nothing', async () => {
    await onNetwork(async net => {
      const discovery = new Asked(net)
      const mute = await net.add({ discovery: nobody, limits: { peerWants: 0, peerWantRoots: 0 } })
      const { codex, transport } = await net.add({ discovery })
      await transport.connect(mute.transport.peerId)
      await failure(codex.download(file.cid, { stallTimeout: 200_000 }).done)

      expect(discovery.times(file.cid).length).to.be.within(20, 23)
    })
  })

  it('finds by the tree who does not announce the manifest', async () => {
    await onNetwork(async net => {
      const manifest = await net.script(file.serve({ only: ({ root }) => root.equals(file.cid) }))
      const blocks = await net.add()
      await blocks.codex.store(file.content, { blockSize: BLOCK })
      await net.sleep(1_000)
      net.discovery.remove(file.cid, blocks.transport.peerId)
      net.discovery.add(file.cid, manifest.transport.peerId)
      const reader = await net.add()

      expect(await collect(reader.codex.download(file.cid), { max: MiB })).to.deep.equal(file.content)
    })
  })

  it('that fails is told of in the error, and asked again', async () => {
    await onNetwork(async net => {
      net.discovery.failure = new Error('no route to the DHT')
      const reader = await net.add()
      const ends = events(reader, 'codex:discovery:end')
      const err = await failure(reader.codex.download(file.cid, { stallTimeout: 10_000 }).done)

      expect(err.errors).to.deep.include(net.discovery.failure)
      expect(ends.length).to.be.within(3, 5)
      expect(ends[0]).to.deep.include({ providers: 0, error: net.discovery.failure })
    })
  })

  it('that fails first and works then is enough', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 10 * BLOCK)
      await net.sleep(1_000)
      net.discovery.failure = new Error('not yet')
      const reader = await net.add()
      const reading = collect(reader.codex.download(cid), { max: MiB })
      await net.sleep(5_000)
      net.discovery.failure = undefined

      expect(await reading).to.deep.equal(content)
    })
  })

  it('that hangs is given up after its time, and asked again', async () => {
    await onNetwork(async net => {
      let finds = 0
      const reader = await net.add({
        discovery: {
          async * find () {
            finds++
            await new Promise(() => {})
          },
          provide: async () => new Promise(() => {})
        },
        limits: { lookupTimeout: 3_000 }
      })
      await reader.codex.store(new Uint8Array(BLOCK))
      const err = await failure(reader.codex.download(file.cid, { stallTimeout: 20_000 }).done)

      expect(finds).to.be.within(3, 7)
      expect((err.errors as unknown as Error[])[0].message).to.include('3000 ms')
      expect(err.message).to.match(/[3-7] lookups made/)
    })
  })

  it('is left alone when nobody waits for what it looks for', async () => {
    await onNetwork(async net => {
      const signals: AbortSignal[] = []
      const { codex } = await net.add({
        discovery: {
          async * find (cid, { signal } = {}) {
            signals.push(signal as AbortSignal)
            await new Promise(() => {})
          },
          async provide () {}
        }
      })
      const controller = new AbortController()
      const [first, second] = [controller.signal, undefined].map(async signal => failure(codex.manifest(file.cid, { signal, stallTimeout: 5_000 })))
      await net.sleep(1_000)
      controller.abort()
      await first
      await net.sleep(0)
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false])
      await second
      await net.sleep(0)
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal(signals.map(() => true))
      expect(held(codex)).to.deep.equal({})
    })
  })

  it('may give more than is wanted: the limit is taken', async () => {
    await onNetwork(async net => {
      let given = 0
      const reader = await net.add({
        discovery: {
          async * find () {
            for (;;) {
              yield simulatedPeerId(1_000 + given++)
            }
          },
          async provide () {}
        },
        limits: { lookupProviders: 7 }
      })
      const found = events(reader, 'codex:discovery:found')
      await failure(reader.codex.manifest(file.cid, { stallTimeout: 900 }))

      expect(given).to.equal(7)
      expect(found).to.have.lengthOf(7)
    })
  })

  it('that gives nonsense harms nobody', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 10 * BLOCK)
      const nonsense = [undefined, null, 'text', 5, {}] as unknown as Provider[]
      const reader = await net.add({ discovery: new Asked(net, ...nonsense, seeder.transport.peerId) })

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
    })
  })

  it('that gives ourselves makes us dial nobody', async () => {
    await onNetwork(async net => {
      const reader = await net.add()
      const errors = events(reader, 'codex:dial:error')
      const own = reader.transport
      net.discovery.add(file.cid, own.peerId)
      net.discovery.add(file.cid, { id: own.peerId, multiaddrs: own.addresses() })
      net.discovery.add(file.cid, own.addresses()[0])
      await failure(reader.codex.manifest(file.cid, { stallTimeout: 5_000 }))

      expect(errors).to.deep.equal([])
    })
  })

  it('runs as many lookups at a time as it may', async () => {
    await onNetwork(async net => {
      const discovery = new Asked(net)
      const { codex } = await net.add({ discovery, limits: { lookups: 3 } })
      await Promise.all(Array.from({ length: 10 }, async (_, i) => {
        const { cid } = new ServedFile(seededContent(i)(BLOCK), BLOCK)
        await failure(codex.manifest(cid, { stallTimeout: 900 }))
      }))

      expect(discovery.most).to.equal(3)
      expect(new Set(discovery.lookups.map(({ cid }) => cid)).size).to.equal(10)
    })
  })

  it('is told of what cannot be announced', async () => {
    await onNetwork(async net => {
      net.discovery.failure = new Error('no route')
      const node = await net.add()
      const errors = events(node, 'codex:discovery:provide-error')
      const { cid } = await seed(node, BLOCK)
      await net.sleep(1_000)

      expect(errors.map(({ cid }) => cid.toString())).to.include(cid.toString())
      expect(errors[0].error).to.equal(net.discovery.failure)
    })
  })
})
