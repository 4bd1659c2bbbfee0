import { Uint8ArrayList } from 'uint8arraylist'
import { equals } from 'uint8arrays/equals'
import { KiB, MiB } from '../../constants.ts'
import { goldenContent } from '../corpus.ts'
import { simulatedPeerId } from '../simulated-peer-id.ts'
import { assert, assertEqual, assertRejects } from './assert.ts'
import { RecordingReader } from './recorder.ts'
import { connected, connectedStream, openStream, PROTOCOL, roundTrip, whereabouts } from './transport-pair.ts'
import type { RecordingHandler } from './recorder.ts'
import type { Suite } from './runner.ts'
import type { TransportPair } from './transport-pair.ts'
import type { ByteStream } from '../../interfaces.ts'

/** Bytes; a transport that takes as much without saying stop has no backpressure. */
const MAX_UNCHECKED_BYTES = 64 * MiB
const CHUNK_BYTES = 64 * KiB
/** What the tests send at once: nothing, a byte, a frame and more. */
const SIZES = [0, 1, 1000, CHUNK_BYTES, 3 * CHUNK_BYTES + 17, 7, MiB]

export function streamTests (suite: Suite<TransportPair>): void {
  suite.it('says who opened a stream', async pair => {
    const { incoming } = await connectedStream(pair)

    assertEqual(incoming.peer.toString(), pair.a.peerId.toString(), 'the peer')
  })

  suite.it('carries bytes in order, both ways', async pair => {
    const { stream, reader, incoming } = await connectedStream(pair)
    const there = await sendAll(stream)
    const back = await sendAll(incoming.stream)
    await incoming.reader.bytes(1 + there.byteLength)
    await reader.bytes(back.byteLength)

    assert(equals(incoming.reader.content.subarray(1), there), 'b should get what a sent')
    assert(equals(reader.content, back), 'a should get what b sent')
  })

  suite.it('takes lists of bytes', async pair => {
    const { stream, incoming } = await connectedStream(pair)
    const content = goldenContent(3000)
    stream.send(new Uint8ArrayList(content.subarray(0, 1), content.subarray(1, 2000), content.subarray(2000)))
    await incoming.reader.bytes(3001)

    assert(equals(incoming.reader.content.subarray(1), content), 'b should get what a sent')
  })

  suite.it('keeps streams apart', async pair => {
    const handlers = await connected(pair)
    const first = await openStream(pair, handlers)
    const second = await openStream(pair, handlers, 1)
    second.stream.send(Uint8Array.of(2))
    first.stream.send(Uint8Array.of(1))
    await first.incoming.reader.bytes(2)
    await second.incoming.reader.bytes(2)

    assertEqual([...first.incoming.reader.content], [0, 1], 'the bytes of the first')
    assertEqual([...second.incoming.reader.content], [0, 2], 'the bytes of the second')
  })

  suite.it('keeps what comes before there is a reader', async pair => {
    const handlers = await connected(pair)
    const stream = await pair.a.openStream(pair.b.peerId, PROTOCOL)
    stream.send(Uint8Array.of(0))
    const { stream: answer } = await handlers.handlerB.stream()
    answer.send(Uint8Array.of(1, 2, 3))
    await answer.close()
    await roundTrip(pair, handlers, 1)

    const reader = new RecordingReader()
    stream.read(reader)
    const reason = await reader.ended()

    assertEqual([...reader.content], [1, 2, 3], 'the bytes')
    assert(reason == null, 'the end should have no reason')
  })

  suite.it('says when it takes no more, and when it does again, every time', async pair => {
    const { stream, incoming } = await connectedStream(pair)
    let sent = 1

    for (let round = 0; round < 3; round++) {
      sent += fill(stream)
      await stream.drained()
    }

    await stream.drained()
    await incoming.reader.bytes(sent)
    assertEqual(incoming.reader.byteLength, sent, 'the number of bytes that came')
  })

  suite.it('stops waiting to be drained when the signal aborts', async pair => {
    const { stream } = await connectedStream(pair)
    const controller = new AbortController()
    fill(stream)
    const drained = stream.drained({ signal: controller.signal })
    controller.abort()

    await assertRejects(drained, 'drained')
  })

  suite.it('opens no stream to a peer that is not connected', async ({ a, b }) => {
    await assertRejects(a.openStream(b.peerId, PROTOCOL), 'openStream to a peer that is not connected')
    await assertRejects(a.openStream(simulatedPeerId(999_999), PROTOCOL), 'openStream to a peer that is not there')
  })

  suite.it('opens no stream for a protocol that the other side does not speak', async pair => {
    const { a, b } = pair
    await connected(pair)
    await assertRejects(a.openStream(b.peerId, '/compliance/unheard-of'), 'openStream')
    await b.unregister(PROTOCOL)

    await assertRejects(a.openStream(b.peerId, PROTOCOL), 'openStream after unregister')
  })

  suite.it('opens no stream when the signal is aborted', async pair => {
    await connected(pair)

    await assertRejects(pair.a.openStream(pair.b.peerId, PROTOCOL, { signal: AbortSignal.abort() }), 'openStream')
  })

  suite.it('opens streams from the side that was dialled', async pair => {
    const { a, b } = pair
    const { handlerA } = await connected(pair)
    await a.connect(whereabouts(b))

    assertEqual(await firstByte(b, a, handlerA), 9, 'the byte')
  })
}

async function firstByte (from: TransportPair['a'], to: TransportPair['a'], handler: RecordingHandler): Promise<number> {
  const stream = await from.openStream(to.peerId, PROTOCOL)
  stream.read(new RecordingReader())
  stream.send(Uint8Array.of(9))
  const { reader } = await handler.stream()
  await reader.bytes(1)

  return reader.content[0]
}

/** Sends pieces of several sizes and returns them in one. */
async function sendAll (stream: ByteStream): Promise<Uint8Array> {
  const content = goldenContent(SIZES.reduce((sum, size) => sum + size, 0))
  let at = 0

  for (const size of SIZES) {
    if (!stream.send(content.subarray(at, at + size))) {
      await stream.drained()
    }

    at += size
  }

  return content
}

/** Sends until the stream says stop. Returns the number of bytes. */
function fill (stream: ByteStream): number {
  const chunk = new Uint8Array(CHUNK_BYTES)

  for (let sent = CHUNK_BYTES; sent <= MAX_UNCHECKED_BYTES; sent += CHUNK_BYTES) {
    if (!stream.send(chunk)) {
      return sent
    }
  }

  throw new Error(`The stream took ${MAX_UNCHECKED_BYTES} bytes and never said stop`)
}
