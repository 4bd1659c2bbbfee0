import { locate } from './locator.ts'
import { rowBytes, writeRow } from './rows.ts'
import type { Field } from './field.ts'

/** Which blocks are there and which are missing. */
export interface Loss {
  /** Number of data blocks. */
  dataCount: number
  /** Positions of the parity: the next power of two of its number. Data follows. */
  parityPositions: number
  /** Indices of the missing data blocks, rising. */
  missing: number[]
  /** Indices of as many parity blocks that are there, rising. */
  spare: number[]
}

/**
 * How to recover. Inputs are the spare parity, then the data that is there; each is at a position.
 *
 * `combine` multiplies each input for each output, which is little when few are missing: the rows are those of
 * Lagrange's formula, by input, then by output. `transform` is Leopard's: a row for each input, then one for each output.
 */
export interface Plan {
  method: 'combine' | 'transform'
  inputs: number[]
  outputs: number[]
  /** Number of positions: a power of two. Those from `used` on belong to no block. */
  positions: number
  used: number
  rows: Uint8Array
}

/** Products that `combine` makes in the time that `transform` takes for one layer of one block. Measured. */
const PRODUCTS = { 8: 1, 16: 0.5 }
/** Bytes of the rows of `combine`. */
const MAX_COMBINE_ROWS = 1024 * 1024

export function makePlan (field: Field, loss: Loss, method?: Plan['method']): Plan {
  const { dataCount, parityPositions, missing, spare } = loss
  const used = parityPositions + dataCount
  const positions = nextPowerOfTwo(used)
  const erased = new Uint8Array(positions)
  erased.fill(1, 0, parityPositions)
  spare.forEach(i => { erased[i] = 0 })
  missing.forEach(i => { erased[parityPositions + i] = 1 })

  const inputs: number[] = []

  for (let position = 0; position < used; position++) {
    if (erased[position] === 0) {
      inputs.push(position)
    }
  }

  const outputs = missing.map(i => parityPositions + i)
  const products = inputs.length * outputs.length
  const combine = products <= PRODUCTS[field.bits] * positions * Math.log2(positions) &&
    products * rowBytes(field) <= MAX_COMBINE_ROWS
  const chosen = method ?? (combine ? 'combine' : 'transform')
  const locators = locate(field, erased)
  const logs = chosen === 'combine'
    ? inputs.flatMap(i => outputs.map(o => locators[i] - locators[o] - field.log[i ^ o]))
    : [...inputs.map(i => locators[i]), ...outputs.map(o => -locators[o])]
  const size = rowBytes(field)
  const rows = new Uint8Array(logs.length * size)
  logs.forEach((log, i) => { writeRow(field, (log + 2 * field.modulus) % field.modulus, rows, i * size) })

  return { method: chosen, inputs, outputs, positions, used, rows }
}

export function nextPowerOfTwo (n: number): number {
  return 2 ** Math.ceil(Math.log2(n))
}
