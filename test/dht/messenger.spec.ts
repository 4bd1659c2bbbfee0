import { expect } from 'aegir/chai'
import { loadCrypto } from '../../src/dht/node-crypto.ts'
import { seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { DatagramNetwork } from './datagram-network.ts'
import { MessengerParty } from './messenger-party.ts'
import { seededCrypto } from './toy-crypto.ts'
import type { PartyInit } from './messenger-party.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'

const FLAGS = ['message', 'whoareyou', 'handshake']

describe('dht/messenger', () => {
  let crypto: DhtCrypto
  let clock: VirtualClock
  let network: DatagramNetwork
  let a: MessengerParty
  let b: MessengerParty
  /** `a message 91` for each datagram: who sent it, what it is, and its size. */
  let trace: string[]
  let sizes: number[]
  /** Numbers of the datagrams that are lost. */
  let lost: Set<number>

  async function party (n: number, init: Partial<PartyInit> = {}): Promise<MessengerParty> {
    const endpoint: Endpoint = { host: `198.51.100.${n}`, port: 9000 }

    return new MessengerParty({ crypto, clock, network, endpoint, ...init }).open()
  }

  /** Forgets what was sent and said so far. */
  function reset (): void {
    trace = []
    sizes = []
    a.messages.splice(0)
    b.messages.splice(0)
  }

  async function meet (seed: number): Promise<void> {
    clock = new VirtualClock()
    network = new DatagramNetwork({ clock, random: seededRandom(seed), latency: 20 })
    crypto = seededCrypto(await loadCrypto(), seededRandom(seed))
    a = await party(1)
    b = await party(2)
    lost = new Set()
    reset()
    network.onDatagram = ({ from, bytes }) => {
      const [name, to] = from.host === a.endpoint.host ? ['a', b] : ['b', a]
      trace.push(`${name} ${FLAGS[to.read(bytes)?.flag ?? 3]}`)
      sizes.push(bytes.length)

      return !lost.has(trace.length - 1)
    }
  }

  beforeEach(async () => { await meet(1) })

  it('makes a session with the first question, and uses it for all others', async () => {
    a.ask(b, 'one')
    await clock.advance(200)

    expect(trace).to.deep.equal(['a message', 'b whoareyou', 'a handshake'])
    expect(b.messages).to.deep.equal(['one'])

    a.ask(b, 'two')
    b.messenger.answer(b.sessions[0], Buffer.from('answer'))
    await clock.advance(200)

    expect(trace.slice(3)).to.deep.equal(['a message', 'b message'])
    expect(b.messages).to.deep.equal(['one', 'two'])
    expect(a.messages).to.deep.equal(['answer'])
    expect(a.sessions[0]).to.deep.include({ key: b.contact.key, endpoint: b.endpoint })
  })

  it('answers an address that has proven nothing with less than came from it', async () => {
    a.ask(b, 'one')
    await clock.advance(200)

    expect(sizes[1]).to.equal(63)
    expect(sizes[0]).to.be.above(sizes[1])
  })

  it('lets both begin: either asks the other who it is', async () => {
    b.ask(a, 'one')
    await clock.advance(200)

    expect(trace).to.deep.equal(['b message', 'a whoareyou', 'b handshake'])
    expect(a.messages).to.deep.equal(['one'])

    a.ask(b, 'two')
    await clock.advance(200)
    expect(trace.slice(3)).to.deep.equal(['a message'])
    expect(b.messages).to.deep.equal(['two'])
  })

  it('sends what was asked meanwhile when the session is there', async () => {
    const texts = ['one', 'two', 'three', 'four']
    const asked = texts.map(text => a.ask(b, text))
    expect(trace).to.deep.equal(['a message'])
    await clock.advance(600)

    expect(trace.slice(0, 6)).to.deep.equal(['a message', 'b whoareyou', 'a handshake', 'a message', 'a message', 'a message'])

    // what overtook the handshake is asked again, as a question would be
    asked.filter((_, i) => !b.messages.includes(texts[i])).forEach(outgoing => { a.messenger.ask(outgoing) })
    await clock.advance(200)
    expect(b.messages).to.have.members(texts)
  })

  async function cross (seed: number): Promise<void> {
    await meet(seed)
    const asked = [a.ask(b, 'from a'), b.ask(a, 'from b')]
    await clock.advance(600)
    // a message that overtook the handshake of its session is asked again, as its question would
    asked.forEach(outgoing => { (outgoing.contact.key === b.contact.key ? a : b).messenger.ask(outgoing) })
    await clock.advance(600)

    expect(a.messages).to.include('from b')
    expect(b.messages).to.include('from a')

    reset()
    a.ask(b, 'later from a')
    b.ask(a, 'later from b')
    await clock.advance(600)

    expect(trace.toSorted()).to.deep.equal(['a message', 'b message'])
    expect(a.messages).to.deep.equal(['later from b'])
    expect(b.messages).to.deep.equal(['later from a'])
  }

  for (let seed = 1; seed <= 20; seed++) {
    it(`understands both when handshakes cross, whichever comes first (${seed})`, async () => { await cross(seed) })
  }

  it('begins anew when the other has lost the session', async () => {
    a.ask(b, 'one')
    await clock.advance(600)
    b.messenger.clear()
    reset()
    a.ask(b, 'two')
    await clock.advance(600)

    expect(trace).to.deep.equal(['a message', 'b whoareyou', 'a handshake'])
    expect(b.messages).to.deep.equal(['two'])
  })

  it('begins anew when it has lost the session itself', async () => {
    a.ask(b, 'one')
    await clock.advance(600)
    a.messenger.clear()
    reset()
    a.ask(b, 'two')
    b.ask(a, 'three')
    await clock.advance(600)

    expect(b.messages).to.deep.equal(['two'])
    expect(a.messages).to.include('three')
  })

  it('says who are you once in 500 ms to one node at one place', async () => {
    lost.add(1)
    const outgoing = a.ask(b, 'one')
    await clock.advance(100)
    a.messenger.clear()
    a.messenger.ask(outgoing)
    await clock.advance(300)
    expect(trace).to.deep.equal(['a message', 'b whoareyou', 'a message'])

    await clock.advance(200)
    a.messenger.ask(outgoing)
    await clock.advance(200)
    expect(trace.slice(3)).to.deep.equal(['a message', 'b whoareyou', 'a handshake'])
    expect(b.messages).to.deep.equal(['one'])
  })

  it('gets over a handshake that is lost', async () => {
    lost.add(2)
    const outgoing = a.ask(b, 'one')
    await clock.advance(600)
    expect(b.messages).to.deep.equal([])

    a.messenger.ask(outgoing)
    await clock.advance(200)
    expect(b.messages).to.deep.equal(['one'])
  })

  it('answers no challenge for a question that is settled', async () => {
    const outgoing = a.ask(b, 'one')
    a.messenger.settle(outgoing)
    await clock.advance(200)

    expect(trace).to.deep.equal(['a message', 'b whoareyou'])
    expect(a.messenger.pending).to.deep.equal({ challenges: 0, nonces: 0, knocks: 0 })
  })

  it('answers no challenge from elsewhere, and none twice', async () => {
    let challenge: Uint8Array | undefined
    network.onDatagram = ({ from, bytes }) => {
      challenge ??= from.host === b.endpoint.host ? bytes : undefined

      return from.host !== b.endpoint.host
    }
    a.ask(b, 'one')
    await clock.advance(100)
    expect(challenge?.length).to.equal(63)

    network.onDatagram = undefined
    const before = network.sent
    a.messenger.receive(challenge ?? new Uint8Array(), { host: '203.0.113.9', port: 9000 })
    a.messenger.receive(challenge ?? new Uint8Array(), { ...b.endpoint, port: 9001 })
    expect(network.sent).to.equal(before)

    a.messenger.receive(challenge ?? new Uint8Array(), b.endpoint)
    a.messenger.receive(challenge ?? new Uint8Array(), b.endpoint)
    expect(network.sent).to.equal(before + 1)
  })

  it('is led to two handshakes by a question at most', async () => {
    network.onDatagram = undefined
    const outgoing = a.ask(b, 'one')

    for (let i = 0; i < 5; i++) {
      await clock.advance(600)
      b.messenger.clear()
      a.messenger.ask(outgoing)
    }

    await clock.advance(600)
    expect(a.messenger.counters.answered).to.equal(2)
  })

  it('sends its record only where an older one is known', async () => {
    a.ask(b, 'one')
    await clock.advance(600)
    expect(b.records.get(a.contact.key)?.record.seq).to.equal(1n)

    b.messenger.clear()
    a.ask(b, 'two')
    await clock.advance(600)
    a.renew(2n)
    b.messenger.clear()
    a.ask(b, 'three')
    await clock.advance(600)

    const handshakes = sizes.filter((_, i) => trace[i] === 'a handshake')
    expect(handshakes[0] - handshakes[1]).to.be.within(170, 190)
    expect(handshakes[2] - handshakes[1]).to.be.within(170, 190)
    expect(b.records.get(a.contact.key)?.record.seq).to.equal(2n)
    expect(b.messages).to.deep.equal(['one', 'two', 'three'])
  })

  it('brings a new record with a new session, and answers in the old one until then', async () => {
    b.ask(a, 'one')
    await clock.advance(600)
    a.renew(2n)
    a.messenger.sessions.renewAll()
    a.messenger.answer(a.sessions[0], Buffer.from('answer'))
    await clock.advance(100)
    expect(b.messages).to.deep.equal(['answer'])

    reset()
    a.ask(b, 'two')
    await clock.advance(600)
    expect(trace).to.deep.equal(['a message', 'b whoareyou', 'a handshake'])
    expect(b.records.get(a.contact.key)?.record.seq).to.equal(2n)

    reset()
    a.ask(b, 'three')
    await clock.advance(600)
    expect(trace).to.deep.equal(['a message'])
  })

  it('tells where a node is proven to be only if its record says the same', async () => {
    const liar = await party(3, { claims: { host: '203.0.113.9', port: 9000 } })
    a.ask(b, 'one')
    liar.ask(b, 'two')
    await clock.advance(600)

    expect(b.proven.map(({ key }) => key)).to.deep.equal([a.contact.key])
  })

  it('keeps so many sessions, and those that it began apart', async () => {
    const few = await party(4, { limits: { sessions: 3 } })
    few.ask(a, 'one')
    await clock.advance(600)

    for (let n = 10; n < 20; n++) {
      (await party(n)).ask(few, 'two')
      await clock.advance(100)
    }

    expect(few.messages).to.have.lengthOf(10)
    expect(few.messenger.sessions.size).to.equal(4)
    few.ask(a, 'three')
    await clock.advance(100)
    expect(a.messages).to.deep.equal(['one', 'three'])
    expect(few.messenger.counters.answered).to.equal(1)
  })
})
