/**
 * The little of protobuf that records and messages are made of: varints and bytes. Written by hand because every field
 * is required on the wire, 0 included, and what comes from strangers must be refused early and cheaply.
 */
import { ProtocolError } from '../errors.ts'

const VARINT = 0
const FIXED_64 = 1
const BYTES = 2
const FIXED_32 = 5
const MAX_VARINT_BYTES = 10
/** Fields of a message: 256 distances and what comes with them. Two bytes are a field, which takes a hundred in memory. */
const MAX_FIELDS = 300

/** The fields of one message. Fields that nobody asks for, and those of another wire type, are as good as absent. */
export class Fields {
  readonly #values: Array<{ field: number, value: bigint | Uint8Array }> = []

  /** @throws {ProtocolError} when the bytes are no protobuf, or of more than 300 fields */
  constructor (bytes: Uint8Array) {
    let at = 0

    const varint = (): bigint => {
      const start = at
      let value = 0n

      for (let shift = 0n; at - start < MAX_VARINT_BYTES; shift += 7n) {
        const byte = bytes[at++]

        if (byte === undefined) {
          break
        }

        value |= BigInt(byte & 0x7f) << shift

        if (byte < 0x80) {
          return BigInt.asUintN(64, value)
        }
      }

      throw new ProtocolError('protobuf: a number is cut off or too long')
    }

    const take = (length: number): Uint8Array => {
      if (length > bytes.length - at) {
        throw new ProtocolError('protobuf: a field is longer than its message')
      }

      at += length

      return bytes.subarray(at - length, at)
    }

    while (at < bytes.length) {
      const tag = Number(varint())
      const field = Math.floor(tag / 8)

      switch (tag % 8) {
        case VARINT:
          this.#values.push({ field, value: varint() })
          break
        case BYTES:
          this.#values.push({ field, value: take(Number(varint())) })
          break
        case FIXED_64:
          take(8)
          break
        case FIXED_32:
          take(4)
          break
        default:
          throw new ProtocolError('protobuf: an unknown kind of field')
      }

      if (this.#values.length > MAX_FIELDS) {
        throw new ProtocolError(`protobuf: more than ${MAX_FIELDS} fields`)
      }
    }
  }

  /**
   * The last value of a number.
   *
   * @throws {ProtocolError} when there is none
   */
  uint (field: number): bigint {
    return required(this.#last(field, value => typeof value === 'bigint'), field)
  }

  /**
   * The last value of a field of bytes: a view.
   *
   * @throws {ProtocolError} when there is none
   */
  bytes (field: number): Uint8Array {
    return required(this.#last(field, value => value instanceof Uint8Array), field)
  }

  /** All values of a field of bytes, in order. */
  list (field: number): Uint8Array[] {
    return this.#values.flatMap(entry => entry.field === field && entry.value instanceof Uint8Array ? [entry.value] : [])
  }

  #last<T extends bigint | Uint8Array> (field: number, is: (value: bigint | Uint8Array) => value is T): T | undefined {
    for (let i = this.#values.length - 1; i >= 0; i--) {
      const { field: number, value } = this.#values[i]

      if (number === field && is(value)) {
        return value
      }
    }
  }
}

function required<T> (value: T | undefined, field: number): T {
  if (value === undefined) {
    throw new ProtocolError(`protobuf: field ${field} is missing`)
  }

  return value
}

/** Writes the fields of one message, in the order of the calls. */
export class FieldWriter {
  readonly #parts: Uint8Array[] = []

  uint (field: number, value: bigint | number): this {
    return this.#varint(field * 8 + VARINT).#varint(value)
  }

  bytes (field: number, value: Uint8Array): this {
    this.#varint(field * 8 + BYTES).#varint(value.length).#parts.push(value)

    return this
  }

  finish (): Uint8Array {
    const bytes = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0

    for (const part of this.#parts) {
      bytes.set(part, at)
      at += part.length
    }

    return bytes
  }

  #varint (value: bigint | number): this {
    const bytes: number[] = []
    let rest = BigInt(value)

    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }

    bytes.push(Number(rest))
    this.#parts.push(Uint8Array.from(bytes))

    return this
  }
}
