/** Bytes, about, of what an object costs besides what it refers to, and of a reference. */
const OBJECT = 64
const REFERENCE = 16
const TYPED_ARRAY = 200

/**
 * Bytes of memory that a plain value takes, with all that it refers to; rather too many. It does not see private fields.
 */
export function sizeOf (value: unknown, seen = new Set<unknown>()): number {
  if (typeof value === 'string') {
    return OBJECT + 2 * value.length
  }

  if (typeof value !== 'object' || value == null || seen.has(value)) {
    return REFERENCE
  }

  seen.add(value)

  if (value instanceof Uint8Array) {
    const isNew = !seen.has(value.buffer)
    seen.add(value.buffer)

    return TYPED_ARRAY + (isNew ? value.buffer.byteLength : 0)
  }

  let size = OBJECT

  if (value instanceof Error) {
    size += sizeOf(value.stack, seen) + sizeOf(value.cause, seen)
  }

  if (value instanceof Map || value instanceof Set) {
    for (const entry of value) {
      size += 4 * REFERENCE + sizeOf(entry, seen)
    }
  }

  for (const entry of Object.values(value)) {
    size += 2 * REFERENCE + sizeOf(entry, seen)
  }

  return size
}
