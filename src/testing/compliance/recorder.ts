import { Waiters } from '../waiters.ts'
import type { ByteStream, ProtocolHandler, StreamReader } from '../../interfaces.ts'
import type { PeerId } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Something that changes, and can be waited for. */
class Observable {
  readonly #changed = new Waiters()

  protected changed (): void {
    this.#changed.resolve()
  }

  protected async until (condition: () => boolean): Promise<void> {
    while (!condition()) {
      await this.#changed.wait()
    }
  }
}

/** Keeps what a stream brings. */
export class RecordingReader extends Observable implements StreamReader {
  readonly #chunks: Uint8Array[] = []
  #ends: Array<Error | undefined> = []
  #bytes = 0

  onData (bytes: Uint8Array | Uint8ArrayList): void {
    for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
      this.#chunks.push(chunk)
    }

    this.#bytes += bytes.byteLength
    this.changed()
  }

  onEnd (reason?: Error): void {
    this.#ends.push(reason)
    this.changed()
  }

  /** How often it was told of an end. */
  get ends (): number {
    return this.#ends.length
  }

  /** Bytes so far. */
  get byteLength (): number {
    return this.#bytes
  }

  /** All bytes so far. */
  get content (): Uint8Array {
    const content = new Uint8Array(this.#bytes)
    let at = 0

    for (const chunk of this.#chunks) {
      content.set(chunk, at)
      at += chunk.byteLength
    }

    return content
  }

  /** Waits until so many bytes are here. */
  async bytes (count: number): Promise<void> {
    await this.until(() => this.#bytes >= count)
  }

  /** Waits for the end and resolves with its reason. */
  async ended (): Promise<Error | undefined> {
    await this.until(() => this.ends > 0)

    return this.#ends[0]
  }
}

/** A stream that a peer opened. */
export interface IncomingStream {
  stream: ByteStream
  peer: PeerId
  reader: RecordingReader
}

/** Keeps what a transport tells a protocol. */
export class RecordingHandler extends Observable implements ProtocolHandler {
  /** `connect` and `disconnect` with the peer's id, in order. */
  readonly events: string[] = []
  readonly #streams: IncomingStream[] = []

  onConnect (peer: PeerId): void {
    this.events.push(`connect ${peer}`)
    this.changed()
  }

  onDisconnect (peer: PeerId): void {
    this.events.push(`disconnect ${peer}`)
    this.changed()
  }

  onStream (stream: ByteStream, peer: PeerId): void {
    const reader = new RecordingReader()
    stream.read(reader)
    this.#streams.push({ stream, peer, reader })
    this.changed()
  }

  /** Waits until there are so many events. */
  async eventCount (count: number): Promise<void> {
    await this.until(() => this.events.length >= count)
  }

  /** Waits for the stream that came `index`-th, from 0. */
  async stream (index = 0): Promise<IncomingStream> {
    await this.until(() => this.#streams.length > index)

    return this.#streams[index]
  }
}
