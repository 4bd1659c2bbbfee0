import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { createPrivateKey } from '../../src/dht/crypto.ts'
import { udpAddress } from '../../src/dht/endpoint.ts'
import { logDistance } from '../../src/dht/node-id.ts'
import { FieldWriter } from '../../src/dht/protobuf.ts'
import { identify } from '../../src/dht/record-book.ts'
import { createSpr } from '../../src/dht/spr.ts'
import { int, pick, runPromise, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DhtNetwork } from './dht-network.ts'
import { ScriptedNode } from './scripted-node.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Dht } from '../../src/dht/dht.ts'
import type { Body, Message, MessageOf } from '../../src/dht/messages.ts'
import type { SignedPeerRecord } from '../../src/dht/spr.ts'

const LIAR = { host: '192.0.2.66', port: 4000 }
const TCP = multiaddr('/ip4/203.0.113.3/tcp/1').bytes

describe('dht/asker', () => {
  let clock: VirtualClock
  let crypto: DhtCrypto
  let network: DhtNetwork
  let liar: ScriptedNode
  let dht: Dht

  /** A node that knows one other, which says what we like. */
  beforeEach(async () => {
    const random = seededRandom(3)
    clock = new VirtualClock()
    crypto = toyCrypto(random)
    network = new DhtNetwork({ clock, random, crypto })
    liar = new ScriptedNode({ crypto, clock, network: network.datagrams, endpoint: LIAR })
    dht = network.node([liar.contact])
    await runPromise(clock, dht.start())
    await clock.advance(3_000)
  })

  afterEach(async () => {
    await runPromise(clock, dht.stop())
    await clock.advance(1_000)
    expect(clock.pending).to.equal(0)
  })

  function provider (seq = 1n, privateKey = createPrivateKey(crypto)): SignedPeerRecord {
    return createSpr(crypto, { privateKey, seq, addresses: [TCP] })
  }

  async function find (records: Uint8Array[], contentId = crypto.randomBytes(32)): Promise<bigint[]> {
    liar.answer = ({ type }) => type === 'getProviders' ? [{ type: 'providers', total: 1, records }] : undefined
    const found = await runPromise(clock, Array.fromAsync(dht.findProviders(contentId)))

    return found.map(({ record }) => record.seq)
  }

  describe('about providers', () => {
    it('takes records that verify', async () => {
      expect(await find([provider(1n).bytes, provider(2n).bytes])).to.deep.equal([1n, 2n])
    })

    it('drops records that do not, and goes on', async () => {
      const forged = createSpr({ ...crypto, sign: () => new Uint8Array(71) }, { privateKey: createPrivateKey(crypto), seq: 9n, addresses: [TCP] })
      const ed25519 = provider(1n).bytes.map((byte, i) => i === 3 ? 1 : byte)

      expect(await find([forged.bytes, Uint8Array.of(1, 2), new Uint8Array(), ed25519, provider(7n).bytes])).to.deep.equal([7n])
    })

    it('drops records that are older than those it knows', async () => {
      const key = createPrivateKey(crypto)

      expect(await find([provider(5n, key).bytes, provider(4n, key).bytes])).to.deep.equal([5n])
      expect(await find([provider(3n, key).bytes])).to.deep.equal([5n])
      expect(await find([provider(6n, key).bytes])).to.deep.equal([6n])
    })

    it('gives a newer record of one that it gave', async () => {
      const key = createPrivateKey(crypto)

      expect(await find([provider(5n, key).bytes, provider(6n, key).bytes])).to.deep.equal([5n, 6n])
    })

    it('does not find itself', async () => {
      const own = dht.self.privateKey

      expect(await find([createSpr(crypto, { privateKey: own, seq: 2n ** 60n, addresses: [TCP] }).bytes])).to.deep.equal([])
    })

    it('looks at 32 of one answer', async () => {
      expect(await find(Array.from({ length: 60 }, (_, i) => provider(BigInt(i)).bytes))).to.have.lengthOf(32)
    })
  })

  describe('about nodes', () => {
    /** A record of a node of any key that is at one of the distances asked for, or not. */
    function near (question: MessageOf<'findNode'>, { asked = true, address = udpAddress({ host: '203.0.113.7', port: 1 }) } = {}): SignedPeerRecord {
      for (;;) {
        const record = createSpr(crypto, { privateKey: createPrivateKey(crypto), seq: 1n, addresses: [address] })
        const distance = logDistance(identify(crypto, record).id, liar.contact.id)

        if (question.distances.includes(distance) === asked) {
          return record
        }
      }
    }

    /** Keys of the nodes that are asked after the liar has answered. */
    async function askedAfter (answer: (question: MessageOf<'findNode'>) => SignedPeerRecord[]): Promise<string[]> {
      const asked = new Set<string>()
      let answered = false
      liar.answer = question => {
        if (question.type === 'findNode' && !answered && !question.distances.includes(0)) {
          answered = true

          return [{ type: 'nodes', total: 1, records: answer(question).map(({ bytes }) => bytes) }]
        }
      }
      network.datagrams.onDatagram = ({ to }) => {
        asked.add(to.host)

        return true
      }
      const target = crypto.randomBytes(32)
      // far away, so that most nodes are at the distances asked for
      target[0] = liar.contact.id[0] ^ 0x80
      await runPromise(clock, dht.lookup(target))
      network.datagrams.onDatagram = undefined

      return [...asked].filter(host => host !== LIAR.host && host !== '20.0.0.1')
    }

    it('asks those that are told of', async () => {
      expect(await askedAfter(question => [near(question)])).to.deep.equal(['203.0.113.7'])
    })

    it('does not ask those at other distances', async () => {
      expect(await askedAfter(question => [near(question, { asked: false })])).to.deep.equal([])
    })

    it('does not ask those without IPv4 and UDP, and those on private networks', async () => {
      const addresses = ['/ip4/203.0.113.7/udp/1/quic-v1', '/ip4/203.0.113.7/tcp/1', '/ip6/2001:db8::1/udp/1', '/ip4/10.0.0.1/udp/1', '/ip4/127.0.0.1/udp/1', '/ip4/224.0.0.1/udp/1']

      expect(await askedAfter(question => addresses.map(address => near(question, { address: multiaddr(address).bytes })))).to.deep.equal([])
    })

    it('does not ask those whose records do not verify', async () => {
      const forged = (question: MessageOf<'findNode'>): SignedPeerRecord => {
        const record = near(question)
        const at = Buffer.from(record.bytes).indexOf(record.signature)

        return { ...record, bytes: record.bytes.map((byte, i) => i === at + 1 ? byte ^ 1 : byte) }
      }

      expect(await askedAfter(question => [forged(question)])).to.deep.equal([])
    })

    it('does not ask itself, nor the same twice', async () => {
      expect(await askedAfter(() => [dht.self.record, liar.contact.record])).to.deep.equal([])
    })

    it('looks at 16 of one answer', async () => {
      const hosts = await askedAfter(question => Array.from({ length: 40 }, (_, i) => {
        return near(question, { address: udpAddress({ host: `203.0.${i}.7`, port: 1 }) })
      }))

      expect(hosts.length).to.be.within(10, 16)
    })
  })

  describe('in several messages', () => {
    async function told (parts: Body[]): Promise<{ ms: number, alive: boolean }> {
      liar.answer = ({ type }) => type === 'findNode' ? parts : undefined
      const before = clock.now()
      const { closest } = await runPromise(clock, dht.lookup(crypto.randomBytes(32)))

      return { ms: clock.now() - before, alive: closest.length === 1 }
    }

    const part: Body = { type: 'nodes', total: 3, records: [] }

    it('waits for all of them', async () => {
      expect((await told([part, part, part])).ms).to.be.below(100)
    })

    it('does not wait long for one that is lost', async () => {
      const { ms, alive } = await told([part, part])

      expect(ms).to.be.within(400, 500)
      expect(alive).to.equal(true)
    })

    it('does not wait for more than there can be', async () => {
      const { ms, alive } = await told(Array.from({ length: 20 }, (): Body => ({ type: 'nodes', total: 1_000_000, records: [] })))

      expect(ms).to.be.below(100)
      expect(alive).to.equal(true)
    })

    it('takes no other message for an answer', async () => {
      const { ms, alive } = await told([{ type: 'providers', total: 1, records: [] }, { type: 'pong', sprSeq: 1n, ip: new Uint8Array(4), port: 1 }])

      expect(ms).to.equal(1_600)
      expect(alive).to.equal(false)
    })
  })

  it('gets over anything that it is told', async () => {
    const random = seededRandom(9)
    liar.answerBytes = ({ requestId }) => Array.from({ length: 20 }, () => {
      const code = pick(random, [1, 2, 3, 4, 5, 6, 0x0b, 0x0c, 0x0d, 0x83, int(random, 0, 256)])
      const body = crypto.randomBytes(int(random, 0, 100))
      const fields = new FieldWriter().bytes(1, requestId).bytes(2, body).finish()

      return Uint8Array.of(code, ...random() < 0.5 ? fields : crypto.randomBytes(int(random, 0, 200)))
    })

    for (let i = 0; i < 50; i++) {
      await runPromise(clock, Array.fromAsync(dht.findProviders(crypto.randomBytes(32))))
    }

    expect(await runPromise(clock, dht.ping(liar.contact))).to.equal(true)
  })

  describe('whether it is there', () => {
    const pong = (sprSeq: bigint): Body => ({ type: 'pong', sprSeq, ip: Uint8Array.of(20, 0, 0, 1), port: 8090 })

    it('asks again when no answer comes, once, and gives up after 1.6 s', async () => {
      let pings = 0
      liar.answer = ({ type }) => {
        pings += type === 'ping' ? 1 : 0

        return []
      }
      const before = clock.now()

      expect(await runPromise(clock, dht.ping(liar.contact))).to.equal(false)
      expect(pings).to.equal(2)
      expect(clock.now() - before).to.equal(1_600)
    })

    it('fetches a newer record', async () => {
      const newer = createSpr(crypto, { privateKey: liar.privateKey, seq: 6n, addresses: [udpAddress(LIAR)] })
      liar.answer = (question: Message) => {
        if (question.type === 'ping') {
          return [pong(6n)]
        }

        return question.type === 'findNode' && question.distances.includes(0) ? [{ type: 'nodes', total: 1, records: [newer.bytes] }] : undefined
      }
      await runPromise(clock, dht.ping(liar.contact))

      expect(dht.table.closest(dht.id, 1)[0].record.seq).to.equal(6n)
    })

    it('takes no record of another for a newer one', async () => {
      liar.answer = (question: Message) => {
        return question.type === 'ping' ? [pong(6n)] : [{ type: 'nodes', total: 1, records: [provider(6n).bytes] }]
      }
      await runPromise(clock, dht.ping(liar.contact))

      expect(dht.table.closest(dht.id, 1)[0].record.seq).to.equal(5n)
    })

    it('believes that a node has moved when it answers there', async () => {
      const there = { host: '203.0.113.50', port: 5_000 }
      const newer = createSpr(crypto, { privateKey: liar.privateKey, seq: 6n, addresses: [udpAddress(there)] })
      liar.answer = (question: Message) => {
        if (question.type === 'ping') {
          return [pong(6n)]
        }

        return [{ type: 'nodes', total: 1, records: [newer.bytes] }]
      }
      await runPromise(clock, dht.ping(liar.contact))

      expect(dht.table.closest(dht.id, 1)[0].endpoint).to.deep.equal(LIAR)
    })
  })
})
