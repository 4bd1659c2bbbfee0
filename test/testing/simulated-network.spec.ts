import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { RecordingHandler, RecordingReader, runPromise, seededRandom, simulatedPeerId, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import type { ByteStream } from '../../src/interfaces.ts'
import type { PeerConditions, SimulatedTransport } from '../../src/testing/index.ts'

const PROTOCOL = '/test/1.0.0'
const MB = 1_000_000

describe('SimulatedNetwork', () => {
  let clock: VirtualClock
  let network: SimulatedNetwork
  const handlers = new Map<SimulatedTransport, RecordingHandler>()

  beforeEach(() => {
    clock = new VirtualClock()
    network = new SimulatedNetwork({ clock, random: seededRandom(1) })
    handlers.clear()
  })

  afterEach(async () => {
    network.peers.forEach(peer => { peer.resume() })
    await clock.run()
    expect(clock.pending).to.equal(0)
  })

  async function addPeer (conditions: Partial<PeerConditions> = {}): Promise<SimulatedTransport> {
    const peer = network.addPeer(conditions)
    const handler = new RecordingHandler()
    handlers.set(peer, handler)
    await peer.register(PROTOCOL, handler)

    return peer
  }

  function handlerOf (peer: SimulatedTransport): RecordingHandler {
    return handlers.get(peer) as RecordingHandler
  }

  /** Opens a stream and returns it with what the other side reads of it. */
  async function open (from: SimulatedTransport, to: SimulatedTransport, index = 0): Promise<{ stream: ByteStream, reader: RecordingReader, theirs: ByteStream, own: RecordingReader }> {
    await from.connect(to.peerId)
    const stream = await from.openStream(to.peerId, PROTOCOL)
    const own = new RecordingReader()
    stream.read(own)
    const { reader, stream: theirs } = await handlerOf(to).stream(index)

    return { stream, reader, theirs, own }
  }

  async function run <T> (promise: Promise<T>): Promise<T> {
    return runPromise(clock, promise)
  }

  /** Milliseconds that it takes. */
  async function timed (promise: Promise<unknown>): Promise<number> {
    const start = clock.now()
    await run(promise)

    return clock.now() - start
  }

  describe('peers', () => {
    it('have an id and an address of their own, the same in every network', async () => {
      const other = new SimulatedNetwork({ clock, random: seededRandom(2) })
      const ids = [0, 1, 2].map(() => network.addPeer().peer)

      expect(new Set(ids)).to.have.property('size', 3)
      expect(ids).to.deep.equal([0, 1, 2].map(() => other.addPeer().peer))
      expect(ids[1]).to.equal(simulatedPeerId(1).toString()).and.to.match(/^16Uiu2HA/)
      expect(network.peers[1].peerId).to.have.property('type', 'secp256k1')
      expect(network.peers[1].addresses().map(String)).to.deep.equal([`/memory/1/p2p/${ids[1]}`])
      expect(multiaddr(`/memory/1/p2p/${ids[1]}`).equals(network.peers[1].addresses()[0])).to.equal(true)
    })

    it('are reached by id, by address with or without id, and by both', async () => {
      const [a, b] = [await addPeer(), await addPeer()]

      for (const provider of [b.peerId, multiaddr('/memory/1'), b.addresses()[0], { id: b.peerId, multiaddrs: [] }]) {
        await expect(run(a.connect(provider))).to.eventually.deep.equal(b.peerId)
        network.disconnect(a, b)
        await clock.run()
      }
    })

    it('are not reached where another or nobody is', async () => {
      const a = await addPeer()
      await addPeer()

      for (const provider of [multiaddr('/memory/7'), multiaddr(`/memory/1/p2p/${a.peer}`), multiaddr('/ip4/127.0.0.1/tcp/1'), simulatedPeerId(55), a.peerId]) {
        await expect(run(a.connect(provider))).to.eventually.be.rejected.with.property('name', 'DialError')
      }
    })

    it('cannot be connected impossibly', () => {
      const add = (conditions: Partial<PeerConditions>) => () => network.addPeer(conditions)

      for (const conditions of [{ upload: 0 }, { download: -1 }, { latency: NaN }, { latency: Infinity }, { jitter: -1 }]) {
        expect(add(conditions)).to.throw().with.property('name', 'InvalidParametersError')
      }
    })
  })

  describe('latency', () => {
    it('is that of both peers: a round trip for a connection, another for a stream, one way for bytes', async () => {
      const [a, b] = [await addPeer({ latency: 20 }), await addPeer({ latency: 30 })]

      expect(await timed(a.connect(b.peerId))).to.equal(100)
      expect(await timed(handlerOf(b).eventCount(1))).to.equal(50)
      const opening = clock.now()
      const stream = await run(a.openStream(b.peerId, PROTOCOL))
      expect(clock.now() - opening).to.equal(100)
      stream.send(Uint8Array.of(1))
      const { reader } = await handlerOf(b).stream()
      expect(await timed(reader.bytes(1))).to.equal(50)
    })

    it('finds at once that it is connected', async () => {
      const [a, b] = [await addPeer(), await addPeer()]
      await run(a.connect(b.peerId))

      expect(await timed(a.connect(b.peerId))).to.equal(0)
      await clock.run()
      expect(await timed(b.connect(a.peerId))).to.equal(0)
    })

    it('varies by the jitter, and nothing overtakes', async () => {
      const [a, b] = [await addPeer({ jitter: 30 }), await addPeer({ jitter: 10 })]
      const { stream, reader } = await run(open(a, b))
      const times: number[] = []
      const sent: number[] = []
      let seen = 0

      for (let i = 0; i < 200; i++) {
        sent.push(clock.now())
        stream.send(Uint8Array.of(i))
        await clock.advance(3)

        while (seen < reader.byteLength) {
          times.push(clock.now() - sent[seen++])
        }
      }

      await run(reader.bytes(200))
      expect([...reader.content]).to.deep.equal(Array.from({ length: 200 }, (_, i) => i))
      expect(Math.min(...times)).to.be.within(20, 35)
      expect(Math.max(...times)).to.be.within(45, 63)
    })

    it('can change on the way', async () => {
      const [a, b] = [await addPeer({ latency: 5 }), await addPeer({ latency: 5 })]
      const { stream, reader } = await run(open(a, b))
      a.conditions.latency = 95
      stream.send(Uint8Array.of(1))
      a.conditions.latency = 0
      stream.send(Uint8Array.of(2))

      expect(await timed(reader.bytes(2))).to.equal(100)
      expect([...reader.content]).to.deep.equal([1, 2])
    })
  })

  describe('bandwidth', () => {
    /** Milliseconds from the first byte's departure to the last one's arrival. */
    async function transfer (a: SimulatedTransport, b: SimulatedTransport, bytes: number): Promise<number> {
      const { stream, reader } = await run(open(a, b))

      return timed(Promise.all([sendAll(stream, bytes), reader.bytes(bytes)]))
    }

    it('is the upload of the sender', async () => {
      const [a, b] = [await addPeer({ upload: 2 * MB }), await addPeer()]

      expect(await transfer(a, b, 10 * MB)).to.be.closeTo(5020, 1e-6)
    })

    it('is the download of the receiver', async () => {
      const [a, b] = [await addPeer(), await addPeer({ download: 2 * MB })]

      expect(await transfer(a, b, 10 * MB)).to.be.closeTo(5020, 1e-6)
    })

    it('is the lesser of the two', async () => {
      const [a, b] = [await addPeer({ upload: 5 * MB }), await addPeer({ download: 2 * MB })]
      const [c, d] = [await addPeer({ upload: 2 * MB }), await addPeer({ download: 5 * MB })]

      // the receiver takes each piece in as it comes; the first comes in pieces of 10 ms
      expect(await transfer(a, b, 10 * MB)).to.be.closeTo(5020, 1e-6)
      expect(await transfer(c, d, 10 * MB)).to.be.closeTo(5020, 1e-6)
    })

    it('is shared by the streams of a sender, evenly', async () => {
      const sender = await addPeer({ upload: 4 * MB })
      const receivers = [await addPeer(), await addPeer(), await addPeer(), await addPeer()]
      const streams = await run(Promise.all(receivers.map(async receiver => open(sender, receiver))))
      const start = clock.now()
      const ends = await run(Promise.all(streams.map(async ({ stream, reader }) => {
        await Promise.all([sendAll(stream, 2 * MB), reader.bytes(2 * MB)])

        return clock.now() - start
      })))

      expect(Math.max(...ends)).to.be.closeTo(2020, 1e-6)
      expect(Math.min(...ends)).to.be.above(1950)
    })

    it('is shared by those who send to a receiver, evenly', async () => {
      const receiver = await addPeer({ download: 4 * MB })
      const senders = [await addPeer({ upload: 10 * MB }), await addPeer(), await addPeer({ latency: 50 }), await addPeer()]
      const streams = await run(Promise.all(senders.map(async (sender, i) => open(sender, receiver, i))))
      const start = clock.now()
      await run(Promise.all(streams.map(async ({ stream }, i) => {
        const { reader } = await handlerOf(receiver).stream(i)
        await Promise.all([sendAll(stream, 2 * MB), reader.bytes(2 * MB)])
      })))

      expect(clock.now() - start).to.be.within(2000, 2030)
    })

    it('is not taken from one direction by the other', async () => {
      const [a, b] = [await addPeer({ upload: MB, download: MB }), await addPeer({ upload: MB, download: MB })]
      const { stream, theirs, reader, own } = await run(open(a, b))
      const ms = await timed(Promise.all([sendAll(stream, MB), sendAll(theirs, MB), reader.bytes(MB), own.bytes(MB)]))

      expect(ms).to.be.closeTo(1020, 1e-6)
    })

    it('lets a small message pass between the pieces of large ones', async () => {
      const [a, b, c] = [await addPeer({ upload: MB }), await addPeer(), await addPeer()]
      const [big, small] = await run(Promise.all([open(a, b), open(a, c)]))
      big.stream.send(new Uint8Array(MB))
      small.stream.send(Uint8Array.of(1))

      expect(await timed(small.reader.bytes(1))).to.be.below(20 + 2 * 10 + 1)
    })
  })

  describe('backpressure', () => {
    it('keeps a stream to its window and its queue while the other side takes nothing', async () => {
      const [a, b] = [await addPeer(), await addPeer()]
      const { stream, reader } = await run(open(a, b))
      const chunk = new Uint8Array(64 * 1024)
      let sent = chunk.byteLength
      b.stall()

      while (stream.send(chunk)) {
        sent += chunk.byteLength
      }

      expect(sent).to.equal((1024 + 256 + 64) * 1024)
      let drained = false
      const draining = stream.drained().then(() => { drained = true })
      await clock.advance(60_000)
      expect(drained).to.equal(false)
      expect(reader.byteLength).to.equal(0)

      b.resume()
      await run(draining)
      await run(reader.bytes(sent))
    })

    it('holds what nobody reads to the window', async () => {
      const [a, b] = [await addPeer(), await addPeer()]
      await run(a.connect(b.peerId))
      const stream = await run(a.openStream(b.peerId, PROTOCOL))
      const { stream: theirs } = await handlerOf(b).stream()
      const all = sendAll(theirs, 4 * 1024 * 1024)
      await clock.run()
      const reader = new RecordingReader()
      stream.read(reader)
      expect(reader.byteLength).to.be.within(1024 * 1024, (1024 + 64) * 1024)

      await run(all)
      await run(reader.bytes(4 * 1024 * 1024))
    })

    it('without a window, resets a stream of which more lies unread than the read buffer takes, and no other', async () => {
      network = new SimulatedNetwork({ clock, random: seededRandom(1), windowBytes: Infinity, readBufferBytes: MB })
      const [a, b] = [await addPeer(), await addPeer()]
      await run(a.connect(b.peerId))
      const unread = await run(a.openStream(b.peerId, PROTOCOL))
      const theirs = (await handlerOf(b).stream()).stream
      const { theirs: other, reader, own } = await run(open(a, b, 1))
      theirs.send(new Uint8Array(MB))
      await clock.run()
      expect(theirs.send(Uint8Array.of(1))).to.equal(true)
      await clock.run()

      expect(() => theirs.send(Uint8Array.of(1))).to.throw()
      expect(() => unread.send(Uint8Array.of(1))).to.throw()
      await run(sendAll(other, 4 * MB))
      await run(own.bytes(4 * MB))
      expect(own.byteLength).to.equal(4 * MB)
      expect(reader.byteLength).to.equal(0)
    })

    it('hands over what was sent, not a copy', async () => {
      const [a, b] = [await addPeer(), await addPeer()]
      const { stream, reader } = await run(open(a, b))
      const sent = Uint8Array.of(1, 2, 3)
      stream.send(sent)
      sent[1] = 9
      await run(reader.bytes(3))

      expect([...reader.content]).to.deep.equal([1, 9, 3])
    })
  })
})

async function sendAll (stream: ByteStream, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += 50_000) {
    if (!stream.send(new Uint8Array(Math.min(50_000, bytes - sent)))) {
      await stream.drained()
    }
  }
}
