/** Protobuf without a schema, for mutations. */
import { decode as decodeVarint, encode as encodeVarint, encodingLength } from 'uint8-varint'
import { concat } from 'uint8arrays/concat'

export interface Field {
  number: number
  /** Wire type: 0 varint, 1 eight bytes, 2 a length and bytes, 5 four bytes. */
  type: number
  /** What comes after the tag; of wire type 2, without the length. */
  content: Uint8Array
}

/** Undefined where the bytes cannot be read as fields. */
export function parseFields (bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = []
  let at = 0

  try {
    while (at < bytes.byteLength) {
      const tag = decodeVarint(bytes, at)
      at += encodingLength(tag)
      const start = at + (tag % 8 === 2 ? encodingLength(decodeVarint(bytes, at)) : 0)
      const end = start + contentLength(tag % 8, bytes, at)

      if (end > bytes.byteLength) {
        return undefined
      }

      fields.push({ number: Math.floor(tag / 8), type: tag % 8, content: bytes.subarray(start, end) })
      at = end
    }
  } catch {
    return undefined
  }

  return fields
}

function contentLength (type: number, bytes: Uint8Array, at: number): number {
  switch (type) {
    case 0:
      return encodingLength(decodeVarint(bytes, at))
    case 1:
      return 8
    case 2:
      return decodeVarint(bytes, at)
    case 5:
      return 4
    default:
      throw new Error(`There is no wire type ${type}`)
  }
}

export function writeFields (fields: Field[]): Uint8Array {
  return concat(fields.flatMap(({ number, type, content }) => [
    encodeVarint(number * 8 + type),
    ...type === 2 ? [encodeVarint(content.byteLength)] : [],
    content
  ]))
}
