import { DialError, ProtocolInUseError } from '../../errors.ts'
import { simulatedPeerId } from '../simulated-peer-id.ts'
import { assertEqual, assertRejects } from './assert.ts'
import { RecordingHandler } from './recorder.ts'
import { connected, PROTOCOL, registered, roundTrip, whereabouts } from './transport-pair.ts'
import type { Suite } from './runner.ts'
import type { TransportPair } from './transport-pair.ts'

/** A peer that no test runs. */
const NOBODY = simulatedPeerId(999_999)

export function connectionTests (suite: Suite<TransportPair>): void {
  suite.it('refuses a second handler of a protocol, until the first is gone', async ({ a }) => {
    await a.register(PROTOCOL, new RecordingHandler())
    const failure = await assertRejects(a.register(PROTOCOL, new RecordingHandler()), 'a second register')
    assertEqual(failure.name, ProtocolInUseError.name, 'the error')

    await a.unregister(PROTOCOL)
    await a.register(PROTOCOL, new RecordingHandler())
  })

  suite.it('may unregister what is not registered', async ({ a }) => {
    await a.unregister(PROTOCOL)
  })

  suite.it('announces a connection on both sides, once', async pair => {
    const { a, b } = pair
    const handlers = await connected(pair)
    await a.connect(b.peerId)
    await roundTrip(pair, handlers)

    assertEqual(handlers.handlerA.events, [`connect ${b.peerId}`], 'what a heard')
    assertEqual(handlers.handlerB.events, [`connect ${a.peerId}`], 'what b heard')
  })

  suite.it('announces one connection when both dial at once', async pair => {
    const { a, b } = pair
    const handlers = await registered(pair)
    await Promise.all([a.connect(whereabouts(b)), b.connect(whereabouts(a))])
    await roundTrip(pair, handlers)

    assertEqual(handlers.handlerA.events, [`connect ${b.peerId}`], 'what a heard')
    assertEqual(handlers.handlerB.events, [`connect ${a.peerId}`], 'what b heard')
  })

  suite.it('announces peers that were connected before the protocol was registered', async ({ a, b }) => {
    const handlerA = new RecordingHandler()
    const handlerB = new RecordingHandler()
    await b.register(PROTOCOL, handlerB)
    await a.register('/compliance/other', new RecordingHandler())
    await a.connect(whereabouts(b))
    await a.register(PROTOCOL, handlerA)
    await handlerA.eventCount(1)

    assertEqual(handlerA.events, [`connect ${b.peerId}`], 'what a heard')
  })

  suite.it('connects by address, and finds that it is connected by id', async ({ a, b }) => {
    const [address] = b.addresses()

    assertEqual((await a.connect(address)).toString(), b.peerId.toString(), 'the peer at the address')
    assertEqual((await a.connect(b.peerId)).toString(), b.peerId.toString(), 'the peer of the id')
  })

  suite.it('fails to dial a peer that is not there', async ({ a }) => {
    const failure = await assertRejects(a.connect({ id: NOBODY, multiaddrs: [] }), 'connect')
    assertEqual(failure.name, DialError.name, 'the error')
  })

  suite.it('does not dial when the signal is aborted', async ({ a, b }) => {
    await assertRejects(a.connect(whereabouts(b), { signal: AbortSignal.abort() }), 'connect')
  })

  suite.it('gives a dial up when the signal aborts', async pair => {
    const { a, b } = pair
    const controller = new AbortController()
    const dial = a.connect(whereabouts(b), { signal: controller.signal })
    controller.abort()
    await assertRejects(dial, 'connect')

    await connected(pair)
  })

  suite.it('tells both sides of the end of a connection, once, and of the next one', async pair => {
    const { a, b } = pair
    const handlers = await connected(pair)
    await pair.disconnect()
    await handlers.handlerA.eventCount(2)
    await handlers.handlerB.eventCount(2)

    await a.connect(whereabouts(b))
    await handlers.handlerA.eventCount(3)
    await handlers.handlerB.eventCount(3)
    await roundTrip(pair, handlers)

    assertEqual(handlers.handlerA.events, [`connect ${b.peerId}`, `disconnect ${b.peerId}`, `connect ${b.peerId}`], 'what a heard')
    assertEqual(handlers.handlerB.events, [`connect ${a.peerId}`, `disconnect ${a.peerId}`, `connect ${a.peerId}`], 'what b heard')
  })

  suite.it('may be started and stopped twice', async ({ a }) => {
    await a.start()
    await a.start()
    await a.stop()
    await a.stop()
  })
}
