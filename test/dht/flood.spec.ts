import { expect } from 'aegir/chai'
import { endpointKey } from '../../src/dht/endpoint.ts'
import { encodePacket, HANDSHAKE, maskKey, MESSAGE, WHOAREYOU } from '../../src/dht/packet.ts'
import { int, pick, runPromise, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DhtNetwork } from './dht-network.ts'
import { ScriptedNode } from './scripted-node.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { AesKey, DhtCrypto } from '../../src/dht/crypto.ts'
import type { Dht } from '../../src/dht/dht.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Random } from '../../src/interfaces.ts'

const PACKETS_A_SECOND = 20_000
const SECONDS = 1

describe('dht under a flood', function () {
  this.timeout(60_000)

  let clock: VirtualClock
  let random: Random
  let crypto: DhtCrypto
  let network: DhtNetwork
  let nodes: Dht[]
  let victim: Contact
  let mask: AesKey
  let flooding: boolean

  beforeEach(async () => {
    clock = new VirtualClock()
    random = seededRandom(5)
    crypto = toyCrypto(random)
    network = new DhtNetwork({ clock, random, crypto })
    nodes = await runPromise(clock, network.start(12))
    await clock.advance(10_000)
    victim = network.contactOf(nodes[0])
    mask = maskKey(crypto, victim.id)
  })

  afterEach(async () => {
    flooding = false
    await clock.advance(100)
    await runPromise(clock, Promise.all(nodes.map(async node => node.stop())))
    await clock.advance(1_000)
    expect(clock.pending).to.equal(0)
  })

  function anywhere (): Endpoint {
    return { host: `${int(random, 120, 200)}.${int(random, 0, 256)}.${int(random, 0, 256)}.${int(random, 0, 256)}`, port: int(random, 1, 65_536) }
  }

  function packet (flag: number, authdata: Uint8Array, sealed: number): Uint8Array {
    const bytes = crypto.randomBytes(28 + sealed)

    return encodePacket({ flag, iv: bytes.subarray(0, 16), nonce: bytes.subarray(16, 28), authdata, seal: () => bytes.subarray(28) }, mask).datagram
  }

  /** What costs most to be rid of, from those that may say anything of where they are. */
  const kinds: Record<string, () => { bytes: Uint8Array, from: Endpoint }> = {
    garbage: () => ({ bytes: crypto.randomBytes(int(random, 0, 1_300)), from: anywhere() }),
    'messages of strangers': () => ({ bytes: packet(MESSAGE, crypto.randomBytes(32), 20), from: anywhere() }),
    'messages of one network': () => ({ bytes: packet(MESSAGE, crypto.randomBytes(32), 20), from: { host: `192.0.2.${int(random, 0, 256)}`, port: 1 } }),
    'messages in the name of its nodes': () => {
      const { id, endpoint } = network.contactOf(pick(random, nodes.slice(1)))

      return { bytes: packet(MESSAGE, id, 20), from: endpoint }
    },
    challenges: () => ({ bytes: packet(WHOAREYOU, crypto.randomBytes(24), 0), from: network.contactOf(pick(random, nodes.slice(1))).endpoint }),
    handshakes: () => ({ bytes: packet(HANDSHAKE, crypto.randomBytes(320), 60), from: anywhere() })
  }

  /** Lets it rain until `flooding` is false, a hundredth of a second at a time. */
  function flood (make: () => { bytes: Uint8Array, from: Endpoint }): void {
    flooding = true
    const rain = (): void => {
      for (let i = 0; i < PACKETS_A_SECOND / 100; i++) {
        const { bytes, from } = make()
        nodes[0].receive(bytes, from)
      }

      if (flooding) {
        clock.setTimeout(rain, 10)
      }
    }
    rain()
  }

  /** That what others announce is found, and what it announces. */
  async function expectUsable (): Promise<void> {
    for (const [provider, asker] of [[nodes[5], nodes[0]], [nodes[0], nodes[7]]]) {
      const contentId = crypto.randomBytes(32)
      expect(await runPromise(clock, provider.announce(contentId))).to.be.above(8)
      const found = await runPromise(clock, Array.fromAsync(asker.findProviders(contentId)))
      expect(found).to.have.lengthOf(1)
    }
  }

  async function expectUnmoved (make: () => { bytes: Uint8Array, from: Endpoint }): Promise<void> {
    /** Bytes that came from an address, less those that went there. */
    const balance = new Map<string, number>()
    const known = new Set(nodes.map(node => endpointKey(network.contactOf(node).endpoint)))
    network.datagrams.onDatagram = ({ from, to, bytes }) => {
      if (from.host === victim.endpoint.host && !known.has(endpointKey(to))) {
        const left = (balance.get(endpointKey(to)) ?? 0) - bytes.length
        balance.set(endpointKey(to), left)
        expect(left).to.be.at.least(0)
      }

      return true
    }
    flood(() => {
      const datagram = make()
      const key = endpointKey(datagram.from)
      balance.set(key, (balance.get(key) ?? 0) + datagram.bytes.length)

      return datagram
    })
    const before = nodes[0].stats()

    for (let second = 0; second < SECONDS; second++) {
      await clock.advance(1_000)
      const { challenges, sessions, nodes: known, waiting, nonces, knocks, records } = nodes[0].stats()
      expect(challenges).to.be.at.most(1_000)
      expect(sessions).to.be.at.most(before.sessions + 12)
      expect(known).to.equal(11)
      expect([waiting, nonces, knocks].every(size => size < 50)).to.equal(true)
      expect(records).to.equal(before.records)
    }

    await expectUsable()
    expect(nodes[0].stats().challenged - before.challenged).to.be.below(1_100 * (clock.now() / 1_000))
  }

  for (const [name, make] of Object.entries(kinds)) {
    it(`of ${name} goes on finding, and answers no more than it got`, async () => { await expectUnmoved(make) })
  }

  it('of handshakes that are right looks at so many a second', async () => {
    const strangers = Array.from({ length: 1_000 }, (_, i) => new ScriptedNode({
      crypto, clock, network: network.datagrams, endpoint: { host: `192.0.${i >> 8}.${i & 0xff}`, port: 1 }
    }))
    const before = nodes[0].stats()
    strangers.forEach(stranger => { stranger.ask(victim, { type: 'ping', sprSeq: 0n }) })
    await clock.advance(1_000)
    const { admitted, nodes: known } = nodes[0].stats()

    // four networks of 50 a second
    expect(admitted - before.admitted).to.be.within(190, 400)
    // ten of a /24
    expect(known).to.be.at.most(11 + 4 * 10)
    await expectUsable()
  })

  it('of announcements keeps so many, and lets nobody push out those of others', async () => {
    const [honest, greedy] = [1, 2].map(i => new ScriptedNode({ crypto, clock, network: network.datagrams, endpoint: { host: `192.0.${i}.1`, port: 1 } }))
    const record = ({ contact }: ScriptedNode): Uint8Array => contact.record.bytes
    const contentId = crypto.randomBytes(32)
    honest.ask(victim, { type: 'addProvider', contentId, record: record(honest) })
    greedy.ask(victim, { type: 'ping', sprSeq: 0n })
    await clock.advance(500)

    for (let second = 0; second < 5; second++) {
      for (let i = 0; i < 5_000; i++) {
        greedy.ask(victim, { type: 'addProvider', contentId: crypto.randomBytes(32), record: record(greedy) })
      }

      await clock.advance(1_000)
    }

    expect(nodes[0].stats().providers).to.be.below(3_000)
    const found = await runPromise(clock, Array.fromAsync(nodes[3].findProviders(contentId)))
    expect(found.map(({ record }) => Buffer.from(record.publicKey).toString('hex'))).to.deep.equal([Buffer.from(honest.contact.record.publicKey).toString('hex')])
  })
})
