import { MESSAGE_COST } from './limits.ts'
import type { WireLimits } from './limits.ts'
import type { Clock } from '../interfaces.ts'

export interface InboxInit {
  readonly clock: Clock
  readonly limits: WireLimits
  /** Reads a message, and charges for it. */
  receive(message: Uint8Array): void
  /** More wait than `limits.waitingBytes`. */
  overflowed(): void
}

/**
 * What a peer says, as fast as it may. What nobody asked for is paid for after it is read: while a peer is in debt its
 * messages wait, in order, until `unaskedRate` has paid it back.
 */
export class Inbox {
  readonly #init: InboxInit
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Bytes that may be sent unasked now; below 0 it is a debt. */
  #credit: number
  #countedAt: number
  #timer: unknown

  constructor (init: InboxInit) {
    this.#init = init
    this.#credit = init.limits.unaskedBurst
    this.#countedAt = init.clock.now()
  }

  /** Bytes of the messages that wait, and of what it takes to keep them. */
  get waitingBytes (): number {
    return this.#waitingBytes
  }

  /** The peer caused more than may wait. */
  get isOverdrawn (): boolean {
    return this.#credit < -this.#init.limits.waitingBytes
  }

  push (message: Uint8Array): void {
    this.#refill()

    if (this.#waiting.length === 0 && this.#credit >= 0) {
      this.#init.receive(message)
      return
    }

    this.#waiting.push(message)
    this.#waitingBytes += message.byteLength + MESSAGE_COST

    if (this.#waitingBytes > this.#init.limits.waitingBytes) {
      this.#init.overflowed()
    } else {
      this.#wake()
    }
  }

  /** Lets the peer pay for something that it caused. */
  charge (bytes: number): void {
    this.#refill()
    this.#credit -= bytes
  }

  /** Forgets what waits. */
  clear (): void {
    this.#init.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting.length = 0
    this.#waitingBytes = 0
  }

  #refill (): void {
    const { clock, limits } = this.#init
    const now = clock.now()
    this.#credit = Math.min(limits.unaskedBurst, this.#credit + (now - this.#countedAt) * limits.unaskedRate / 1000)
    this.#countedAt = now
  }

  #wake (): void {
    const { clock, limits } = this.#init

    this.#timer ??= clock.setTimeout(() => {
      this.#timer = undefined
      this.#refill()

      while (this.#waiting.length > 0 && this.#credit >= 0) {
        const message = this.#waiting.shift() as Uint8Array
        this.#waitingBytes -= message.byteLength + MESSAGE_COST
        this.#init.receive(message)
      }

      if (this.#waiting.length > 0) {
        this.#wake()
      }
    }, Math.ceil(Math.max(0, -this.#credit) * 1000 / limits.unaskedRate))
  }
}
