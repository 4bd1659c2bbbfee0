import { frame } from './framing.ts'
import type { ByteStream } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Bytes of memory that something to be said takes, besides its index ranges. */
const ITEM_BYTES = 64
/** Bytes of memory of an index range. */
const RANGE_BYTES = 64

/** Something to say. Its messages are made when the stream can take them. */
interface Item {
  readonly messages: Iterator<Uint8Array>
  readonly cost: number
}

/** A large message that waits for room. */
interface Bulk {
  encode(): Uint8ArrayList
  resolve(): void
  reject(reason: unknown): void
}

export interface OutboundInit {
  /** Opens a stream to the peer. */
  open(signal: AbortSignal): Promise<ByteStream>
  /** The stream is open: it has to be read. */
  opened(stream: ByteStream): void
  /** Bytes of memory that what is to be said may take. */
  maxQueueBytes: number
  /** A message of this length went to the stream. */
  sent(bytes: number): void
  /** Less waits to be said than before. */
  said(): void
  /** The stream could not be opened, or has ended. `idle` says that nothing waited. Called from no call to `say`. */
  lost(reason: Error, idle: boolean): void
  /** The peer does not read: more than `maxQueueBytes` wait. Called from no call to `say`. */
  overflowed(): void
}

/**
 * What we say to a peer: one stream, opened when there is something to say and kept open. Small messages go before large
 * ones. After the stream is lost the next thing to say opens another.
 */
export class Outbound {
  readonly #init: OutboundInit
  readonly #queue: Item[] = []
  readonly #bulk: Bulk[] = []
  /** Those who wait for less to be said. */
  readonly #waiting: Array<() => void> = []
  #cost = 0
  #stream?: ByteStream
  /** The stream is being opened. */
  #opening?: AbortController
  /** The stream takes no more for now. */
  #full = false
  #closed?: Error

  constructor (init: OutboundInit) {
    this.#init = init
  }

  /** Nothing waits to be sent. */
  get isIdle (): boolean {
    return this.#saysNothing && this.#opening == null && !this.#full
  }

  /** Bytes of memory that what is to be said takes. */
  get queuedBytes (): number {
    return this.#cost
  }

  /** Undefined when there is room for something to say. Otherwise resolves when there is, or this is closed. */
  room (): Promise<void> | undefined {
    return this.#hasRoom ? undefined : new Promise(resolve => { this.#waiting.push(resolve) })
  }

  /** Opens the stream, where it is not, though nothing is to be said yet. */
  prepare (): void {
    if (this.#stream == null) {
      this.#open()
    }
  }

  /** Says something, in order. `ranges` is how many index ranges it holds until it is sent. */
  say (messages: Iterable<Uint8Array>, ranges = 0): void {
    if (this.#closed != null) {
      return
    }

    const item = { messages: messages[Symbol.iterator](), cost: ITEM_BYTES + ranges * RANGE_BYTES }
    this.#queue.push(item)
    this.#cost += item.cost

    if (this.#cost > this.#init.maxQueueBytes) {
      this.#queue.length = 0
      this.#cost = 0
      queueMicrotask(() => {
        if (this.#closed == null) {
          this.#init.overflowed()
        }
      })

      return
    }

    this.#pump()
  }

  /**
   * Sends a large message when all small ones are sent and the stream has room. Resolves when there is room again.
   *
   * @throws {Error} when this is closed, or the stream is lost, before the message is sent
   */
  async deliver (encode: () => Uint8ArrayList, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()

    if (this.#closed != null) {
      throw this.#closed
    }

    let onAbort = (): void => {}

    try {
      await new Promise<void>((resolve, reject) => {
        const bulk = { encode, resolve, reject }
        onAbort = () => {
          const at = this.#bulk.indexOf(bulk)

          if (at >= 0) {
            this.#bulk.splice(at, 1)
          }

          reject(signal?.reason)
        }
        signal?.addEventListener('abort', onAbort)
        this.#bulk.push(bulk)
        this.#pump()
      })
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** A stream has ended. Nothing happens when it is not the one that we send on. */
  ended (stream: ByteStream, reason: Error): void {
    if (this.#stream !== stream) {
      return
    }

    const idle = this.isIdle
    this.#stream = undefined
    this.#full = false
    stream.abort(reason)
    this.#rejectBulk(reason)
    queueMicrotask(() => {
      if (this.#closed == null) {
        this.#init.lost(reason, idle)
      }
    })
  }

  /** Ends the stream and forgets what was to be said. */
  close (reason: Error): void {
    this.#closed ??= reason
    this.#queue.length = 0
    this.#opening?.abort(reason)
    this.#stream?.abort(reason)
    this.#stream = undefined
    this.#rejectBulk(reason)
    this.#tellRoom()
  }

  get #saysNothing (): boolean {
    return this.#queue.length === 0 && this.#bulk.length === 0
  }

  #pump (): void {
    if (this.#stream == null) {
      if (!this.#saysNothing) {
        this.#open()
      }

      return
    }

    const stream = this.#stream

    while (!this.#full && this.#stream === stream) {
      const small = this.#nextSmall()
      const bulk = small == null ? this.#bulk.shift() : undefined
      const message = small ?? bulk?.encode()

      if (message == null) {
        return
      }

      this.#send(stream, message, bulk)
    }
  }

  /** The next message of what is to be said; undefined when there is none. */
  #nextSmall (): Uint8Array | undefined {
    while (this.#queue.length > 0) {
      const { value, done } = this.#queue[0].messages.next()

      if (done !== true) {
        return value
      }

      this.#cost -= this.#queue[0].cost
      this.#queue.shift()
      this.#init.said()
      this.#tellRoom()
    }
  }

  get #hasRoom (): boolean {
    return this.#closed != null || this.#cost <= this.#init.maxQueueBytes / 2
  }

  #tellRoom (): void {
    if (this.#hasRoom) {
      this.#waiting.splice(0).forEach(resolve => { resolve() })
    }
  }

  #send (stream: ByteStream, message: Uint8Array | Uint8ArrayList, bulk?: Bulk): void {
    const bytes = frame(message)
    const failed = (err: unknown): void => {
      bulk?.reject(err)
      this.ended(stream, toError(err))
    }
    let hasRoom: boolean

    try {
      hasRoom = stream.send(bytes)
    } catch (err) {
      failed(err)
      return
    }

    this.#init.sent(bytes.byteLength)

    if (hasRoom) {
      bulk?.resolve()
      return
    }

    this.#full = true
    stream.drained().then(() => {
      bulk?.resolve()

      if (this.#stream === stream) {
        this.#full = false
        this.#pump()
      }
    }, failed)
  }

  #open (): void {
    if (this.#opening != null || this.#closed != null) {
      return
    }

    const opening = new AbortController()
    this.#opening = opening

    this.#init.open(opening.signal).then(stream => {
      this.#opening = undefined

      if (this.#closed != null) {
        stream.abort(this.#closed)
        return
      }

      this.#stream = stream
      this.#init.opened(stream)
      this.#pump()
    }, err => {
      this.#opening = undefined

      if (this.#closed == null) {
        const idle = this.#saysNothing
        this.#rejectBulk(toError(err))
        this.#init.lost(toError(err), idle)
      }
    })
  }

  #rejectBulk (reason: Error): void {
    this.#bulk.splice(0).forEach(bulk => { bulk.reject(reason) })
  }
}

function toError (err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err))
}
