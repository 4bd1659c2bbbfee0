import { equals } from 'uint8arrays/equals'
import { MiB } from '../../constants.ts'
import { goldenContent } from '../corpus.ts'
import { assert, assertEqual, assertRejects } from './assert.ts'
import { connected, connectedStream, openStream } from './transport-pair.ts'
import type { Suite } from './runner.ts'
import type { TransportPair } from './transport-pair.ts'
import type { ByteStream } from '../../interfaces.ts'

export function endTests (suite: Suite<TransportPair>): void {
  suite.it('goes on reading when it has closed its side', async pair => {
    const { stream, reader, incoming } = await connectedStream(pair)
    await stream.close()
    assert(await incoming.reader.ended() == null, 'the end that b sees should have no reason')

    incoming.stream.send(Uint8Array.of(1, 2, 3))
    await incoming.stream.close()
    assert(await reader.ended() == null, 'the end that a sees should have no reason')

    assertEqual([...reader.content], [1, 2, 3], 'the bytes that came after the close')
    assertEqual([reader.ends, incoming.reader.ends], [1, 1], 'how often each side was told of an end')
  })

  suite.it('sends what is queued before it closes', async pair => {
    const { stream, incoming } = await connectedStream(pair)
    const content = goldenContent(4 * MiB)
    stream.send(content)
    await stream.close()
    await incoming.reader.ended()

    assert(equals(incoming.reader.content.subarray(1), content), 'b should get all that a sent')
  })

  suite.it('may be closed twice', async pair => {
    const { stream } = await connectedStream(pair)
    await Promise.all([stream.close(), stream.close()])
    await stream.close()
  })

  suite.it('takes no bytes when it is closed', async pair => {
    const { stream } = await connectedStream(pair)
    await stream.close()

    await assertTakesNothing(stream)
  })

  suite.it('tells the other side, once, that a stream was aborted', async pair => {
    const { stream, incoming } = await connectedStream(pair)
    stream.abort(new Error('Enough'))
    const reason = await incoming.reader.ended()

    assert(reason instanceof Error, 'the end should have a reason')
    assertEqual(incoming.reader.ends, 1, 'how often it was told')
    await assertTakesNothing(incoming.stream)
  })

  suite.it('may be aborted twice, and closed after that', async pair => {
    const { stream } = await connectedStream(pair)
    stream.abort(new Error('Enough'))
    stream.abort(new Error('Enough'))
    await stream.close()

    await assertTakesNothing(stream)
  })

  suite.it('ends streams on both sides when the connection ends', async pair => {
    const handlers = await connected(pair)
    const { stream, reader, incoming } = await openStream(pair, handlers)
    await pair.disconnect()
    await Promise.all([reader.ended(), incoming.reader.ended(), handlers.handlerA.eventCount(2), handlers.handlerB.eventCount(2)])

    assertEqual([reader.ends, incoming.reader.ends], [1, 1], 'how often each side was told')
    await assertTakesNothing(stream)
    await assertTakesNothing(incoming.stream)
  })
}

async function assertTakesNothing (stream: ByteStream): Promise<void> {
  await assertRejects((async () => stream.send(Uint8Array.of(1)))(), 'send')
  await assertRejects(stream.drained(), 'drained')
}
