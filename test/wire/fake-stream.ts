import { Uint8ArrayList } from 'uint8arraylist'
import type { ByteStream, StreamReader } from '../../src/interfaces.ts'

/** One side of a stream in memory. What is sent is there at once, unless the other side is told not to take it. */
export class FakeStream implements ByteStream {
  other!: FakeStream
  /** Why `abort` was called on this side. */
  aborted?: Error
  /** The other side takes nothing for now. */
  #stalled = false
  #ended = false
  #failed?: Error
  #reader?: StreamReader
  readonly #unread: Uint8ArrayList[] = []
  readonly #unsent: Uint8ArrayList[] = []
  readonly #waiting: Array<PromiseWithResolvers<void>> = []

  static pair (): [FakeStream, FakeStream] {
    const a = new FakeStream()
    const b = new FakeStream()
    a.other = b
    b.other = a

    return [a, b]
  }

  get isOpen (): boolean {
    return this.#failed == null
  }

  send (bytes: Uint8Array | Uint8ArrayList): boolean {
    this.#assertOpen()
    this.#unsent.push(new Uint8ArrayList(bytes))
    this.#flush()

    return this.#unsent.length === 0
  }

  async drained (): Promise<void> {
    this.#assertOpen()

    if (this.#unsent.length > 0) {
      const waiting = Promise.withResolvers<void>()
      this.#waiting.push(waiting)
      await waiting.promise
    }
  }

  read (reader: StreamReader): void {
    this.#reader = reader
    this.#unread.splice(0).forEach(bytes => { reader.onData(bytes) })
  }

  async close (): Promise<void> {
    this.other.end()
  }

  abort (reason: Error): void {
    if (this.aborted == null) {
      this.aborted = reason
      this.#reader = undefined
      this.#fail(reason)
      this.other.end(new Error('The stream was reset'))
    }
  }

  /** Takes no more of what is sent here, until it takes it again. */
  stall (stalled: boolean): void {
    this.#stalled = stalled
    this.#flush()
  }

  /** The other side sends no more: it closed, or the stream was reset. */
  end (reason?: Error): void {
    if (!this.#ended && this.aborted == null) {
      this.#ended = true

      if (reason != null) {
        this.#fail(reason)
      }

      this.#reader?.onEnd(reason)
    }
  }

  #assertOpen (): void {
    if (this.#failed != null) {
      throw this.#failed
    }
  }

  #flush (): void {
    if (this.#stalled) {
      return
    }

    this.#unsent.splice(0).forEach(bytes => { this.other.#receive(bytes) })
    this.#waiting.splice(0).forEach(({ resolve }) => { resolve() })
  }

  #receive (bytes: Uint8ArrayList): void {
    if (this.#reader == null) {
      this.#unread.push(bytes)
    } else {
      this.#reader.onData(bytes)
    }
  }

  #fail (reason: Error): void {
    this.#failed ??= reason
    this.#waiting.splice(0).forEach(({ reject }) => { reject(reason) })
  }
}
