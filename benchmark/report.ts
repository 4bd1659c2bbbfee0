/** One result: as fields, and as a line to read. */
export interface Result {
  figures: Record<string, unknown>
  line: string
}

export interface BenchOptions {
  json: boolean
  /** What `--size` says: `64MiB` as 67,108,864, a number without a unit as it is. Each benchmark has a size of its own. */
  size?: number
}

export type Bench = (options: BenchOptions) => AsyncIterable<Result>

/** What repeated measurements of the same thing gave. */
export interface Spread {
  median: number
  min: number
  max: number
}

const UNITS: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }
/** A size without a unit below this is in MiB where a benchmark counts bytes. */
const FEWEST_BYTES = 2 ** 16

/** `--size`: a number, and perhaps KiB, MiB or GiB. */
export function parseSize (text: string): number {
  const [, number, unit] = /^([\d_]+)\s*(KiB|MiB|GiB|)$/i.exec(text) ?? []
  const factor = Object.entries(UNITS).find(([name]) => name.toLowerCase() === unit?.toLowerCase())?.[1]

  if (factor == null) {
    throw new Error(`--size is a number, perhaps with KiB, MiB or GiB: ${text}`)
  }

  return Number(number.replaceAll('_', '')) * factor
}

/** A size in bytes; a small number counts as MiB. */
export function bytesOf (size: number): number {
  return size < FEWEST_BYTES ? size * UNITS.MiB : size
}

export function spread (values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2

  return { median, min: sorted[0], max: sorted[sorted.length - 1] }
}

/** With so many digits after the point, without needless ones. */
export function rounded (value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
