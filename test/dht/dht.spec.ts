import { expect } from 'aegir/chai'
import { verifySpr } from '../../src/dht/spr.ts'
import { int, pick, runPromise, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DhtNetwork } from './dht-network.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Dht, FoundProvider } from '../../src/dht/dht.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Random } from '../../src/interfaces.ts'

const NODES = 32
/** Milliseconds that nodes have to find each other. */
const SETTLE_MS = 10_000

describe('dht', function () {
  this.timeout(120_000)

  let clock: VirtualClock
  let random: Random
  let crypto: DhtCrypto
  let network: DhtNetwork
  let nodes: Dht[]

  beforeEach(() => {
    clock = new VirtualClock()
    random = seededRandom(1)
    crypto = toyCrypto(random)
    network = new DhtNetwork({ clock, random, crypto })
    nodes = []
  })

  afterEach(async () => {
    await runPromise(clock, Promise.all(nodes.map(async node => node.stop())))
    // what is under way when a socket closes is lost when it arrives
    await clock.advance(1_000)
    expect(clock.pending).to.equal(0)
  })

  async function start (count = NODES): Promise<void> {
    nodes = await runPromise(clock, network.start(count))
    await clock.advance(SETTLE_MS)
  }

  async function join (bootstrap: Contact[]): Promise<Dht> {
    const node = network.node(bootstrap)
    await runPromise(clock, node.start())
    nodes.push(node)

    return node
  }

  function content (): Uint8Array {
    return crypto.randomBytes(32)
  }

  async function find (node: Dht, contentId: Uint8Array): Promise<FoundProvider[]> {
    return runPromise(clock, Array.fromAsync(node.findProviders(contentId)))
  }

  function isOf (node: Dht, found: FoundProvider[]): boolean {
    return found.some(({ record }) => Buffer.compare(record.publicKey, node.self.publicKey) === 0)
  }

  it('knows all nodes of a small network, and keeps the 16 closest of a larger one', async () => {
    await start(10)
    await clock.advance(30_000)
    expect(nodes.map(({ table }) => table.size)).to.deep.equal(nodes.map(() => 9))

    for (let i = 0; i < 30; i++) {
      await join([network.contactOf(nodes[0])])
    }

    await clock.advance(SETTLE_MS)

    for (const node of nodes) {
      const closest = await runPromise(clock, node.lookup(node.id))
      expect(closest.closest).to.have.lengthOf(16)
      expect(closest.rounds).to.be.within(1, 3)
      expect(node.table.size).to.be.above(15)
    }
  })

  it('finds from everywhere what is announced anywhere', async () => {
    await start()

    for (let i = 0; i < 3; i++) {
      const [provider, contentId] = [pick(random, nodes), content()]
      expect(await runPromise(clock, provider.announce(contentId))).to.equal(16)

      for (const node of nodes.filter(node => node !== provider)) {
        const found = await find(node, contentId)

        expect(isOf(provider, found)).to.equal(true)
        expect(found).to.have.lengthOf(1)
        expect(verifySpr(crypto, found[0].record)).to.equal(true)
      }
    }
  })

  it('finds all who announced the same, each once, and not the asker', async () => {
    await start(12)
    const contentId = content()
    const providers = nodes.slice(3, 7)
    await runPromise(clock, Promise.all(providers.map(async node => node.announce(contentId))))
    const found = await find(nodes[3], contentId)

    expect(found).to.have.lengthOf(3)
    expect(providers.slice(1).every(node => isOf(node, found))).to.equal(true)
  })

  it('yields providers before the lookup ends', async () => {
    await start(20)
    const contentId = content()
    await runPromise(clock, nodes[5].announce(contentId))
    const lookup = nodes[9].findProviders(contentId)
    const before = clock.now()
    await runPromise(clock, lookup.next())
    const first = clock.now() - before
    await runPromise(clock, lookup.next())

    expect(first).to.be.below((clock.now() - before) / 2)
  })

  it('finds nothing where nobody is', async () => {
    const node = await join([])

    expect(await find(node, content())).to.deep.equal([])
    expect(await runPromise(clock, node.announce(content()))).to.equal(0)
  })

  it('finds although one datagram in ten is lost', async () => {
    await start()
    network.datagrams.loss = 0.1
    let found = 0

    for (let i = 0; i < 20; i++) {
      const [provider, asker, contentId] = [nodes[int(random, 0, 16)], nodes[int(random, 16, NODES)], content()]
      await runPromise(clock, provider.announce(contentId))
      found += isOf(provider, await find(asker, contentId)) ? 1 : 0
    }

    expect(found).to.equal(20)
  })

  it('finds although one datagram in five is altered on the way', async () => {
    await start(12)
    let altered = 0
    network.datagrams.onDatagram = ({ bytes }) => {
      if (random() < 0.2) {
        bytes[int(random, 0, bytes.length)] ^= int(random, 1, 256)
        altered++
      }

      return true
    }

    for (let i = 0; i < 20; i++) {
      const contentId = content()
      await runPromise(clock, nodes[5].announce(contentId))
      expect(isOf(nodes[5], await find(nodes[9], contentId))).to.equal(true)
    }

    expect(altered).to.be.above(100)
  })

  it('finds with a third of the nodes gone, at once and later', async () => {
    await start()
    const contentId = content()
    await runPromise(clock, nodes[20].announce(contentId))
    await runPromise(clock, Promise.all(nodes.splice(0, 11).map(async node => node.stop())))

    for (const minutes of [0, 5]) {
      await clock.advance(minutes * 60_000)

      for (const node of nodes.slice(0, 9)) {
        expect(isOf(nodes[9], await find(node, contentId))).to.equal(true)
      }
    }

    // those that are gone are forgotten
    const alive = new Set(nodes.map(({ self }) => self.key))
    const known = nodes.flatMap(({ id, table }) => table.closest(id, 99))
    expect(known.every(({ key }) => alive.has(key))).to.equal(true)
    expect(nodes.map(({ table }) => table.size)).to.deep.equal(nodes.map(() => nodes.length - 1))
  })

  it('finds while nodes come and go', async () => {
    await start()
    let found = 0
    let lookups = 0

    for (let i = 0; i < 30; i++) {
      // every ten seconds one of 32 leaves and another comes: a fifth a minute
      const [gone] = nodes.splice(int(random, 0, nodes.length), 1)
      await runPromise(clock, gone.stop())
      await join([network.contactOf(pick(random, nodes))])
      const [provider, contentId] = [pick(random, nodes), content()]
      await runPromise(clock, provider.announce(contentId))
      await clock.advance(10_000)
      const asker = pick(random, nodes.filter(node => node !== provider))
      lookups++
      found += isOf(provider, await find(asker, contentId)) ? 1 : 0
    }

    expect(found).to.equal(lookups)
  })

  it('is found again by its old name after a restart', async () => {
    await start(12)
    const contentId = content()
    await runPromise(clock, nodes[7].stop())
    await runPromise(clock, nodes[7].start())
    // others have sessions with it that it knows nothing of
    expect(await runPromise(clock, nodes[8].ping(network.contactOf(nodes[7])))).to.equal(true)

    await runPromise(clock, nodes[7].announce(contentId))
    expect(isOf(nodes[7], await find(nodes[9], contentId))).to.equal(true)
  })

  it('gives out after a restart what was announced to it before', async () => {
    await start(2)
    const contentId = content()
    await runPromise(clock, nodes[1].announce(contentId))
    await clock.advance(100)
    await runPromise(clock, nodes[0].stop())
    await runPromise(clock, nodes[0].start())

    const asker = await join([network.contactOf(nodes[0])])
    expect(isOf(nodes[1], await find(asker, contentId))).to.equal(true)
  })

  it('comes together again after the network was gone', async () => {
    await start(24)
    network.datagrams.loss = 1
    await clock.advance(3 * 60_000)
    network.datagrams.loss = 0
    await clock.advance(3 * 60_000)
    const contentId = content()
    await runPromise(clock, nodes[20].announce(contentId))

    expect(isOf(nodes[20], await find(nodes[3], contentId))).to.equal(true)
    expect(nodes.every(({ table }) => table.size > 18)).to.equal(true)
  })

  it('keeps trying until its bootstrap node is there', async () => {
    const first = network.node()
    await runPromise(clock, first.start())
    const contact = network.contactOf(first)
    await runPromise(clock, first.stop())
    const node = await join([contact])
    await clock.advance(60_000)
    expect(node.table.size).to.equal(0)

    await runPromise(clock, first.start())
    nodes.push(first)
    await clock.advance(60_000)
    expect(node.table.size).to.equal(1)
    expect(first.table.size).to.equal(1)
  })

  it('leaves a lookup at any moment', async () => {
    await start(10)
    const contentId = content()
    await runPromise(clock, nodes[1].announce(contentId))

    const left = nodes[2].findProviders(contentId)
    await runPromise(clock, left.next())
    await runPromise(clock, left.return(undefined))

    const controller = new AbortController()
    const aborted = Array.fromAsync(nodes[2].findProviders(contentId, { signal: controller.signal }))
    controller.abort(new Error('enough'))
    await expect(aborted).to.be.rejectedWith('enough')

    const stopped = Array.fromAsync(nodes[2].findProviders(content()))
    const announced = nodes[2].announce(content())
    await Promise.all([
      expect(stopped).to.be.rejectedWith('stopped'),
      expect(announced).to.be.rejectedWith('stopped'),
      nodes[2].stop()
    ])
    await expect(Array.fromAsync(nodes[2].findProviders(contentId))).to.be.rejectedWith('not started')
  })

  it('may be started and stopped twice, and is free of everything then', async () => {
    await start(4)
    await runPromise(clock, Promise.all([nodes[1].start(), nodes[1].start()]))
    await runPromise(clock, Promise.all([nodes[1].stop(), nodes[1].stop()]))

    const { nodes: known, waiting, sessions, questions, challenges, nonces, knocks, providers } = nodes[1].stats()
    expect([known, waiting, sessions, questions, challenges, nonces, knocks, providers]).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0])
  })
})
