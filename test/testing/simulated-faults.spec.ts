import { expect } from 'aegir/chai'
import { RecordingHandler, RecordingReader, runPromise, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import type { ByteStream } from '../../src/interfaces.ts'
import type { SimulatedTransport, TraceEvent } from '../../src/testing/index.ts'

const PROTOCOL = '/test/1.0.0'

describe('faults of a simulated network', () => {
  let clock: VirtualClock
  let network: SimulatedNetwork
  let trace: TraceEvent[]
  let a: SimulatedTransport
  let b: SimulatedTransport
  let handlerA: RecordingHandler
  let handlerB: RecordingHandler

  beforeEach(async () => {
    clock = new VirtualClock()
    trace = []
    network = new SimulatedNetwork({ clock, random: seededRandom(1), trace: event => { trace.push(event) } })
    a = network.addPeer()
    b = network.addPeer()
    handlerA = new RecordingHandler()
    handlerB = new RecordingHandler()
    await a.register(PROTOCOL, handlerA)
    await b.register(PROTOCOL, handlerB)
  })

  afterEach(async () => {
    network.peers.forEach(peer => { peer.resume() })
    await clock.run()
    expect(clock.pending).to.equal(0)
  })

  async function run <T> (promise: Promise<T>): Promise<T> {
    return runPromise(clock, promise)
  }

  async function open (): Promise<{ stream: ByteStream, own: RecordingReader, theirs: ByteStream, reader: RecordingReader }> {
    await a.connect(b.peerId)
    const stream = await a.openStream(b.peerId, PROTOCOL)
    const own = new RecordingReader()
    stream.read(own)
    const { stream: theirs, reader } = await handlerB.stream()

    return { stream, own, theirs, reader }
  }

  const kinds = (handler: RecordingHandler): string[] => handler.events.map(event => event.split(' ')[0])

  it('ends a connection here at once and there after the latency', async () => {
    const { stream, own, reader } = await run(open())
    expect(a.connections).to.deep.equal([b.peerId])
    expect(b.connections).to.deep.equal([a.peerId])
    const start = clock.now()
    network.disconnect(a, b)

    expect(kinds(handlerA)).to.deep.equal(['connect', 'disconnect'])
    expect(kinds(handlerB)).to.deep.equal(['connect'])
    expect(await own.ended()).to.have.property('name', 'ConnectionClosedError')
    expect(reader.ends).to.equal(0)
    expect(() => stream.send(Uint8Array.of(1))).to.throw().with.property('name', 'StreamStateError')

    expect(await run(reader.ended())).to.have.property('name', 'ConnectionClosedError')
    expect(clock.now() - start).to.equal(20)
    expect(kinds(handlerB)).to.deep.equal(['connect', 'disconnect'])
    expect([...a.connections, ...b.connections]).to.deep.equal([])
  })

  it('brings what was under way before the end of a connection', async () => {
    const { stream, reader } = await run(open())
    stream.send(Uint8Array.of(1, 2))
    network.disconnect(a, b)
    await run(reader.ended())

    expect([...reader.content]).to.deep.equal([1, 2])
  })

  it('rejects what waits for a connection that ends', async () => {
    const { stream } = await run(open())
    stream.send(new Uint8Array(2_000_000))
    const drained = stream.drained()
    const closed = stream.close()
    const opening = a.openStream(b.peerId, PROTOCOL)
    network.disconnect(a, b)

    await expect(drained).to.eventually.be.rejected()
    await expect(opening).to.eventually.be.rejected.with.property('name', 'ConnectionClosedError')
    await closed
  })

  it('goes offline: both sides are told, and nobody comes in or out until it is online', async () => {
    const { reader, own } = await run(open())
    b.goOffline()
    await run(Promise.all([reader.ended(), own.ended()]))

    expect([kinds(handlerA), kinds(handlerB)]).to.deep.equal([['connect', 'disconnect'], ['connect', 'disconnect']])
    expect(b.addresses()).to.deep.equal([])
    await expect(run(a.connect(b.peerId))).to.eventually.be.rejectedWith('cannot be reached').with.property('name', 'DialError')
    await expect(run(b.connect(a.peerId))).to.eventually.be.rejectedWith('offline').with.property('name', 'DialError')

    b.goOnline()
    await run(a.connect(b.peerId))
    await run(handlerB.eventCount(3))
    expect([kinds(handlerA)[2], kinds(handlerB)[2]]).to.deep.equal(['connect', 'connect'])
  })

  it('crashes: it hears nothing more, and the others after the latency', async () => {
    const { own, reader, theirs } = await run(open())
    theirs.send(new Uint8Array(2_000_000))
    const drained = theirs.drained()
    const start = clock.now()
    b.crash()

    await expect(run(drained)).to.eventually.be.rejected.with.property('name', 'ConnectionClosedError')
    await run(own.ended())
    expect(clock.now() - start).to.equal(20)
    expect(kinds(handlerA)).to.deep.equal(['connect', 'disconnect'])
    expect(kinds(handlerB)).to.deep.equal(['connect'])
    expect(reader.ends).to.equal(0)

    const again = new RecordingHandler()
    b.goOnline()
    await b.register(PROTOCOL, again)
    await run(a.connect(b.peerId))
    await run(again.eventCount(1))
    expect(kinds(handlerB)).to.deep.equal(['connect'])
  })

  it('connects anew before the other side knows that the old connection is gone', async () => {
    await run(open())
    b.goOffline()
    b.goOnline()
    await run(b.connect(a.peerId))
    await run(handlerA.eventCount(3))

    expect([kinds(handlerA), kinds(handlerB)]).to.deep.equal([['connect', 'disconnect', 'connect'], ['connect', 'disconnect', 'connect']])
    expect([a.connections, b.connections]).to.deep.equal([[b.peerId], [a.peerId]])
  })

  it('stalls: nothing moves in or out, and all goes on where it was', async () => {
    a.conditions.upload = 1_000_000
    const { stream, reader, theirs, own } = await run(open())
    stream.send(new Uint8Array(100_000))
    await clock.advance(50)
    a.stall()
    const before = reader.byteLength
    theirs.send(Uint8Array.of(7))
    await clock.advance(100_000)

    // one way later the pieces that had left are there
    expect(reader.byteLength).to.be.within(before, before + 20_000)
    expect(own.byteLength).to.equal(0)
    expect([kinds(handlerA), kinds(handlerB)]).to.deep.equal([['connect'], ['connect']])
    const start = clock.now()
    a.resume()
    await run(Promise.all([reader.bytes(100_000), own.bytes(1)]))
    expect(clock.now() - start).to.be.within(60, 75)
  })

  it('gives up a dial to a peer that stalls', async () => {
    b.stall()
    const start = clock.now()

    await expect(run(a.connect(b.peerId))).to.eventually.be.rejectedWith('did not answer').with.property('name', 'DialError')
    expect(clock.now() - start).to.equal(10_000)
  })

  it('fails a dial when either side vanishes in the middle of it', async () => {
    for (const vanish of [() => { a.crash() }, () => { b.crash() }, () => { a.goOffline() }, () => { b.goOffline() }]) {
      for (const ms of [5, 25, 45]) {
        network.peers.forEach(peer => { peer.goOnline() })
        const dial = a.connect(b.peerId)
        const back = b.connect(a.peerId)
        const settled = Promise.allSettled([dial, back])
        await clock.advance(ms)
        vanish()
        await run(settled)
        await clock.run()

        expect([a.connections, b.connections]).to.deep.equal([[], []])
      }
    }
  })

  it('keeps a dial that the other side waits for too', async () => {
    const controller = new AbortController()
    const dial = a.connect(b.peerId, { signal: controller.signal })
    const back = b.connect(a.peerId)
    await clock.advance(5)
    controller.abort()
    await expect(dial).to.eventually.be.rejected.with.property('name', 'AbortError')

    await expect(run(back)).to.eventually.deep.equal(a.peerId)
    expect(trace.filter(({ kind }) => kind === 'hello')).to.have.lengthOf(1)
  })

  it('makes no connection when all who dialled have given up', async () => {
    const controller = new AbortController()
    const dials = [a, a].map(async peer => peer.connect(b.peerId, { signal: controller.signal }))
    const settled = Promise.allSettled(dials)
    await clock.advance(15)
    controller.abort()
    await run(settled)
    await clock.run()

    expect([a.connections, b.connections]).to.deep.equal([[], []])
    expect([handlerA.events, handlerB.events]).to.deep.equal([[], []])
  })

  it('resets a stream that was given up while it was being opened', async () => {
    await run(a.connect(b.peerId))
    const controller = new AbortController()
    const opening = a.openStream(b.peerId, PROTOCOL, { signal: controller.signal })
    await clock.advance(25)
    controller.abort()
    await expect(opening).to.eventually.be.rejected.with.property('name', 'AbortError')
    const { reader } = await handlerB.stream()

    expect(await run(reader.ended())).to.have.property('name', 'StreamResetError')
  })

  it('tells those connected when a protocol comes and goes', async () => {
    await run(a.connect(b.peerId))
    await clock.run()
    const [late, later] = [new RecordingHandler(), new RecordingHandler()]
    await a.register('/late', late)
    await clock.run()
    expect(late.events).to.deep.equal([])

    await b.register('/late', later)
    expect(kinds(later)).to.deep.equal(['connect'])
    await clock.run()
    expect(kinds(late)).to.deep.equal(['connect'])

    await b.unregister('/late')
    await clock.run()
    expect(kinds(late)).to.deep.equal(['connect', 'disconnect'])
    expect(kinds(later)).to.deep.equal(['connect'])
  })

  it('fails where a handler leaves a stream unread', async () => {
    await b.unregister(PROTOCOL)
    await b.register(PROTOCOL, { onConnect () {}, onDisconnect () {}, onStream () {} })

    await expect(run(open())).to.eventually.be.rejectedWith('must call read')
  })
})
