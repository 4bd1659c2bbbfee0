import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { ipBytes, ipText, isPlainAddress, mayTellOf, networkOf, scopeOf, tcpAddress, tcpEndpoint, udpAddress, udpEndpoint } from '../../src/dht/endpoint.ts'

const host = fc.ipV4()

describe('dht/endpoint', () => {
  it('goes into a multiaddr and comes back', () => {
    fc.assert(fc.property(host, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
      const address = udpAddress({ host, port })

      expect(multiaddr(address).toString()).to.equal(`/ip4/${host}/udp/${port}`)
      expect(udpEndpoint([address])).to.deep.equal(scopeOf(host) === 'none' ? undefined : { host, port })
      expect(tcpEndpoint(tcpAddress({ host, port }))).to.deep.equal({ host, port })
    }))
  })

  it('is the first of IPv4 and UDP', () => {
    const of = (...addresses: string[]): unknown => udpEndpoint(addresses.map(address => multiaddr(address).bytes))

    expect(of('/ip4/192.0.2.1/tcp/1', '/ip6/2001:db8::1/udp/2', '/ip4/192.0.2.1/udp/3/quic-v1', '/ip4/192.0.2.2/udp/4', '/ip4/192.0.2.3/udp/5'))
      .to.deep.equal({ host: '192.0.2.2', port: 4 })
    expect(of('/ip4/192.0.2.1/udp/0')).to.equal(undefined)
    expect(of('/ip4/0.0.0.0/udp/1')).to.equal(undefined)
    expect(of()).to.equal(undefined)
  })

  it('is of TCP with or without a peer id, and of nothing else', () => {
    const of = (address: string): unknown => tcpEndpoint(multiaddr(address))

    expect(of('/ip4/192.0.2.1/tcp/7/p2p/16Uiu2HAkutD5WSZnvrynBNGg7jeDmedCU6qCUcPbGYqwNm9Ju9xp')).to.deep.equal({ host: '192.0.2.1', port: 7 })
    expect(of('/ip6/2001:db8::1/tcp/7')).to.deep.equal({ host: '2001:db8::1', port: 7 })
    expect(of('/ip4/192.0.2.1/tcp/7/ws')).to.equal(undefined)
    expect(of('/dns4/example.org/tcp/7')).to.equal(undefined)
  })

  it('is plain when it is an IP address and a port', () => {
    const of = (address: string): boolean => isPlainAddress(multiaddr(address).bytes)

    expect(['/ip4/192.0.2.1/tcp/7', '/ip6/2001:db8::1/udp/7'].map(of)).to.deep.equal([true, true])
    expect(['/ip4/192.0.2.1', '/dns4/example.org/tcp/7', '/ip4/192.0.2.1/tcp/7/ws'].map(of)).to.deep.equal([false, false, false])
    fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), bytes => {
      expect(isPlainAddress(bytes)).to.be.a('boolean')
    }))
  })

  const scopes: Record<string, string[]> = {
    none: ['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '::', 'ff02::1'],
    loopback: ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
    private: ['10.0.0.1', '172.16.0.1', '172.31.255.1', '192.168.1.1', '169.254.1.1', '100.64.0.1', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1'],
    public: ['9.255.0.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '100.63.0.1', '100.128.0.1', '223.1.1.1', '2001:db8::1']
  }

  for (const [scope, hosts] of Object.entries(scopes)) {
    it(`knows what is ${scope}`, () => {
      expect(hosts.map(host => [host, scopeOf(host)])).to.deep.equal(hosts.map(host => [host, scope]))
    })
  }

  it('takes what is local from those nearby only', () => {
    expect(mayTellOf('192.0.2.1', '203.0.113.1')).to.equal(true)
    expect(mayTellOf('10.0.0.1', '203.0.113.1')).to.equal(true)
    expect(mayTellOf('192.0.2.1', '10.0.0.1')).to.equal(false)
    expect(mayTellOf('10.0.0.1', '192.168.0.1')).to.equal(true)
    expect(mayTellOf('10.0.0.1', '127.0.0.1')).to.equal(false)
    expect(mayTellOf('127.0.0.1', '127.0.0.1')).to.equal(true)
    expect(mayTellOf('127.0.0.1', '224.0.0.1')).to.equal(false)
  })

  it('counts addresses by their network', () => {
    expect(networkOf('192.0.2.1')).to.equal(networkOf('192.0.2.254'))
    expect(networkOf('192.0.2.1')).to.not.equal(networkOf('192.0.3.1'))
    expect(networkOf('2001:db8:1:2::1')).to.equal(networkOf('2001:db8:1:3::9'))
    expect(networkOf('2001:db8:1::1')).to.not.equal(networkOf('2001:db8:2::1'))
  })

  it('goes to bytes and comes back', () => {
    fc.assert(fc.property(host, host => {
      expect(ipText(ipBytes(host))).to.equal(host)
    }))
    expect(ipText(ipBytes('2001:db8::1'))).to.equal('2001:db8::1')
    expect(ipBytes('::1')).to.have.lengthOf(16)
  })
})
