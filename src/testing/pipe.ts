import { KiB } from '../constants.ts'
import type { Flow, Packet } from './packet.ts'
import type { Clock } from '../interfaces.ts'

/** Milliseconds that a pipe gives to one flow at a stretch. */
const SLICE_MS = 10
const MIN_SLICE_BYTES = 4 * KiB
const MAX_SLICE_BYTES = 64 * KiB

/**
 * A peer's uplink or downlink: a bandwidth that flows share, a packet at a time, in turns.
 */
export class Pipe {
  readonly #clock: Clock
  readonly #rate: () => number
  readonly #out: (packet: Packet) => void
  readonly #urgent = new Set<Flow>()
  readonly #round = new Set<Flow>()
  #freeAt = 0
  #busy = false
  #paused = false
  #held?: Packet

  /**
   * @param clock - what its packets take time of
   * @param rate - bytes a second, `Infinity` for no limit; asked for each packet
   * @param out - takes the packets that have come through
   */
  constructor (clock: Clock, rate: () => number, out: (packet: Packet) => void) {
    this.#clock = clock
    this.#rate = rate
    this.#out = out
  }

  /** The flow has packets. It is asked for them until it has none. */
  wake (flow: Flow): void {
    this.#round.add(flow)
    this.#serve()
  }

  /** As `wake`, for a flow whose packets go before those of the others. */
  wakeUrgent (flow: Flow): void {
    this.#urgent.add(flow)
    this.#serve()
  }

  /** Nothing comes through until `resume`. */
  pause (): void {
    this.#paused = true
  }

  resume (): void {
    if (!this.#paused) {
      return
    }

    this.#paused = false
    this.#freeAt = this.#clock.now()

    if (this.#held != null) {
      const packet = this.#held
      this.#held = undefined
      this.#finish(packet)
    } else {
      this.#serve()
    }
  }

  #serve (): void {
    while (!this.#busy && !this.#paused) {
      const rate = this.#rate()
      const packet = this.#next(sliceBytes(rate))

      if (packet == null) {
        return
      }

      this.#busy = true
      const ms = this.#admit(packet, rate)

      if (ms > 0) {
        this.#clock.setTimeout(() => { this.#finish(packet) }, ms)
        return
      }

      this.#out(packet)
      this.#busy = false
    }
  }

  /**
   * Books the time for a packet and returns in how many milliseconds it is through. Its first byte came when the pipe
   * before began with it, so this one may have been taking it in since then.
   */
  #admit (packet: Packet, rate: number): number {
    const now = this.#clock.now()
    const spent = packet.bytes * 1000 / rate
    this.#freeAt = Math.max(this.#freeAt, now - packet.spent) + spent
    packet.spent = spent

    return this.#freeAt - now
  }

  #finish (packet: Packet): void {
    if (this.#paused) {
      this.#held = packet
      return
    }

    this.#out(packet)
    this.#busy = false
    this.#serve()
  }

  #next (maxBytes: number): Packet | undefined {
    return nextOf(this.#urgent, maxBytes) ?? nextOf(this.#round, maxBytes)
  }
}

/** The first packet of the round; its flow goes to the end of the round, those that have nothing leave it. */
function nextOf (round: Set<Flow>, maxBytes: number): Packet | undefined {
  for (const flow of round) {
    round.delete(flow)
    const packet = flow.next(maxBytes)

    if (packet != null) {
      round.add(flow)
      return packet
    }
  }
}

function sliceBytes (rate: number): number {
  return Math.floor(Math.min(MAX_SLICE_BYTES, Math.max(MIN_SLICE_BYTES, rate * SLICE_MS / 1000)))
}
