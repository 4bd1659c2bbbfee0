import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { createPrivateKey } from '../../src/dht/crypto.ts'
import { idAtDistance, logDistance } from '../../src/dht/node-id.ts'
import { identifyBytes } from '../../src/dht/record-book.ts'
import { createSpr } from '../../src/dht/spr.ts'
import { runPromise, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DhtNetwork } from './dht-network.ts'
import { ScriptedNode } from './scripted-node.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Dht } from '../../src/dht/dht.ts'
import type { Body, MessageOf, MessageType } from '../../src/dht/messages.ts'

describe('dht/answers', function () {
  this.timeout(60_000)

  let clock: VirtualClock
  let crypto: DhtCrypto
  let network: DhtNetwork
  let nodes: Dht[]
  let asker: ScriptedNode

  /** A network that is asked by somebody from outside. */
  async function start (count: number): Promise<void> {
    const random = seededRandom(2)
    clock = new VirtualClock()
    crypto = toyCrypto(random)
    network = new DhtNetwork({ clock, random, crypto })
    nodes = await runPromise(clock, network.start(count))
    await clock.advance(10_000)
    asker = new ScriptedNode({ crypto, clock, network: network.datagrams, endpoint: { host: '192.0.2.77', port: 4000 } })
  }

  afterEach(async () => {
    await runPromise(clock, Promise.all(nodes.map(async node => node.stop())))
  })

  async function ask<T extends MessageType> (body: Body, type: T): Promise<Array<MessageOf<T>>> {
    const requestId = crypto.randomBytes(5)
    asker.heard.splice(0)
    asker.ask(network.contactOf(nodes[0]), body, requestId)
    await clock.advance(500)

    return asker.heard.filter(message => message.type === type && Buffer.compare(message.requestId, requestId) === 0) as unknown as Array<MessageOf<T>>
  }

  /** Keys of the nodes that a `nodes` answer gives. */
  function keys (answer: Array<MessageOf<'nodes'>>): string[] {
    return answer.flatMap(({ records }) => records).map(bytes => identifyBytes(crypto, bytes)?.key ?? 'none')
  }

  it('says where it sees who pings, and the number of its record', async () => {
    await start(1)

    const [pong] = await ask({ type: 'ping', sprSeq: 0n }, 'pong')
    expect(pong).to.deep.include({ sprSeq: nodes[0].self.record.seq, ip: Uint8Array.of(192, 0, 2, 77), port: 4000 })
  })

  it('gives its own record for distance 0, and nothing else', async () => {
    await start(5)
    const answer = await ask({ type: 'findNode', distances: [0, 256, 255] }, 'nodes')

    expect(answer).to.have.lengthOf(1)
    expect(answer[0].total).to.equal(1)
    expect(keys(answer)).to.deep.equal([nodes[0].self.key])
  })

  it('gives those at the distances asked for, three a message, 16 at most', async () => {
    await start(40)
    const answer = await ask({ type: 'findNode', distances: [256, 255] }, 'nodes')
    const records = keys(answer)
    const byKey = new Map(nodes.map(({ self, id }) => [self.key, logDistance(nodes[0].id, id)]))

    expect(answer).to.have.lengthOf(6)
    expect(answer.map(({ total }) => total)).to.deep.equal([6, 6, 6, 6, 6, 6])
    expect(answer.map(({ records }) => records.length).toSorted()).to.deep.equal([1, 3, 3, 3, 3, 3])
    expect(new Set(records).size).to.equal(16)
    expect(records.every(key => [255, 256].includes(byKey.get(key) ?? 0))).to.equal(true)
  })

  it('gives one empty message for what it does not know and for what cannot be', async () => {
    await start(3)

    for (const distances of [[1], [257], [256, 300], [65_535]]) {
      const answer = await ask({ type: 'findNode', distances }, 'nodes')

      expect(answer.map(({ total, records }) => [total, records.length])).to.deep.equal([[1, 0]])
    }
  })

  it('gives the six closest that it knows to a target', async () => {
    await start(40)
    const target = idAtDistance(nodes[0].id, 253, crypto.randomBytes(32))
    const answer = await ask({ type: 'findNodeFast', target }, 'nodes')

    expect(answer.map(({ total }) => total)).to.deep.equal([2, 2])
    expect(keys(answer)).to.have.members(nodes[0].table.closest(target, 7).map(({ key }) => key).filter(key => key !== asker.contact.key).slice(0, 6))
  })

  it('gives no node that it has not seen itself, nor one that does not answer', async () => {
    await start(3)
    nodes[0].table.heard({ ...asker.contact, endpoint: { host: '192.0.2.99', port: 1 } })
    nodes[0].table.failed(network.contactOf(nodes[1]))

    expect(keys(await ask({ type: 'findNodeFast', target: asker.contact.id }, 'nodes'))).to.deep.equal([nodes[2].self.key])
  })

  it('does not tell the public of private addresses', async () => {
    await start(2)
    const neighbour = new ScriptedNode({ crypto, clock, network: network.datagrams, endpoint: { host: '10.0.0.7', port: 4000 } })
    expect(await runPromise(clock, nodes[0].ping(neighbour.contact))).to.equal(true)
    expect(nodes[0].table.size).to.equal(2)

    expect(keys(await ask({ type: 'findNodeFast', target: neighbour.contact.id }, 'nodes'))).to.deep.equal([nodes[1].self.key])
  })

  it('answers a talk with nothing', async () => {
    await start(1)
    const [answer] = await ask({ type: 'talkReq', protocol: Buffer.from('echo'), request: Buffer.from('hi') }, 'talkResp')

    expect(answer.response).to.have.lengthOf(0)
  })

  it('gives the providers that announced themselves', async () => {
    await start(1)
    const contentId = crypto.randomBytes(32)
    const record = createSpr(crypto, { privateKey: asker.privateKey, seq: 1n, addresses: [multiaddr('/ip4/192.0.2.77/tcp/1').bytes] })
    const [before] = await ask({ type: 'getProviders', contentId }, 'providers')
    expect([before.total, before.records]).to.deep.equal([1, []])

    expect(await ask({ type: 'addProvider', contentId, record: record.bytes }, 'providers')).to.deep.equal([])
    const [after] = await ask({ type: 'getProviders', contentId }, 'providers')
    expect([after.total, after.records]).to.deep.equal([1, [record.bytes]])

    const [other] = await ask({ type: 'getProviders', contentId: crypto.randomBytes(32) }, 'providers')
    expect(other.records).to.deep.equal([])
  })

  const address = multiaddr('/ip4/192.0.2.77/tcp/1').bytes
  const refused: Array<[string, () => Uint8Array]> = [
    ['of another', () => createSpr(crypto, { privateKey: createPrivateKey(crypto), seq: 1n, addresses: [address] }).bytes],
    ['that is not signed', () => createSpr({ ...crypto, sign: () => new Uint8Array(71) }, { privateKey: asker.privateKey, seq: 1n, addresses: [address] }).bytes],
    ['without an address', () => createSpr(crypto, { privateKey: asker.privateKey, seq: 1n, addresses: [] }).bytes],
    ['with an address that crashes the reference node', () => createSpr(crypto, { privateKey: asker.privateKey, seq: 1n, addresses: [address, multiaddr('/ip4/192.0.2.77').bytes] }).bytes],
    ['with an address that is none', () => createSpr(crypto, { privateKey: asker.privateKey, seq: 1n, addresses: [Uint8Array.of(255, 255)] }).bytes],
    ['that is none', () => Uint8Array.of(1, 2, 3)]
  ]

  async function expectRefused (make: () => Uint8Array): Promise<void> {
    await start(1)
    const contentId = crypto.randomBytes(32)
    await ask({ type: 'addProvider', contentId, record: make() }, 'providers')
    const [answer] = await ask({ type: 'getProviders', contentId }, 'providers')

    expect(answer.records).to.deep.equal([])
    expect(nodes[0].stats().providers).to.equal(0)
  }

  for (const [what, make] of refused) {
    it(`keeps no provider record ${what}`, async () => { await expectRefused(make) })
  }

  it('gives as many providers as a datagram holds, others each time', async () => {
    await start(1)
    const contentId = crypto.randomBytes(32)
    let largest = 0

    for (let i = 0; i < 20; i++) {
      const provider = new ScriptedNode({ crypto, clock, network: network.datagrams, endpoint: { host: `192.0.${i}.78`, port: 4000 } })
      const record = createSpr(crypto, { privateKey: provider.privateKey, seq: 1n, addresses: [address] })
      provider.ask(network.contactOf(nodes[0]), { type: 'addProvider', contentId, record: record.bytes })
      await clock.advance(200)
    }

    network.datagrams.onDatagram = ({ bytes }) => {
      largest = Math.max(largest, bytes.length)

      return true
    }
    const given = new Set<string>()

    for (let i = 0; i < 20; i++) {
      const [answer] = await ask({ type: 'getProviders', contentId }, 'providers')
      expect(answer.records.length).to.be.within(5, 6)
      answer.records.forEach(record => given.add(Buffer.from(record).toString('hex')))
    }

    expect(given.size).to.equal(20)
    expect(largest).to.be.below(1_280)
  })

  it('answers so many questions a second', async () => {
    await start(1)
    await ask({ type: 'ping', sprSeq: 0n }, 'pong')
    asker.heard.splice(0)

    for (let i = 0; i < 3_000; i++) {
      asker.ask(network.contactOf(nodes[0]), { type: 'ping', sprSeq: 0n })
    }

    await clock.advance(500)
    expect(asker.heard.length).to.be.within(400, 420)
  })
})
