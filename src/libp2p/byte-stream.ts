import { StreamStateError } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import type { ByteStream, StreamReader } from '../interfaces.ts'
import type { AbortOptions, Stream } from '@libp2p/interface'

/**
 * Bytes handed to libp2p at a time: with the muxer's header they fill one noise frame. libp2p says that it can take more
 * each time the socket has taken something, however much waits above it. Handing over a whole message each time would let
 * that queue grow without end before a slow reader; what waits, waits here.
 */
const PIECE_BYTES = 65_500

/** Milliseconds, the longest that a timer can wait: a stream is kept while there is nothing to say. */
const KEPT_OPEN = 2 ** 31 - 1

/** A libp2p stream as an ordered stream of bytes. It is never paused: what comes is read at once. */
export class Libp2pByteStream implements ByteStream {
  readonly #stream: Stream
  readonly #unsent = new Uint8ArrayList()
  #waiting: Array<PromiseWithResolvers<void>> = []
  /** Why nothing more can be sent. */
  #unwritable?: Error
  #reader?: StreamReader
  /** Set when the other side sends no more. */
  #ended?: { reason?: Error }

  constructor (stream: Stream) {
    this.#stream = stream
    stream.inactivityTimeout = KEPT_OPEN

    stream.addEventListener('drain', () => {
      // in a microtask of its own the stream first sends what it still holds
      queueMicrotask(() => { this.#flush() })
    })
    stream.addEventListener('end', () => { this.#onEnd() })
    stream.addEventListener('close', ({ error }) => { this.#onClose(error) })

    if (!this.#isOpen) {
      this.#onClose()
    } else if (stream.readableEnded) {
      this.#onEnd()
    }
  }

  send (bytes: Uint8Array | Uint8ArrayList): boolean {
    this.#assertWritable()
    this.#unsent.append(bytes)
    this.#flush()
    this.#assertWritable()

    return !this.#isFull
  }

  async drained (options: AbortOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.#assertWritable()

    if (this.#isFull) {
      await this.#room(options.signal)
    }
  }

  read (reader: StreamReader): void {
    if (this.#reader != null) {
      throw new StreamStateError('The stream has a reader already')
    }

    this.#reader = reader
    // hands over what came before, in a microtask
    this.#stream.addEventListener('message', ({ data }) => { this.#reader?.onData(data) })

    if (this.#ended != null) {
      const { reason } = this.#ended
      queueMicrotask(() => { this.#reader?.onEnd(reason) })
    }
  }

  async close (): Promise<void> {
    if (this.#unwritable != null) {
      return
    }

    const flushed = this.#isFull ? this.#room() : undefined
    this.#unwritable = new StreamStateError('The stream was closed')

    try {
      await flushed
      await this.#stream.close()
    } catch (err) {
      this.abort(toError(err))
    }
  }

  abort (reason: Error): void {
    this.#reader = undefined
    this.#fail(reason)
    this.#stream.abort(reason)
  }

  get #isOpen (): boolean {
    return this.#stream.status === 'open' || this.#stream.status === 'closing'
  }

  get #isFull (): boolean {
    return this.#unsent.byteLength > 0 || this.#stream.writableNeedsDrain
  }

  #assertWritable (): void {
    if (this.#unwritable != null) {
      throw this.#unwritable
    }
  }

  async #room (signal?: AbortSignal): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    const onAbort = (): void => { waiting.reject(signal?.reason) }
    this.#waiting.push(waiting)
    signal?.addEventListener('abort', onAbort)

    try {
      await waiting.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #flush (): void {
    try {
      while (this.#unsent.byteLength > 0 && !this.#stream.writableNeedsDrain) {
        const piece = this.#unsent.sublist(0, Math.min(PIECE_BYTES, this.#unsent.byteLength))
        this.#unsent.consume(piece.byteLength)
        this.#stream.send(piece)
      }
    } catch (err) {
      this.#fail(toError(err))
      this.#stream.abort(toError(err))
    }

    if (!this.#isFull) {
      this.#waiting.splice(0).forEach(({ resolve }) => { resolve() })
    }
  }

  #onEnd (): void {
    // when the stream is reset 'close' follows, and says why
    if (this.#isOpen) {
      this.#end()
    }
  }

  #onClose (reason?: Error): void {
    this.#fail(reason ?? new StreamStateError('The stream is closed'))
    this.#end(reason)
  }

  #fail (reason: Error): void {
    this.#unwritable ??= reason
    this.#unsent.consume(this.#unsent.byteLength)
    this.#waiting.splice(0).forEach(({ reject }) => { reject(reason) })
  }

  #end (reason?: Error): void {
    if (this.#ended == null) {
      this.#ended = { reason }
      this.#reader?.onEnd(reason)
    }
  }
}

function toError (err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err))
}
