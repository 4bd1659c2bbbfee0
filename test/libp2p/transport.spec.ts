import { isMultiaddr, multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { manifestCid } from '../../src/dataset/codecs.ts'
import { DialError } from '../../src/errors.ts'
import { contentRoutingDiscovery, libp2pTransport } from '../../src/libp2p/index.ts'
import { RecordingHandler, simulatedPeerId } from '../../src/testing/index.ts'
import { startNode } from './nodes.ts'
import type { Transport } from '../../src/interfaces.ts'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const PROTOCOL = '/test/1.0.0'

/** A node that is only dialled: it keeps what it is asked to dial. */
function dialling (fails?: Error): { transport: Transport, dialled: unknown[] } {
  const dialled: unknown[] = []
  const libp2p = {
    dial: async (target: PeerId | Multiaddr | Multiaddr[]) => {
      dialled.push(isMultiaddr(target) || Array.isArray(target) ? [target].flat().map(String) : target.toString())

      if (fails != null) {
        throw fails
      }

      return { remotePeer: simulatedPeerId(1) }
    }
  }

  return { transport: libp2pTransport(libp2p as unknown as Libp2p), dialled }
}

describe('libp2p/transport', () => {
  describe('whom it dials', () => {
    const id = simulatedPeerId(1)
    const relay = simulatedPeerId(2)

    it('takes a peer id, an address, or a peer with its addresses, to which it adds the id', async () => {
      const { transport, dialled } = dialling()
      const address = multiaddr('/ip4/127.0.0.1/tcp/1')

      expect(await transport.connect(id)).to.equal(id)
      await transport.connect(address)
      await transport.connect({ id, multiaddrs: [] })
      await transport.connect({ id, multiaddrs: [address, multiaddr(`/ip4/127.0.0.1/tcp/2/p2p/${id}`), multiaddr(`/ip4/127.0.0.1/tcp/3/p2p/${relay}/p2p-circuit`)] })

      expect(dialled).to.deep.equal([
        id.toString(),
        [address.toString()],
        id.toString(),
        [
          `/ip4/127.0.0.1/tcp/1/p2p/${id}`,
          `/ip4/127.0.0.1/tcp/2/p2p/${id}`,
          `/ip4/127.0.0.1/tcp/3/p2p/${relay}/p2p-circuit/p2p/${id}`
        ]
      ])
    })

    it('says whom it could not reach, and why', async () => {
      const cause = new Error('No route')
      const { transport } = dialling(cause)

      for (const provider of [id, { id, multiaddrs: [] }]) {
        await expect(transport.connect(provider)).to.eventually.be.rejected
          .with.property('peer', id.toString())
      }

      const failure = await transport.connect(multiaddr('/ip4/127.0.0.1/tcp/1')).catch((err: unknown) => err)
      expect(failure).to.include({ name: DialError.name, cause })
    })

    it('rejects with the reason of the signal', async () => {
      const reason = new Error('Enough')

      await expect(dialling(new Error('Aborted')).transport.connect(id, { signal: AbortSignal.abort(reason) }))
        .to.eventually.be.rejectedWith(reason)
    })
  })

  describe('over a connection', () => {
    let nodes: Libp2p[]
    let a: Transport
    let b: Transport
    let handlerA: RecordingHandler
    let handlerB: RecordingHandler

    beforeEach(async () => {
      nodes = await Promise.all([startNode(), startNode()]);
      [a, b] = nodes.map(node => libp2pTransport(node))
      handlerA = new RecordingHandler()
      handlerB = new RecordingHandler()
    })

    afterEach(async () => {
      await Promise.all(nodes.map(async node => node.stop()))
    })

    it('does not take another peer for the one that it dialled', async () => {
      await expect(a.connect({ id: simulatedPeerId(1), multiaddrs: nodes[1].getMultiaddrs().map(address => address.decapsulate('/p2p')) }))
        .to.eventually.be.rejected.with.property('name', DialError.name)
    })

    it('hears when a connected peer stops to speak the protocol, and when it speaks it again', async () => {
      await a.register(PROTOCOL, handlerA)
      await b.register(PROTOCOL, handlerB)
      await a.connect(b.addresses()[0])
      await handlerA.eventCount(1)
      await b.unregister(PROTOCOL)
      await handlerA.eventCount(2)
      await b.register(PROTOCOL, handlerB)
      await handlerA.eventCount(3)

      expect(handlerA.events.map(event => event.split(' ')[0])).to.deep.equal(['connect', 'disconnect', 'connect'])
      expect(nodes.map(node => node.getConnections().length)).to.deep.equal([1, 1])
    })

    it('announces a peer that opens a stream before it was known to speak the protocol', async () => {
      await a.register(PROTOCOL, handlerA)
      const connected = new Promise<Connection>(resolve => {
        nodes[1].addEventListener('connection:open', ({ detail }) => { resolve(detail) })
      })
      await a.connect(b.addresses()[0])
      // straight from the node: b neither registers the protocol nor tells that it speaks it
      const stream = await (await connected).newStream(PROTOCOL)
      stream.send(Uint8Array.of(1))
      const { peer, reader } = await handlerA.stream()
      await reader.bytes(1)

      expect(handlerA.events).to.deep.equal([`connect ${b.peerId}`])
      expect(peer.toString()).to.equal(b.peerId.toString())
    })

    it('ends what it registered when it stops, and leaves the connection', async () => {
      await a.register(PROTOCOL, handlerA)
      await a.register('/test/2.0.0', handlerA)
      await a.connect(b.addresses()[0])
      await a.stop()

      expect(nodes[0].getProtocols().filter(protocol => protocol.startsWith('/test'))).to.be.empty()
      expect(nodes[0].getConnections()).to.have.length(1)
      expect(a.addresses().map(String)).to.deep.equal(nodes[0].getMultiaddrs().map(String))
    })
  })
})

describe('libp2p/content-routing', () => {
  it('finds and provides through the node', async () => {
    const cid = manifestCid(new Uint8Array(32))
    const provided: unknown[] = []
    const found = { id: simulatedPeerId(1), multiaddrs: [], routing: 'test' }
    const discovery = contentRoutingDiscovery({
      contentRouting: {
        findProviders: async function * () { yield found },
        provide: async (...args: unknown[]) => { provided.push(...args) }
      } as unknown as Libp2p['contentRouting']
    })
    const signal = new AbortController().signal
    await discovery.provide(cid, { signal })

    expect(provided).to.deep.equal([cid, { signal }])

    const providers: unknown[] = []

    for await (const provider of discovery.find(cid, { signal })) {
      providers.push(provider)
    }

    expect(providers).to.deep.equal([found])
  })
})
