import { expect } from 'aegir/chai'
import { manifestCid } from '../../src/dataset/codecs.ts'
import { runPromise, seededRandom, SimulatedDiscovery, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import type { Discovery, Provider } from '../../src/interfaces.ts'

const cid = manifestCid(new Uint8Array(32).fill(1))

describe('SimulatedDiscovery', () => {
  let clock: VirtualClock
  let shared: SimulatedDiscovery
  let network: SimulatedNetwork
  let discovery: Discovery

  beforeEach(() => {
    clock = new VirtualClock()
    shared = new SimulatedDiscovery({ clock, latency: 40 })
    network = new SimulatedNetwork({ clock, random: seededRandom(1) })
    discovery = shared.for(network.addPeer())
  })

  afterEach(() => {
    expect(clock.pending).to.equal(0)
  })

  async function find (signal?: AbortSignal): Promise<Provider[]> {
    return runPromise(clock, Array.fromAsync(discovery.find(cid, { signal })))
  }

  it('gives out where who announced is, after its latency', async () => {
    const peer = network.addPeer()
    await runPromise(clock, shared.for(peer).provide(cid))
    expect(clock.now()).to.equal(40)

    expect(await find()).to.deep.equal([{ id: peer.peerId, multiaddrs: peer.addresses() }])
    expect(clock.now()).to.equal(80)
    expect(shared.lookups).to.equal(1)
  })

  it('gives out what it was told of, in order, until it is removed', async () => {
    const [a, b] = [network.addPeer(), network.addPeer()]
    shared.add(cid, a.peerId)
    shared.add(cid, b.addresses()[0])
    shared.add(cid, a.peerId)
    expect(await find()).to.deep.equal([a.peerId, b.addresses()[0]])

    shared.remove(cid, a.peerId)
    expect(await find()).to.deep.equal([b.addresses()[0]])
  })

  it('finds nothing for as many lookups as it is told', async () => {
    shared.add(cid, network.addPeer().peerId)
    shared.emptyLookups = 2

    expect([await find(), await find(), await find()].map(found => found.length)).to.deep.equal([0, 0, 1])
  })

  it('fails as it is told', async () => {
    shared.failure = new Error('Urk!')

    await expect(find()).to.eventually.be.rejectedWith('Urk!')
    await expect(runPromise(clock, discovery.provide(cid))).to.eventually.be.rejectedWith('Urk!')
  })

  it('leaves no timer when a slow lookup is aborted', async () => {
    shared.latency = 3_600_000
    const controller = new AbortController()
    const lookup = find(controller.signal)
    clock.setTimeout(() => { controller.abort() }, 1000)

    await expect(lookup).to.eventually.be.rejected.with.property('name', 'AbortError')
    expect(clock.now()).to.equal(1000)
  })
})
