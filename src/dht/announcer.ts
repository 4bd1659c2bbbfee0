import { DialError } from '../errors.ts'
import { K } from './limits.ts'
import { keyOf } from './node-id.ts'
import type { Background } from './background.ts'
import type { DhtLimits } from './limits.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Clock, Random } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Milliseconds between two looks at what is due. */
const TICK_MS = 5_000
/** Milliseconds after which an announcement that reached nobody is tried again. */
const RETRY_MS = 30_000

interface Announced {
  readonly contentId: Uint8Array
  /** When it is to be announced again, in milliseconds of the clock. */
  due: number
  /** The announcement that succeeded last: when, the number of its record, and how many nodes were told. */
  last?: { at: number, seq: bigint, told: number }
  /** Those who wait for the announcement that comes next. */
  waiting: Array<PromiseWithResolvers<void>>
  running: boolean
}

export interface AnnouncerInit {
  clock: Clock
  random: Random
  limits: DhtLimits
  background: Background
  /** Our record as it is now. */
  record(): SignedPeerRecord
  /** Announces once. Resolves with how many nodes were told. */
  announce(contentId: Uint8Array, options: AbortOptions): Promise<number>
  /** Whether there is nobody that could be told. */
  isAlone(): boolean
  /** How many nodes we know. */
  nodes(): number
}

/** Announces contents, and again before others forget them, when our record has changed, or when there are more to tell. */
export class Announcer {
  readonly #init: AnnouncerInit
  readonly #announced = new Map<string, Announced>()
  #running = 0

  constructor (init: AnnouncerInit) {
    this.#init = init
    this.#tickLater()
  }

  get size (): number {
    return this.#announced.size
  }

  /**
   * Announces a content now, and from now on. The signal ends the waiting, not the announcing.
   *
   * @throws {DialError} when nobody could be told; it goes on trying
   */
  async provide (contentId: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    const { clock, limits, background } = this.#init
    const controller = background.link(signal)
    controller.signal.throwIfAborted()
    const key = keyOf(contentId)
    const entry = this.#announced.get(key) ?? { contentId, due: clock.now(), waiting: [], running: false }
    const waiting = Promise.withResolvers<void>()
    const abort = (): void => { waiting.reject(controller.signal.reason) }
    controller.signal.addEventListener('abort', abort)
    entry.waiting.push(waiting)
    this.#announced.set(key, entry)

    if (this.#announced.size > limits.announced) {
      const [oldest] = this.#announced.keys()
      this.withdraw(oldest)
    }

    try {
      this.#next()
      await waiting.promise
    } finally {
      controller.signal.removeEventListener('abort', abort)
      controller.abort()
    }
  }

  /** Announces a content no more; others forget it by themselves. */
  withdraw (key: string): void {
    this.#announced.get(key)?.waiting.forEach(({ resolve }) => { resolve() })
    this.#announced.delete(key)
  }

  #tickLater (): void {
    const { background, limits } = this.#init

    background.after(Math.min(TICK_MS, limits.announceInterval / 4), () => {
      this.#tickLater()
      this.#next()
    })
  }

  #next (): void {
    const { background, limits } = this.#init

    while (this.#running < limits.announcing && !background.signal.aborted) {
      const entry = this.#due()

      if (entry == null) {
        return
      }

      background.run(async () => this.#announce(entry))
    }
  }

  /** What somebody waits for, else what is due. */
  #due (): Announced | undefined {
    const { clock, record, nodes } = this.#init
    const now = clock.now()
    const { seq } = record()
    const known = Math.min(nodes(), K)
    let due: Announced | undefined

    for (const entry of this.#announced.values()) {
      if (entry.waiting.length > 0 && !entry.running) {
        return entry
      }

      const { last } = entry
      // the first of a network announces before others are there
      const isStale = last != null && (last.seq < seq || (last.told < known && last.at + TICK_MS <= now))

      if (!entry.running && (entry.due <= now || isStale)) {
        due ??= entry
      }
    }

    return due
  }

  async #announce (entry: Announced): Promise<void> {
    const { clock, random, limits, background, record, announce, isAlone } = this.#init
    const waiting = entry.waiting.splice(0)
    const { seq, addresses } = record()
    this.#running++
    entry.running = true

    try {
      // who cannot be reached has nothing to announce
      const told = addresses.length === 0 ? 0 : await announce(entry.contentId, { signal: background.signal })

      if (told === 0 && addresses.length > 0 && !isAlone()) {
        throw new DialError('no node of the DHT could be told')
      }

      entry.due = clock.now() + limits.announceInterval * (0.9 + random() / 10)
      entry.last = { at: clock.now(), seq, told: addresses.length === 0 ? K : told }
      waiting.forEach(({ resolve }) => { resolve() })
    } catch (err) {
      entry.due = clock.now() + Math.min(RETRY_MS, limits.announceInterval)
      waiting.forEach(({ reject }) => { reject(err) })
    } finally {
      this.#running--
      entry.running = false
      this.#next()
    }
  }
}
