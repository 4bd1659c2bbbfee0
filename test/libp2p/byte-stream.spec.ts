import { StreamAbortEvent, StreamCloseEvent, StreamMessageEvent, StreamResetEvent } from '@libp2p/interface'
import { expect } from 'aegir/chai'
import { TypedEventEmitter } from 'main-event'
import { Uint8ArrayList } from 'uint8arraylist'
import { KiB } from '../../src/constants.ts'
import { Libp2pByteStream } from '../../src/libp2p/byte-stream.ts'
import { RecordingReader } from '../../src/testing/index.ts'
import type { MessageStreamEvents, MessageStreamStatus, Stream } from '@libp2p/interface'

/** What of a libp2p stream is used, filled and emptied by hand. */
class FakeLibp2pStream extends TypedEventEmitter<MessageStreamEvents> {
  status: MessageStreamStatus = 'open'
  readableEnded = false
  writableNeedsDrain = false
  inactivityTimeout = 120_000
  /** What was handed over. */
  readonly sent = new Uint8ArrayList()
  /** Lengths of what was handed over. */
  readonly pieces: number[] = []
  /** Pieces that are taken before it is full. */
  room = Infinity
  fails?: Error

  send (bytes: Uint8Array | Uint8ArrayList): boolean {
    if (this.fails != null) {
      throw this.fails
    }

    this.sent.append(bytes)
    this.pieces.push(bytes.byteLength)
    this.writableNeedsDrain = --this.room <= 0

    return !this.writableNeedsDrain
  }

  /** Says that there is room, as libp2p does: before it has sent what it holds itself. */
  drain (room: number): void {
    this.room = room
    this.writableNeedsDrain = false
    this.safeDispatchEvent('drain')
  }

  async close (): Promise<void> {
    this.status = 'closing'
  }

  abort (error: Error): void {
    if (this.status === 'open' || this.status === 'closing') {
      this.status = 'aborted'
      this.safeDispatchEvent('end')
      this.dispatchEvent(new StreamAbortEvent(error))
    }
  }

  /** The other side resets the stream. */
  reset (error: Error): void {
    this.status = 'reset'
    this.readableEnded = true
    this.safeDispatchEvent('end')
    this.dispatchEvent(new StreamResetEvent(error))
  }

  /** The other side sends no more. */
  remoteClose (): void {
    this.readableEnded = true
    this.safeDispatchEvent('end')
  }
}

function wrap (): { stream: FakeLibp2pStream, bytes: Libp2pByteStream } {
  const stream = new FakeLibp2pStream()

  return { stream, bytes: new Libp2pByteStream(stream as unknown as Stream) }
}

async function microtasks (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}

describe('libp2p/byte-stream', () => {
  it('hands over what is sent, and says that there is room', () => {
    const { stream, bytes } = wrap()

    expect(bytes.send(Uint8Array.of(1, 2))).to.be.true()
    expect(bytes.send(new Uint8ArrayList(Uint8Array.of(3), Uint8Array.of(4)))).to.be.true()
    expect([...stream.sent.subarray()]).to.deep.equal([1, 2, 3, 4])
  })

  it('hands over no more after each drain than one piece of 64 KiB, while libp2p is full', async () => {
    const { stream, bytes } = wrap()
    const message = new Uint8Array(300 * KiB).map((_, i) => i * 7)
    stream.room = 1

    expect(bytes.send(message)).to.be.false()
    expect(bytes.send(Uint8Array.of(1))).to.be.false()

    for (let drains = 1; drains < 5; drains++) {
      expect(stream.pieces).to.have.length(drains)
      stream.drain(1)
      await microtasks()
    }

    expect(Math.max(...stream.pieces)).to.be.at.most(64 * KiB)
    expect(stream.sent.byteLength).to.equal(message.byteLength + 1)
    expect(Buffer.compare(stream.sent.subarray(0, message.byteLength), message)).to.equal(0)
  })

  it('waits for a drain of its own each time', async () => {
    const { stream, bytes } = wrap()

    for (let round = 1; round <= 3; round++) {
      stream.room = 1
      let drained = false
      expect(bytes.send(new Uint8Array(100 * KiB))).to.be.false()
      const waiting = bytes.drained().then(() => { drained = true })
      stream.drain(1)
      await microtasks()
      expect([drained, stream.pieces.length]).to.deep.equal([false, 2 * round])

      stream.drain(10)
      await waiting
    }
  })

  it('rejects whoever waits when the stream ends, and takes no more', async () => {
    const { stream, bytes } = wrap()
    stream.room = 1
    bytes.send(new Uint8Array(100 * KiB))
    const drained = bytes.drained()
    stream.reset(new Error('Reset'))

    await expect(drained).to.eventually.be.rejectedWith('Reset')
    await expect(bytes.drained()).to.eventually.be.rejectedWith('Reset')
    expect(() => bytes.send(Uint8Array.of(1))).to.throw('Reset')
  })

  it('throws what libp2p throws, and ends the stream', async () => {
    const { stream, bytes } = wrap()
    const reader = new RecordingReader()
    bytes.read(reader)
    stream.fails = new Error('Muxer closed')

    expect(() => bytes.send(Uint8Array.of(1))).to.throw('Muxer closed')
    expect(stream.status).to.equal('aborted')
    expect(await reader.ended()).to.have.property('message', 'Muxer closed')
  })

  it('says why a stream was reset, although libp2p tells of the end before', () => {
    const { stream, bytes } = wrap()
    const ends: Array<Error | undefined> = []
    bytes.read({ onData () {}, onEnd: reason => { ends.push(reason) } })
    stream.reset(new Error('Reset'))
    stream.dispatchEvent(new StreamCloseEvent())

    expect(ends.map(reason => reason?.message)).to.deep.equal(['Reset'])
  })

  it('tells of the end once when the other side closes', () => {
    const { stream, bytes } = wrap()
    const reader = new RecordingReader()
    bytes.read(reader)
    stream.dispatchEvent(new StreamMessageEvent(Uint8Array.of(1)))
    stream.remoteClose()
    stream.dispatchEvent(new StreamCloseEvent())

    expect([reader.byteLength, reader.ends]).to.deep.equal([1, 1])
  })

  it('tells nothing to its reader once it was aborted here', () => {
    const { stream, bytes } = wrap()
    const reader = new RecordingReader()
    bytes.read(reader)
    bytes.abort(new Error('Enough'))
    stream.dispatchEvent(new StreamMessageEvent(Uint8Array.of(1)))

    expect([stream.status, reader.byteLength, reader.ends]).to.deep.equal(['aborted', 0, 0])
  })

  for (const [what, end, reason] of [
    ['had ended', (stream: FakeLibp2pStream) => { stream.remoteClose() }, undefined],
    ['had been reset', (stream: FakeLibp2pStream) => { stream.reset(new Error('Reset')) }, 'Reset']
  ] as const) {
    it(`tells a reader that comes later that the stream ${what}`, async () => {
      const { stream, bytes } = wrap()
      end(stream)
      const reader = new RecordingReader()
      bytes.read(reader)
      expect(reader.ends).to.equal(0)

      expect((await reader.ended())?.message).to.equal(reason)
    })

    it(`notices that the stream ${what} before it was its own`, async () => {
      const stream = new FakeLibp2pStream()
      end(stream)
      const reader = new RecordingReader()
      new Libp2pByteStream(stream as unknown as Stream).read(reader)
      await reader.ended()

      expect(reader.ends).to.equal(1)
    })
  }

  it('has one reader', () => {
    const { bytes } = wrap()
    bytes.read(new RecordingReader())

    expect(() => { bytes.read(new RecordingReader()) }).to.throw()
  })

  it('keeps a stream on which nothing is said', () => {
    expect(wrap().stream.inactivityTimeout).to.be.above(24 * 60 * 60 * 1_000)
  })
})
