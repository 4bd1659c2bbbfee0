/** How far a download is, and how fast. */
import type { Clock } from './interfaces.ts'

/** Blocks, by where they came from. */
export interface BlockOrigins {
  /** They were in the local store. */
  fromStore: number
  /** Peers sent them. */
  fromPeers: number
  /** Recovered from parity: nobody had them. */
  recovered: number
}

/** A snapshot; every field is a figure at the time it was taken. */
export interface Progress {
  /** Bytes given to the caller, or for a prefetch: bytes of the blocks that are in the local store. */
  bytes: number
  /** Bytes that there will be; undefined until the manifest is here. */
  totalBytes?: number
  /** Blocks so far, by where they came from. */
  blocks: BlockOrigins
  /** Bytes a second, over the last seconds. */
  rate: number
  /** Peers that blocks are asked of now. */
  peers: number
  /** Milliseconds until the end at this rate; undefined while that is not known. */
  eta?: number
}

/** What a finished download came to. */
export interface DownloadFigures {
  /** Bytes given to the caller. */
  bytes: number
  blocks: BlockOrigins
  /** Ids of the peers that sent blocks. */
  peers: string[]
  /** Milliseconds from the first step of work to the end. */
  milliseconds: number
}

/** Milliseconds over which the rate is averaged. */
const WINDOW = 3_000
/** Milliseconds between two of the points that it is averaged over. */
const STEP = 100

/** Bytes a second over the last seconds. */
export class Rate {
  readonly #clock: Clock
  readonly #points: Array<{ at: number, bytes: number }>
  #bytes = 0

  constructor (clock: Clock) {
    this.#clock = clock
    this.#points = [{ at: clock.now(), bytes: 0 }]
  }

  add (bytes: number): void {
    this.#bytes += bytes
    const now = this.#clock.now()

    if (now - (this.#points.at(-1)?.at ?? 0) >= STEP) {
      this.#points.push({ at: now, bytes: this.#bytes })
    }

    while (this.#points.length > 2 && now - this.#points[1].at > WINDOW) {
      this.#points.shift()
    }
  }

  get value (): number {
    const [{ at, bytes }] = this.#points
    const elapsed = this.#clock.now() - at

    return elapsed > 0 ? (this.#bytes - bytes) * 1000 / elapsed : 0
  }
}
