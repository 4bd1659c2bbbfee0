import { multiply } from './field.ts'
import type { Field } from './field.ts'

/** Bytes of a row. */
export function rowBytes (field: Field): number {
  return field.bits === 8 ? 32 : 128
}

/**
 * Writes the row of the factor whose logarithm is `log`: what kernels multiply by. It is the products of the factor with each value of each of an
 * element's nibbles, the lowest first. In GF(2^16), the low bytes of all these products come before their high bytes.
 */
export function writeRow (field: Field, log: number, rows: Uint8Array, at: number): void {
  const size = rowBytes(field)
  const half = size / 2
  rows.fill(0, at, at + size)

  for (let bit = 0; bit < field.bits; bit++) {
    const product = multiply(field, 1 << bit, log)
    const table = at + (bit >> 2) * 16
    const width = 1 << (bit & 3)

    for (let i = table; i < table + width; i++) {
      rows[i + width] = rows[i] ^ product
    }

    if (field.bits === 16) {
      for (let i = table + half; i < table + half + width; i++) {
        rows[i + width] = rows[i] ^ (product >> 8)
      }
    }
  }
}
