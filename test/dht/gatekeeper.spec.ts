import { expect } from 'aegir/chai'
import { createPrivateKey } from '../../src/dht/crypto.ts'
import { decodeChallenge, deriveKeys, encodeHandshake, proofDigest } from '../../src/dht/handshake.ts'
import { loadCrypto } from '../../src/dht/node-crypto.ts'
import { encodePacket, HANDSHAKE, maskKey, MESSAGE } from '../../src/dht/packet.ts'
import { createSpr, encodePublicKey } from '../../src/dht/spr.ts'
import { seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DatagramNetwork } from './datagram-network.ts'
import { MessengerParty } from './messenger-party.ts'
import { seededCrypto } from './toy-crypto.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'
import type { DhtLimits } from '../../src/dht/limits.ts'

interface Forgery {
  /** Signs with it instead of the asker's key. */
  privateKey?: Uint8Array
  /** Sent in place of the asker's record; none when it is empty. */
  record?: Uint8Array
  ephemeralKey?: Uint8Array
  sourceId?: Uint8Array
  /** Instead of the agreed key. */
  key?: Uint8Array
}

describe('dht/gatekeeper', () => {
  let crypto: DhtCrypto
  let clock: VirtualClock
  let network: DatagramNetwork
  /** Costly operations of the gate. */
  let costs: { verify: number, sharedPoint: number }
  let gate: MessengerParty
  let asker: MessengerParty

  async function open (limits: Partial<DhtLimits> = {}): Promise<void> {
    const real = seededCrypto(await loadCrypto(), seededRandom(1))
    costs = { verify: 0, sharedPoint: 0 }
    crypto = real
    clock = new VirtualClock()
    network = new DatagramNetwork({ clock, random: seededRandom(1) })
    gate = await new MessengerParty({
      crypto: {
        ...real,
        verify: (...args) => { costs.verify++; return real.verify(...args) },
        sharedPoint: (...args) => { costs.sharedPoint++; return real.sharedPoint(...args) }
      },
      clock,
      network,
      limits,
      endpoint: { host: '198.51.100.1', port: 9000 }
    }).open()
    asker = new MessengerParty({ crypto, clock, network, endpoint: { host: '198.51.100.2', port: 9000 } })
  }

  /** What the gate answers at once. */
  function receive (datagram: Uint8Array, from: Endpoint = asker.endpoint): Uint8Array | undefined {
    let answer: Uint8Array | undefined
    network.onDatagram = ({ bytes }) => {
      answer = bytes

      return false
    }
    gate.messenger.receive(datagram, from)

    return answer
  }

  function knock (id = asker.contact.id): Uint8Array {
    return encodePacket({
      flag: MESSAGE, iv: crypto.randomBytes(16), nonce: crypto.randomBytes(12), authdata: id, seal: () => crypto.randomBytes(20)
    }, maskKey(crypto, gate.contact.id)).datagram
  }

  /** A handshake that answers a challenge, as it should be but for what is forged. */
  function handshake (challenge: Uint8Array | undefined, { privateKey, record, ephemeralKey, sourceId, key }: Forgery = {}): Uint8Array {
    const data = asker.read(challenge ?? new Uint8Array())?.header ?? new Uint8Array()
    const ephemeral = createPrivateKey(crypto)
    const keyBytes = ephemeralKey ?? encodePublicKey(crypto.publicKey(ephemeral))
    const sharedPoint = crypto.sharedPoint(ephemeral, gate.contact.record.publicKey) ?? new Uint8Array()
    const { initiator } = deriveKeys(crypto, { sharedPoint, challengeData: data, initiatorId: asker.contact.id, recipientId: gate.contact.id })
    const bytes = record ?? asker.contact.record.bytes

    return encodePacket({
      flag: HANDSHAKE,
      iv: crypto.randomBytes(16),
      nonce: new Uint8Array(12),
      authdata: encodeHandshake({
        sourceId: sourceId ?? asker.contact.id,
        signature: crypto.sign(proofDigest(crypto, data, keyBytes, gate.contact.id), privateKey ?? asker.privateKey),
        ephemeralKey: keyBytes,
        record: bytes.length === 0 ? undefined : bytes
      }),
      seal: header => crypto.aesKey(key ?? initiator).seal(new Uint8Array(12), Buffer.from('hello'), header)
    }, maskKey(crypto, gate.contact.id)).datagram
  }

  beforeEach(async () => { await open() })

  it('lets in who answers rightly', () => {
    receive(handshake(receive(knock())))

    expect(gate.messages).to.deep.equal(['hello'])
    expect(gate.proven.map(({ key }) => key)).to.deep.equal([asker.contact.key])
    expect(costs).to.deep.equal({ verify: 2, sharedPoint: 1 })
  })

  it('looks at nothing that answers no challenge', () => {
    receive(handshake(undefined))
    receive(handshake(receive(knock())), { ...asker.endpoint, port: 9001 })

    expect(gate.messages).to.deep.equal([])
    expect(costs).to.deep.equal({ verify: 0, sharedPoint: 0 })
  })

  it('looks at nothing that comes after 500 ms', async () => {
    const late = handshake(receive(knock()))
    await clock.advance(500)
    receive(late)

    expect(gate.messages).to.deep.equal([])
    expect(costs).to.deep.equal({ verify: 0, sharedPoint: 0 })
  })

  it('agrees on no key before the signature is right', () => {
    receive(handshake(receive(knock()), { privateKey: createPrivateKey(crypto) }))

    expect(gate.messages).to.deep.equal([])
    expect(costs).to.deep.equal({ verify: 1, sharedPoint: 0 })
  })

  it('is not kept by a forged handshake from letting in the right one', () => {
    const challenge = receive(knock())
    receive(handshake(challenge, { privateKey: createPrivateKey(crypto) }))
    receive(handshake(challenge))

    expect(gate.messages).to.deep.equal(['hello'])
  })

  it('looks at two handshakes a challenge, and lets in one', () => {
    const challenge = receive(knock())
    const forged = Array.from({ length: 5 }, () => handshake(challenge, { privateKey: createPrivateKey(crypto) }))
    forged.forEach(datagram => { receive(datagram) })
    receive(handshake(challenge))

    expect(gate.messages).to.deep.equal([])
    expect(costs).to.deep.equal({ verify: 2, sharedPoint: 0 })
  })

  it('lets the same handshake in once', () => {
    const right = handshake(receive(knock()))
    receive(right)
    receive(right)

    expect(gate.messages).to.deep.equal(['hello'])
  })

  const forgeries: Array<[string, () => Forgery, { verify: number, sharedPoint: number }]> = [
    ['without a record that it has not', () => ({ record: new Uint8Array() }), { verify: 0, sharedPoint: 0 }],
    ['with a record of another', () => ({ record: gate.contact.record.bytes }), { verify: 0, sharedPoint: 0 }],
    ['with a record that is none', () => ({ record: Uint8Array.of(1, 2, 3) }), { verify: 0, sharedPoint: 0 }],
    ['with a record that is not signed', () => {
      const { bytes, payload, signature } = createSpr(crypto, { privateKey: asker.privateKey, seq: 9n, addresses: [] })
      const at = Buffer.from(bytes).indexOf(signature)

      return { record: bytes.map((byte, i) => i === at + signature.length - 1 || payload.length === 0 ? byte ^ 1 : byte) }
    }, { verify: 2, sharedPoint: 0 }],
    ['from another id than its record has', () => ({ sourceId: gate.contact.id }), { verify: 0, sharedPoint: 0 }],
    ['with an ephemeral key that is none', () => ({ ephemeralKey: new Uint8Array(37) }), { verify: 2, sharedPoint: 0 }],
    ['with an ephemeral key that is no point', () => ({ ephemeralKey: encodePublicKey(new Uint8Array(33)) }), { verify: 2, sharedPoint: 1 }],
    ['sealed with another key', () => ({ key: new Uint8Array(16) }), { verify: 2, sharedPoint: 1 }]
  ]

  function expectRefused (forgery: Forgery, expected: typeof costs): void {
    receive(handshake(receive(knock()), forgery))

    expect(gate.messages).to.deep.equal([])
    expect(gate.messenger.sessions.size).to.equal(0)
    expect(costs).to.deep.equal(expected)
  }

  for (const [what, forge, expected] of forgeries) {
    it(`refuses a handshake ${what}`, () => { expectRefused(forge(), expected) })
  }

  it('takes the record that it knows when none is sent', async () => {
    receive(handshake(receive(knock())))
    gate.messenger.clear()
    await clock.advance(1_000)
    const challenge = receive(knock())

    expect(decodeChallenge(asker.read(challenge ?? new Uint8Array())?.authdata ?? new Uint8Array(24)).recordSeq).to.equal(1n)

    receive(handshake(challenge, { record: new Uint8Array() }))
    expect(gate.messages).to.deep.equal(['hello', 'hello'])
    expect(costs).to.deep.equal({ verify: 3, sharedPoint: 2 })
  })

  it('asks so many a second who they are, and so many of one network', async () => {
    await open({ challenges: { total: 100, network: 10 }, reservedHandshakes: { total: 5, network: 5 } })
    let asked = 0

    for (let i = 0; i < 2_000; i++) {
      // 20 networks, then many
      const host = i < 1_000 ? `203.0.${i % 20}.${Math.floor(i / 20)}` : `203.${i % 250}.${Math.floor(i / 250)}.1`
      asked += receive(knock(crypto.randomBytes(32)), { host, port: 9000 }) == null ? 0 : 1
    }

    expect(asked).to.equal(100)
    await clock.advance(500)
    expect(receive(knock(crypto.randomBytes(32)), { host: '203.0.113.7', port: 9000 })).to.not.equal(undefined)
    expect(gate.messenger.pending.challenges).to.equal(1)

    await clock.advance(10_000)
    const network = Array.from({ length: 50 }, (_, i) => receive(knock(crypto.randomBytes(32)), { host: `203.0.113.${i}`, port: 9000 }))
    expect(network.filter(answer => answer != null)).to.have.lengthOf(10)
  })

  it('has something left for the nodes that it knows', async () => {
    await open({ challenges: { total: 20, network: 20 } })

    for (let i = 0; i < 100; i++) {
      receive(knock(crypto.randomBytes(32)), { host: `203.0.113.${i}`, port: 9000 })
    }

    expect(receive(knock())).to.equal(undefined)
    gate.known.add(asker.contact.key)
    receive(handshake(receive(knock())))
    expect(gate.messages).to.deep.equal(['hello'])
  })

  it('looks at so many handshakes a second, and at those of nodes that it knows besides', async () => {
    await open({ handshakes: { total: 3, network: 2 } })
    const tries = (count: number): number => {
      const before = costs.verify

      for (let i = 0; i < count; i++) {
        const endpoint = { ...asker.endpoint, port: 10_000 + Math.floor(i / 2) + before * 100 }
        const challenge = receive(knock(), endpoint)
        receive(handshake(challenge, { privateKey: createPrivateKey(crypto) }), endpoint)
      }

      return costs.verify - before
    }

    expect(tries(10)).to.equal(2)
    gate.known.add(asker.contact.key)
    expect(tries(10)).to.equal(10)
  })
})
