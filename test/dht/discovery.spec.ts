import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { manifestCid } from '../../src/dataset/codecs.ts'
import { udpAddress } from '../../src/dht/endpoint.ts'
import { codexDiscovery, createSpr, formatSpr, loadCrypto, parseSpr, udpSocket } from '../../src/dht/index.ts'
import { contentIdOf } from '../../src/dht/node-id.ts'
import { identify } from '../../src/dht/record-book.ts'
import { InvalidParametersError, NotRunningError, ProtocolError } from '../../src/errors.ts'
import { discoveryCompliance, runPromise, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DatagramNetwork } from './datagram-network.ts'
import { ScriptedNode } from './scripted-node.ts'
import { seededCrypto } from './toy-crypto.ts'
import type { CodexDiscovery, CodexDiscoveryInit, DhtCrypto, Endpoint } from '../../src/dht/index.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Provider } from '../../src/interfaces.ts'
import type { PeerInfo, Secp256k1PrivateKey } from '@libp2p/interface'

const cid = manifestCid(new Uint8Array(32).fill(1))

async function waitFor (until: () => boolean): Promise<void> {
  while (!until()) {
    await new Promise<void>(resolve => { setTimeout(resolve, 10) })
  }
}

/** A running node over real UDP on loopback. */
async function loopbackNode (bootstrap: string[] = []): Promise<{ discovery: CodexDiscovery, privateKey: Secp256k1PrivateKey }> {
  const privateKey = await generateKeyPair('secp256k1')
  const discovery = await codexDiscovery({
    privateKey,
    bootstrap,
    socket: udpSocket({ host: '127.0.0.1' }),
    addresses: () => [multiaddr('/ip4/127.0.0.1/tcp/8070')],
    datastore: new MemoryDatastore()
  })
  await discovery.start()

  return { discovery, privateKey }
}

describe('dht/discovery over UDP', () => {
  discoveryCompliance({
    async setup () {
      const b = await loopbackNode()
      const a = await loopbackNode([b.discovery.spr])
      await waitFor(() => a.discovery.stats().nodes === 1 && b.discovery.stats().nodes === 1)

      return {
        a: { discovery: a.discovery, peerId: peerIdFromPrivateKey(a.privateKey) },
        b: { discovery: b.discovery, peerId: peerIdFromPrivateKey(b.privateKey) }
      }
    },
    async teardown ({ a, b }) {
      await Promise.all([a.discovery.stop?.(), b.discovery.stop?.()])
    }
  })

  it('says where it is, for others to begin with', async () => {
    const { discovery, privateKey } = await loopbackNode()
    const { addresses, publicKey } = parseSpr(discovery.spr)
    await discovery.stop()

    expect(addresses.map(address => multiaddr(address).toString())[0]).to.match(/^\/ip4\/127\.0\.0\.1\/udp\/\d+$/)
    expect(publicKey).to.deep.equal(privateKey.publicKey.raw)
    expect(() => discovery.spr).to.throw(NotRunningError)
  })

  it('cannot be bound to a port that is taken', async () => {
    const { discovery } = await loopbackNode()
    const port = Number(multiaddr(parseSpr(discovery.spr).addresses[0]).getComponents()[1].value)
    const taken = await codexDiscovery({
      privateKey: await generateKeyPair('secp256k1'),
      socket: udpSocket({ host: '127.0.0.1', port }),
      addresses: () => [],
      datastore: new MemoryDatastore()
    })

    await expect(taken.start()).to.be.rejectedWith('EADDRINUSE')
    expect(() => taken.spr).to.throw(NotRunningError)
    await discovery.stop()
    await taken.start()
    await taken.stop()
  })
})

describe('dht/discovery', () => {
  let clock: VirtualClock
  let crypto: DhtCrypto
  let network: DatagramNetwork
  let running: CodexDiscovery[]

  beforeEach(async () => {
    clock = new VirtualClock()
    crypto = seededCrypto(await loadCrypto(), seededRandom(1))
    network = new DatagramNetwork({ clock, random: seededRandom(1) })
    running = []
  })

  afterEach(async () => {
    await runPromise(clock, Promise.all(running.map(async discovery => discovery.stop())))
    await clock.advance(1_000)
    expect(clock.pending).to.equal(0)
  })

  async function node (host: string, addresses: string[], init: Partial<CodexDiscoveryInit> = {}): Promise<CodexDiscovery> {
    const endpoint: Endpoint = { host, port: 8090 }
    const discovery = await codexDiscovery({
      crypto,
      clock,
      random: seededRandom(1),
      unixTime: () => 1_800_000_000_000 + clock.now(),
      privateKey: await generateKeyPair('secp256k1'),
      socket: network.socket(endpoint),
      addresses: () => addresses.map(address => multiaddr(address)),
      datastore: new MemoryDatastore(),
      ...init
    })
    await runPromise(clock, discovery.start())
    running.push(discovery)

    return discovery
  }

  /** Addresses of the providers that are found. */
  async function find (discovery: CodexDiscovery): Promise<string[]> {
    const found = await runPromise(clock, Array.fromAsync<Provider>(discovery.find(cid)))

    return found.flatMap(provider => (provider as PeerInfo).multiaddrs.map(address => address.toString()))
  }

  it('finds where a provider is reached over TCP, and who it is', async () => {
    const privateKey = privateKeyFromRaw(new Uint8Array(32).fill(9)) as Secp256k1PrivateKey
    const first = await node('203.0.113.1', [])
    const provider = await node('203.0.114.1', ['/ip4/203.0.114.1/tcp/8070'], { bootstrap: [first.spr], privateKey })
    const asker = await node('203.0.115.1', [], { bootstrap: [first.spr] })
    await clock.advance(2_000)
    await runPromise(clock, provider.provide(cid))
    const [found] = await runPromise(clock, Array.fromAsync<Provider>(asker.find(cid)))

    expect((found as PeerInfo).id.toString()).to.equal(peerIdFromPrivateKey(privateKey).toString())
    expect((found as PeerInfo).multiaddrs.map(String)).to.deep.equal(['/ip4/203.0.114.1/tcp/8070'])
  })

  it('announces again before it is forgotten', async () => {
    const limits = { providerTtl: 10 * 60_000, announceInterval: 3 * 60_000 }
    const first = await node('203.0.113.1', [], { limits })
    const provider = await node('203.0.114.1', ['/ip4/203.0.114.1/tcp/8070'], { limits, bootstrap: [first.spr] })
    await clock.advance(2_000)
    await runPromise(clock, provider.provide(cid))
    await clock.advance(60 * 60_000)
    expect(await find(first)).to.have.lengthOf(1)

    provider.withdraw(cid)
    await clock.advance(11 * 60_000)
    expect(await find(first)).to.have.lengthOf(0)
  })

  it('announces again to those who come later', async () => {
    const first = await node('203.0.113.1', ['/ip4/203.0.113.1/tcp/8070'])
    await runPromise(clock, first.provide(cid))
    let asker = first

    for (let i = 0; i < 24; i++) {
      asker = await node(`203.0.${i}.2`, [], { bootstrap: [asker.spr] })
    }

    await clock.advance(20_000)
    await runPromise(clock, first.stop())
    expect(await find(asker)).to.deep.equal(['/ip4/203.0.113.1/tcp/8070'])
  })

  /** What is found when somebody announces addresses that mean another host on each network. */
  async function findLocal ([first, provider, asker]: string[]): Promise<string[]> {
    const root = await node(first, [])
    const asking = await node(asker, [], { bootstrap: [root.spr] })
    const announcing = new ScriptedNode({ crypto, clock, network, endpoint: { host: provider, port: 8090 } })
    const addresses = ['/ip4/10.9.9.9/tcp/1', '/ip4/127.0.0.1/tcp/1', '/ip4/203.0.113.9/tcp/1'].map(address => multiaddr(address).bytes)
    const record = createSpr(crypto, { privateKey: announcing.privateKey, seq: 1n, addresses })
    const contact = identify(crypto, parseSpr(root.spr)) as Contact
    announcing.ask(contact, { type: 'addProvider', contentId: contentIdOf(crypto, cid), record: record.bytes })
    await clock.advance(2_000)

    return find(asking)
  }

  it('gives no private addresses of providers where the bootstrap is public', async () => {
    expect(await findLocal(['203.0.113.1', '203.0.114.1', '203.0.115.1'])).to.deep.equal(['/ip4/203.0.113.9/tcp/1'])
  })

  it('gives private addresses of providers where the bootstrap is private', async () => {
    expect(await findLocal(['10.0.0.1', '10.0.0.2', '10.0.0.3'])).to.deep.equal(['/ip4/10.9.9.9/tcp/1', '/ip4/127.0.0.1/tcp/1', '/ip4/203.0.113.9/tcp/1'])
  })

  it('learns where it is from others, and tells them with the next session', async () => {
    // behind a router: it sees its own address, others another one
    const inner = network.socket({ host: '203.0.114.9', port: 4_444 })
    const first = await node('203.0.113.1', [])
    const hidden = await node('', ['/ip4/192.168.1.2/tcp/8070'], {
      bootstrap: [first.spr],
      socket: { ...inner, open: async onDatagram => { await inner.open(onDatagram); return { host: '0.0.0.0', port: 8090 } } }
    })
    expect(parseSpr(hidden.spr).addresses).to.deep.equal([udpAddress({ host: '192.168.1.2', port: 8090 })])

    await clock.advance(3_000)
    expect(parseSpr(hidden.spr).addresses).to.deep.equal([udpAddress({ host: '203.0.114.9', port: 4_444 })])
    expect(first.stats().nodes).to.equal(1)

    await runPromise(clock, hidden.provide(cid))
    expect(await find(first)).to.deep.equal(['/ip4/203.0.114.9/tcp/8070'])
  })

  it('refuses bootstrap records that are of no use', async () => {
    const privateKey = new Uint8Array(32).fill(3)
    const tcp = createSpr(crypto, { privateKey, seq: 1n, addresses: [multiaddr('/ip4/192.0.2.1/tcp/1').bytes] })
    const forged = createSpr({ ...crypto, sign: () => crypto.sign(new Uint8Array(32), privateKey) }, { privateKey, seq: 1n, addresses: [udpAddress({ host: '192.0.2.1', port: 1 })] })

    await expect(node('192.0.2.9', [], { bootstrap: ['enr:'] })).to.be.rejectedWith(ProtocolError)
    await expect(node('192.0.2.9', [], { bootstrap: [formatSpr(tcp)] })).to.be.rejectedWith(InvalidParametersError, 'UDP')
    await expect(node('192.0.2.9', [], { bootstrap: [formatSpr(forged)] })).to.be.rejectedWith(InvalidParametersError, 'signed')
  })

  it('does nothing before it is started', async () => {
    const discovery = await node('192.0.2.9', [])
    await runPromise(clock, discovery.stop())

    await expect(discovery.provide(cid)).to.be.rejectedWith(NotRunningError)
    await expect(Array.fromAsync<Provider>(discovery.find(cid))).to.be.rejectedWith(NotRunningError)
    expect(() => { discovery.withdraw(cid) }).to.throw(NotRunningError)
  })
})
