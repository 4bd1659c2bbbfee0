import type { Field } from './field.ts'

const walshLogs = new Map<number, Uint32Array>()

/**
 * The error locator of a loss, at every position: the logarithm of the product of the differences between the position
 * and each erased one but itself. A position is an element of the field.
 *
 * It is a sum over pairs that depends on their XOR only, so the Walsh-Hadamard transform makes it of products. As
 * `erased` covers a subspace, the transform need not be of the whole field as it is in the reference.
 *
 * `erased` is 1 where a position is erased, else 0; its length is a power of two.
 */
export function locate (field: Field, erased: Uint8Array): Uint16Array {
  const size = erased.length
  const logs = walshLogsOf(field, size)
  const sums = Uint32Array.from(erased)
  transform(sums, field.modulus)

  // transforming twice multiplies by the size; times this that is the order, which is 1 modulo the modulus
  const scale = field.order / size

  for (let i = 0; i < size; i++) {
    sums[i] = sums[i] * logs[i] % field.modulus * scale % field.modulus
  }

  transform(sums, field.modulus)

  return Uint16Array.from(sums)
}

/** The transform of the logarithms of the elements `0 … size - 1`, that of 0 taken as 0. Made once. */
export function walshLogsOf (field: Field, size: number): Uint32Array {
  const key = field.bits * 2 * field.order + size
  let logs = walshLogs.get(key)

  if (logs == null) {
    logs = Uint32Array.from(field.log.subarray(0, size))
    logs[0] = 0
    transform(logs, field.modulus)
    walshLogs.set(key, logs)
  }

  return logs
}

/** Walsh-Hadamard in place; values stay below the modulus. */
function transform (values: Uint32Array, modulus: number): void {
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      for (let i = start; i < start + width; i++) {
        const a = values[i]
        const b = values[i + width]
        const sum = a + b
        values[i] = sum >= modulus ? sum - modulus : sum
        values[i + width] = a >= b ? a - b : a + modulus - b
      }
    }
  }
}
