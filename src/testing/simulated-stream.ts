import { StreamBufferError, StreamResetError, StreamStateError } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { KiB } from '../constants.ts'
import { Waiters } from './waiters.ts'
import type { Flow, Packet, PacketKind } from './packet.ts'
import type { ByteStream, StreamReader } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'

type Bytes = Uint8Array | Uint8ArrayList

/** Bytes of small writes that go together. */
const SMALL = 4 * KiB

/** What carries a stream: its side of a connection. */
export interface StreamCarrier {
  /** Bytes that a stream may have under way before the other side has taken them. */
  readonly windowBytes: number
  /** Bytes that a stream queues before `send` returns false. */
  readonly highWaterMark: number
  /** Bytes that may have come before there is a reader; with more the stream is reset. */
  readonly readBufferBytes: number
  /** The stream has something to send: it will be asked for it. */
  wake(stream: SimulatedStream): void
  packet(kind: PacketKind, arrive: () => void, stream: number, bytes?: number): Packet
  /** Sends a packet that does not wait for the stream's bytes. */
  post(packet: Packet): void
  /** The stream is done. */
  leave(stream: SimulatedStream): void
}

/** One side of a stream between simulated peers. What is sent is handed over as it is, not copied. */
export class SimulatedStream implements ByteStream, Flow {
  readonly id: number
  readonly #carrier: StreamCarrier
  readonly #drains = new Waiters()
  readonly #flushed = new Waiters()
  #other?: SimulatedStream

  #writable: 'open' | 'closing' | 'closed' = 'open'
  #queue: Bytes[] = []
  /** Bytes in `#queue`. */
  #queued = 0
  /** Bytes that left the queue and that the other side's reader has not got. */
  #underWay = 0

  #reader?: StreamReader
  /** What came before there was a reader. */
  #unread: Bytes[] = []
  /** Set when the other side sends no more. */
  #ended?: { reason?: Error }

  constructor (id: number, carrier: StreamCarrier) {
    this.id = id
    this.#carrier = carrier
  }

  /** Whether someone reads, or there is nothing left to read. */
  get isAttended (): boolean {
    return this.#reader != null || this.#ended != null
  }

  send (bytes: Bytes): boolean {
    this.#assertWritable()

    if (bytes.byteLength > 0) {
      this.#queue.push(bytes)
      this.#queued += bytes.byteLength
      this.#carrier.wake(this)
    }

    return !this.#isFull
  }

  async drained (options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    this.#assertWritable()

    if (this.#isFull) {
      await this.#drains.wait(options)
    }
  }

  read (reader: StreamReader): void {
    if (this.#reader != null) {
      throw new StreamStateError('The stream has a reader already')
    }

    this.#reader = reader
    const unread = this.#unread
    this.#unread = []

    unread.forEach(bytes => { this.#handOver(bytes) })
    this.#tellEnd()
  }

  async close (): Promise<void> {
    if (this.#writable === 'closed') {
      return
    }

    const flushed = this.#flushed.wait()

    if (this.#writable === 'open') {
      this.#writable = 'closing'
      this.#drains.reject(new StreamStateError('The stream was closed'))
      this.#carrier.wake(this)
    }

    await flushed
  }

  abort (reason: Error): void {
    if (this.#isDone) {
      return
    }

    this.forget(reason)

    if (this.#other != null) {
      this.#resetOther(this.#other)
    }
  }

  /** The other side took the stream. */
  join (other: SimulatedStream): void {
    this.#other = other

    if (this.#isDone) {
      this.#resetOther(other)
    }
  }

  /** Ends both directions; the reader is told. */
  lose (reason: Error): void {
    this.#stopWriting(reason)
    this.endReading(reason)
  }

  /** Ends both directions; the reader is told nothing more. */
  forget (reason: Error): void {
    this.#reader = undefined
    this.#unread = []
    this.lose(reason)
  }

  next (maxBytes: number): Packet | undefined {
    if (this.#queue.length === 0) {
      return this.#writable === 'closing' ? this.#finish() : undefined
    }

    if (this.#underWay >= this.#carrier.windowBytes) {
      return
    }

    const data = this.#take(maxBytes)
    const bytes = data.byteLength
    this.#queued -= bytes
    this.#underWay += bytes

    if (!this.#isFull) {
      this.#drains.resolve()
    }

    return this.#carrier.packet('data', () => { this.#other?.receive(data) }, this.id, bytes)
  }

  get #isFull (): boolean {
    return this.#queued > this.#carrier.highWaterMark
  }

  get #isDone (): boolean {
    return this.#writable === 'closed' && this.#ended != null
  }

  #assertWritable (): void {
    if (this.#writable !== 'open') {
      throw new StreamStateError('The stream is closed')
    }
  }

  /** The first bytes of the queue: a part of one write, or several small ones together. None waits for large ones behind it. */
  #take (maxBytes: number): Bytes {
    const queue = this.#queue
    const first = queue[0]

    if (first.byteLength > maxBytes) {
      queue[0] = part(first, maxBytes, first.byteLength)
      return part(first, 0, maxBytes)
    }

    queue.shift()

    const most = Math.min(maxBytes, SMALL)

    if (queue.length === 0 || first.byteLength + queue[0].byteLength > most) {
      return first
    }

    const together = new Uint8ArrayList(first)

    while (queue.length > 0 && together.byteLength + queue[0].byteLength <= most) {
      together.append(queue[0])
      queue.shift()
    }

    return together
  }

  /** Everything is sent: our direction ends. */
  #finish (): Packet {
    this.#stopWriting(new StreamStateError('The stream was closed'))

    return this.#carrier.packet('end', () => { this.#other?.endReading() }, this.id)
  }

  /** Bytes of the other side. */
  receive (bytes: Bytes): void {
    if (this.#ended != null) {
      return
    }

    if (this.#reader == null) {
      this.#unread.push(bytes)

      if (this.#unread.reduce((sum, { byteLength }) => sum + byteLength, 0) > this.#carrier.readBufferBytes) {
        this.abort(new StreamBufferError(`More than ${this.#carrier.readBufferBytes} bytes came and nobody reads them`))
      }
    } else {
      this.#handOver(bytes)
    }
  }

  #handOver (bytes: Bytes): void {
    this.#reader?.onData(bytes)
    this.#other?.credit(bytes.byteLength)
  }

  /** The other side took bytes: more may go on their way. */
  credit (bytes: number): void {
    this.#underWay -= bytes
    this.#carrier.wake(this)
  }

  #resetOther (other: SimulatedStream): void {
    const reset = (): void => { other.lose(new StreamResetError('The other side aborted the stream')) }
    this.#carrier.post(this.#carrier.packet('reset', reset, this.id))
  }

  #stopWriting (reason: Error): void {
    this.#writable = 'closed'
    this.#queue = []
    this.#queued = 0
    this.#drains.reject(reason)
    this.#flushed.resolve()
    this.#leaveWhenDone()
  }

  /** The other side sends no more. */
  endReading (reason?: Error): void {
    if (this.#ended == null) {
      this.#ended = { reason }
      this.#tellEnd()
      this.#leaveWhenDone()
    }
  }

  #tellEnd (): void {
    if (this.#ended != null) {
      this.#reader?.onEnd(this.#ended.reason)
    }
  }

  #leaveWhenDone (): void {
    if (this.#isDone) {
      this.#carrier.leave(this)
    }
  }
}

function part (bytes: Bytes, start: number, end: number): Bytes {
  return bytes instanceof Uint8Array ? bytes.subarray(start, end) : bytes.sublist(start, end)
}
