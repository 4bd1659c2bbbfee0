import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { OwnAddress } from '../../src/dht/own-address.ts'
import { Self } from '../../src/dht/self.ts'
import { verifySpr } from '../../src/dht/spr.ts'
import { seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { SignedPeerRecord } from '../../src/dht/spr.ts'

const crypto = toyCrypto(seededRandom(1))
const PUBLIC = { host: '203.0.113.5', port: 7000 }
const OTHER = { host: '203.0.113.6', port: 7000 }

function texts ({ addresses }: SignedPeerRecord): string[] {
  return addresses.map(address => multiaddr(address).toString())
}

describe('dht/own-address', () => {
  let clock: VirtualClock
  let own: OwnAddress

  beforeEach(() => {
    clock = new VirtualClock()
    own = new OwnAddress(clock)
  })

  it('is what the only node says, until others know better', () => {
    own.vote('a', { host: '198.51.100.1', port: 1 }, OTHER)
    expect(own.endpoint).to.deep.equal(OTHER)

    own.vote('b', { host: '198.51.101.1', port: 1 }, PUBLIC)
    expect(own.endpoint).to.deep.equal(OTHER)

    own.vote('c', { host: '198.51.102.1', port: 1 }, PUBLIC)
    expect(own.endpoint).to.deep.equal(PUBLIC)
  })

  it('gives one network one vote, and one node one', () => {
    own.vote('a', { host: '198.51.100.1', port: 1 }, PUBLIC)
    own.vote('b', { host: '198.51.101.1', port: 1 }, PUBLIC)

    for (let i = 0; i < 60; i++) {
      own.vote(`liar ${i}`, { host: `192.0.2.${i}`, port: 1 }, OTHER)
      own.vote('c', { host: '198.51.102.1', port: 1 }, OTHER)
    }

    expect(own.endpoint).to.deep.equal(PUBLIC)
  })

  it('forgets what was said ten minutes ago', async () => {
    own.vote('a', { host: '198.51.100.1', port: 1 }, PUBLIC)
    own.vote('b', { host: '198.51.101.1', port: 1 }, PUBLIC)
    await clock.advance(10 * 60_000)
    own.vote('c', { host: '198.51.102.1', port: 1 }, OTHER)

    expect(own.endpoint).to.deep.equal(OTHER)
  })

  it('does not believe that it is somewhere that the other cannot see', () => {
    own.vote('a', { host: '198.51.100.1', port: 1 }, { host: '10.0.0.1', port: 7000 })
    own.vote('a', { host: '10.0.0.2', port: 1 }, { host: '127.0.0.1', port: 7000 })
    own.vote('a', { host: '198.51.100.1', port: 1 }, { host: '203.0.113.5', port: 0 })
    own.vote('a', { host: '198.51.100.1', port: 1 }, { host: '0.0.0.0', port: 1 })

    expect(own.endpoint).to.equal(undefined)
  })
})

describe('dht/self', () => {
  let clock: VirtualClock
  let now: number
  let addresses: string[]
  let self: Self

  beforeEach(() => {
    clock = new VirtualClock()
    now = 1_800_000_000_000
    addresses = []
    self = new Self({
      crypto,
      clock,
      privateKey: new Uint8Array(32).fill(1),
      unixTime: () => now,
      addresses: () => addresses.map(address => multiaddr(address))
    })
  })

  function vote (endpoint = PUBLIC): boolean {
    self.vote('a', { host: '198.51.100.1', port: 1 }, endpoint)

    return self.refresh()
  }

  it('is where its socket is, where that is known', () => {
    self.bind({ host: '127.0.0.1', port: 9000 })

    expect(texts(self.record)).to.deep.equal(['/ip4/127.0.0.1/udp/9000'])
    expect(verifySpr(crypto, self.record)).to.equal(true)
    expect(self.isPrivate).to.equal(true)
  })

  it('is at the best of the addresses that it listens on when the socket is everywhere', () => {
    addresses = ['/ip4/127.0.0.1/tcp/1', '/ip6/2001:db8::1/tcp/1', '/ip4/10.0.0.9/tcp/1']
    self.bind({ host: '0.0.0.0', port: 9000 })
    expect(texts(self.record)).to.deep.equal(['/ip4/10.0.0.9/udp/9000'])

    addresses.push('/ip4/203.0.113.9/tcp/1')
    expect(self.refresh()).to.equal(true)
    expect(texts(self.record)).to.deep.equal(['/ip4/203.0.113.9/udp/9000'])
  })

  it('is where others see it when it has no public address', () => {
    addresses = ['/ip4/10.0.0.9/tcp/1']
    self.bind({ host: '0.0.0.0', port: 9000 })

    expect(vote()).to.equal(true)
    expect(texts(self.record)).to.deep.equal(['/ip4/203.0.113.5/udp/7000'])
    expect(vote()).to.equal(false)
    expect(self.isPrivate).to.equal(false)

    addresses = ['/ip4/203.0.113.9/tcp/1']
    expect(self.refresh()).to.equal(true)
    expect(texts(self.record)).to.deep.equal(['/ip4/203.0.113.9/udp/9000'])
  })

  it('has no address before it knows one', () => {
    self.bind({ host: '0.0.0.0', port: 9000 })

    expect(texts(self.record)).to.deep.equal([])
    expect(vote()).to.equal(true)
    expect(texts(self.record)).to.deep.equal(['/ip4/203.0.113.5/udp/7000'])
  })

  it('counts its record up by one from the seconds of its making', () => {
    expect(self.record.seq).to.equal(1_800_000_000n)
    self.bind({ host: '127.0.0.1', port: 9000 })
    expect(self.record.seq).to.equal(1_800_000_001n)
    now += 60_000
    vote()
    expect(self.record.seq).to.equal(1_800_000_002n)
    vote()
    expect(self.record.seq).to.equal(1_800_000_002n)
    vote(OTHER)
    expect(self.record.seq).to.equal(1_800_000_003n)
  })

  it('announces its public addresses, without the peer id, and nothing that the network cannot use', () => {
    addresses = [
      '/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.9/tcp/1', '/ip4/203.0.113.9/tcp/1/p2p/16Uiu2HAkutD5WSZnvrynBNGg7jeDmedCU6qCUcPbGYqwNm9Ju9xp',
      '/ip4/203.0.113.9/tcp/1', '/ip6/2001:db8::1/tcp/2', '/ip4/203.0.113.9/tcp/3/ws', '/dns4/example.org/tcp/4'
    ]

    expect(texts(self.providerRecord)).to.deep.equal(['/ip4/203.0.113.9/tcp/1', '/ip6/2001:db8::1/tcp/2'])
  })

  it('announces where others see it when its own addresses are private', () => {
    addresses = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.9/tcp/1']
    self.bind({ host: '0.0.0.0', port: 9000 })
    expect(texts(self.providerRecord)).to.deep.equal(['/ip4/10.0.0.9/tcp/1'])

    vote()
    expect(texts(self.providerRecord)).to.deep.equal(['/ip4/203.0.113.5/tcp/1'])
  })

  it('announces loopback too where others see it there', () => {
    addresses = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.9/tcp/1']
    self.bind({ host: '0.0.0.0', port: 9000 })
    self.vote('a', { host: '127.0.0.1', port: 1 }, { host: '127.0.0.1', port: 9000 })

    expect(texts(self.providerRecord)).to.deep.equal(['/ip4/10.0.0.9/tcp/1', '/ip4/127.0.0.1/tcp/1'])
  })

  it('announces loopback where there is nothing else, and nothing where it listens nowhere', () => {
    expect(texts(self.providerRecord)).to.deep.equal([])

    addresses = ['/ip4/127.0.0.1/tcp/1']
    expect(texts(self.providerRecord)).to.deep.equal(['/ip4/127.0.0.1/tcp/1'])
  })

  it('makes a new record when its addresses change, with a higher number each time', () => {
    addresses = ['/ip4/127.0.0.1/tcp/1']
    const first = self.providerRecord
    expect(first.seq).to.equal(1_800_000_000n)
    expect(self.providerRecord).to.equal(first)

    addresses = ['/ip4/127.0.0.1/tcp/2']
    expect(self.providerRecord.seq).to.equal(1_800_000_001n)
    now += 60_000
    addresses = ['/ip4/127.0.0.1/tcp/3']
    expect(self.providerRecord.seq).to.equal(1_800_000_060n)
  })
})
