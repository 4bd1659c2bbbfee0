/**
 * Peers that break the protocol itself. Each misbehaviour is a loop of a raw peer against one other: it has a transport
 * and no engine, and goes on until it is told to stop.
 */
import { blockCid, treeCid } from '../../dataset/codecs.ts'
import { accountMessage, deliveryMessage, encodeMessage, presenceMessages, wantMessages } from '../../wire/codex/encode.ts'
import { codexProtocol } from '../../wire/codex/protocol.ts'
import { frame } from '../../wire/framing.ts'
import { seededContent } from '../corpus.ts'
import { delay } from '../delay.ts'
import { int } from '../random.ts'
import type { ByteStream, Clock, Random, Transport } from '../../interfaces.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Uint8ArrayList } from 'uint8arraylist'

/** What a raw peer can do to another. */
export const MISBEHAVIOURS = [
  'garbage', 'oversized', 'truncated', 'slow drip', 'half open', 'streams', 'connections', 'reconnects',
  'want flood', 'cancel flood', 'presence flood', 'unasked blocks', 'accounts'
] as const

/** One of them. */
export type Misbehaviour = typeof MISBEHAVIOURS[number]

export interface MisbehaviourInit {
  transport: Transport & { disconnect(peer: PeerId): void }
  victim: PeerId
  clock: Clock
  random: Random
  /** Roots that the victim knows; it is asked and told of others too. */
  roots: CID[]
  signal: AbortSignal
}

/** Misbehaves until `signal` aborts; never throws. */
export async function misbehave (kind: Misbehaviour, init: MisbehaviourInit): Promise<void> {
  const raw = new RawPeer(init)
  await raw.start()

  while (!init.signal.aborted) {
    try {
      await init.transport.connect(init.victim, { signal: init.signal })
      await raw[kind]()
    } catch {
      // it was cut off: once more
    }

    await delay(init.clock, 100, { signal: init.signal }).catch(() => {})
  }

  await raw.stop()
}

class RawPeer implements Record<Misbehaviour, () => Promise<void>> {
  readonly #init: MisbehaviourInit
  readonly #content = seededContent(1)

  constructor (init: MisbehaviourInit) {
    this.#init = init
  }

  async start (): Promise<void> {
    const ignore = (stream: ByteStream): void => { stream.read({ onData () {}, onEnd () {} }) }
    await this.#init.transport.register(codexProtocol().id, { onConnect () {}, onDisconnect () {}, onStream: ignore })
  }

  async stop (): Promise<void> {
    await this.#init.transport.unregister(codexProtocol().id)
    this.#init.transport.disconnect(this.#init.victim)
  }

  async 'garbage' (): Promise<void> {
    const stream = await this.#open()

    for (let i = 0; i < 20; i++) {
      await this.#send(stream, this.#noise(int(this.#init.random, 1, 5_000)))
    }
  }

  async 'oversized' (): Promise<void> {
    const stream = await this.#open()
    await this.#send(stream, new Uint8Array([0x80, 0x80, 0x80, 0x30]))

    for (let i = 0; i < 50; i++) {
      await this.#send(stream, new Uint8Array(65_536))
    }
  }

  async 'truncated' (): Promise<void> {
    const stream = await this.#open()
    const message = frame(accountMessage(new Uint8Array(20))).subarray()
    await this.#send(stream, message.subarray(0, message.byteLength - 3))
    await stream.close()
    await this.#wait(50)
  }

  async 'slow drip' (): Promise<void> {
    const stream = await this.#open()

    for (const byte of frame(accountMessage(new Uint8Array(20))).subarray()) {
      await this.#send(stream, new Uint8Array([byte]))
      await this.#wait(50)
    }
  }

  async 'half open' (): Promise<void> {
    const stream = await this.#open()
    await stream.close()
    await this.#open()
    await this.#wait(5_000)
  }

  async 'streams' (): Promise<void> {
    for (let i = 0; i < 100; i++) {
      await this.#open()
    }

    await this.#wait(1_000)
  }

  async 'connections' (): Promise<void> {
    this.#init.transport.disconnect(this.#init.victim)
  }

  async 'reconnects' (): Promise<void> {
    await this.#wait(100)
    this.#init.transport.disconnect(this.#init.victim)
  }

  async 'want flood' (): Promise<void> {
    await this.#flood(root => wantMessages(root, [{ start: 0, end: 4_000 }], 'have', () => false))
    await this.#flood(root => wantMessages(root, [{ start: 0, end: 4_000 }], 'block', () => false))
  }

  async 'cancel flood' (): Promise<void> {
    await this.#flood(root => wantMessages(root, [{ start: 0, end: 4_000 }], 'cancel', () => false))
  }

  async 'presence flood' (): Promise<void> {
    await this.#flood(root => presenceMessages(root, { have: [{ start: 0, end: 2_000 }], absent: [{ start: 2_000, end: 4_000 }], price: 0n }))
  }

  async 'unasked blocks' (): Promise<void> {
    await this.#flood(root => [deliveryMessage(root, [0, 1, 2].map(index => ({ index, cid: blockCid(this.#noise(32)), data: this.#noise(4_096) })))])
  }

  async 'accounts' (): Promise<void> {
    await this.#flood(() => [accountMessage(this.#noise(20)), encodeMessage({ pendingBytes: 1 })])
  }

  async #flood (messages: (root: CID) => Iterable<Uint8Array | Uint8ArrayList>): Promise<void> {
    const { roots } = this.#init
    const stream = await this.#open()

    for (let i = 0; i < 50; i++) {
      for (const message of messages(i % 2 === 0 && roots.length > 0 ? roots[i % roots.length] : treeCid(this.#noise(32)))) {
        await this.#send(stream, frame(message).subarray())
      }
    }
  }

  async #open (): Promise<ByteStream> {
    const { transport, victim, signal } = this.#init
    const stream = await transport.openStream(victim, codexProtocol().id, { signal })
    stream.read({ onData () {}, onEnd () {} })

    return stream
  }

  async #send (stream: ByteStream, bytes: Uint8Array): Promise<void> {
    this.#init.signal.throwIfAborted()

    if (!stream.send(bytes)) {
      await stream.drained({ signal: this.#init.signal })
    }
  }

  async #wait (ms: number): Promise<void> {
    await delay(this.#init.clock, ms, { signal: this.#init.signal })
  }

  #noise (size: number): Uint8Array {
    return this.#content(size, int(this.#init.random, 0, 1_000_000))
  }
}
