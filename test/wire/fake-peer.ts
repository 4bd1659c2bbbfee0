import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { DialError } from '../../src/errors.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { encodeMessage } from '../../src/wire/codex/encode.ts'
import { Message } from '../../src/wire/codex/message.ts'
import { frame, FrameDecoder } from '../../src/wire/framing.ts'
import { FakeStream } from './fake-stream.ts'
import type { ByteStream, ProtocolHandler, Transport } from '../../src/interfaces.ts'
import type { MessageContent } from '../../src/wire/codex/encode.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

const [us, them] = await Promise.all(Array.from({ length: 2 }, async () => {
  return peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
}))

/** A transport on which there is one other peer: the test, that says and hears messages by hand. */
export class FakePeer implements Transport {
  readonly peerId = us
  /** The other peer's id. */
  readonly id = them
  readonly clock = new VirtualClock()
  handler?: ProtocolHandler
  /** The peer's sides of the streams that were opened to it, and what came on each. */
  readonly streams: Array<{ stream: FakeStream, messages: Message[] }> = []
  /** Our sides of the streams that it opened. */
  readonly opened: FakeStream[] = []
  /** Whether a stream to it can be opened. */
  refuses = false
  /** Streams take nothing that is sent to the peer. */
  stalls = false

  /** All that came, in order. */
  get messages (): Message[] {
    return this.streams.flatMap(({ messages }) => messages)
  }

  connect (): Promise<PeerId> {
    this.handler?.onConnect(them)
    return Promise.resolve(them)
  }

  disconnect (): void {
    this.handler?.onDisconnect(them)
  }

  /** Opens a stream to us. */
  open (): FakeStream {
    const [ours, theirs] = FakeStream.pair()
    this.opened.push(ours)
    theirs.read({ onData () {}, onEnd () {} })
    this.handler?.onStream(ours, them)

    return theirs
  }

  /** Says something on a stream of its own; in vain where that was reset at once. */
  say (content: MessageContent, stream: FakeStream = this.open()): FakeStream {
    if (stream.isOpen) {
      stream.send(frame(encodeMessage(content)))
    }

    return stream
  }

  addresses (): [] {
    return []
  }

  async register (_: string, handler: ProtocolHandler): Promise<void> {
    this.handler = handler
  }

  async unregister (): Promise<void> {
    this.handler = undefined
  }

  async openStream (peer: PeerId, protocol: string, options?: AbortOptions): Promise<ByteStream> {
    options?.signal?.throwIfAborted()

    if (this.refuses) {
      throw new DialError('Refused')
    }

    const [ours, theirs] = FakeStream.pair()
    const messages: Message[] = []
    const decoder = new FrameDecoder({
      limit: () => Infinity,
      onMessage: message => { messages.push(Message.decode(message)) }
    })
    theirs.read({
      onData: (bytes: Uint8Array | Uint8ArrayList) => { decoder.push(bytes) },
      onEnd () {}
    })
    ours.stall(this.stalls)
    this.streams.push({ stream: theirs, messages })

    return ours
  }

  start (): void {}
  stop (): void {}
}
