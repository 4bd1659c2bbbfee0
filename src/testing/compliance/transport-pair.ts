import { assertEqual } from './assert.ts'
import { RecordingHandler, RecordingReader } from './recorder.ts'
import type { IncomingStream } from './recorder.ts'
import type { ByteStream, Transport } from '../../interfaces.ts'
import type { PeerInfo } from '@libp2p/interface'

/** Two started transports that can reach each other and are not connected. */
export interface TransportPair {
  /** The one that dials. */
  a: Transport
  /** The one that is dialled. */
  b: Transport
  /** Ends the connection between them, as when the network fails or either host hangs up. */
  disconnect(): Promise<void>
}

/** The protocol that the tests speak. */
export const PROTOCOL = '/compliance/1.0.0'

export interface Handlers {
  handlerA: RecordingHandler
  handlerB: RecordingHandler
}

/** A stream from a to b, both sides read. */
export interface OpenStream {
  stream: ByteStream
  reader: RecordingReader
  incoming: IncomingStream
}

/** Where a transport is to be dialled. */
export function whereabouts (transport: Transport): PeerInfo {
  return { id: transport.peerId, multiaddrs: transport.addresses() }
}

/** Both speak the protocol. */
export async function registered ({ a, b }: TransportPair): Promise<Handlers> {
  const handlerA = new RecordingHandler()
  const handlerB = new RecordingHandler()
  await a.register(PROTOCOL, handlerA)
  await b.register(PROTOCOL, handlerB)

  return { handlerA, handlerB }
}

/** Both speak the protocol, are connected, and were told so. */
export async function connected (pair: TransportPair): Promise<Handlers> {
  const handlers = await registered(pair)
  await pair.a.connect(whereabouts(pair.b))
  await handlers.handlerA.eventCount(1)
  await handlers.handlerB.eventCount(1)

  return handlers
}

/** Opens a stream; `index` is how many a opened before. */
export async function openStream ({ a, b }: TransportPair, { handlerB }: Handlers, index = 0): Promise<OpenStream> {
  const reader = new RecordingReader()
  const stream = await a.openStream(b.peerId, PROTOCOL)
  stream.read(reader)

  // some transports make the other side's stream when the first byte comes
  stream.send(Uint8Array.of(0))
  const incoming = await handlerB.stream(index)
  await incoming.reader.bytes(1)

  return { stream, reader, incoming }
}

/** Connects, and opens a stream. */
export async function connectedStream (pair: TransportPair): Promise<OpenStream> {
  return openStream(pair, await connected(pair))
}

/** Goes there and back on a new stream, so that whatever was on its way before has come. */
export async function roundTrip (pair: TransportPair, handlers: Handlers, index = 0): Promise<void> {
  const { stream, reader, incoming } = await openStream(pair, handlers, index)
  await Promise.all([stream.close(), incoming.reader.ended()])
  await Promise.all([incoming.stream.close(), reader.ended()])
  assertEqual(reader.byteLength, 0, 'the length of what nobody sent')
}
