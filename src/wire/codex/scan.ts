import { ProtocolError } from '../../errors.ts'
import { MIN_ITEM_BYTES } from '../limits.ts'
import type { WireLimits } from '../limits.ts'

/** Messages within a message, by the number of their field. */
interface Shape {
  readonly [field: number]: Shape | undefined
}

const ADDRESS: Shape = {}
const MESSAGE: Shape = {
  // want list: entries
  1: { 1: { 1: ADDRESS } },
  // blocks
  3: { 3: ADDRESS },
  // presences
  4: { 1: ADDRESS },
  // account, payment
  6: {},
  7: {}
}

/** An item is a message with an address in it. */
const MESSAGES_PER_ITEM = 2
/** Fields of an item, in and around it, whose bytes are as few as those of its longest form allow. */
const FIELDS_PER_ITEM = 8
/** A message says a few things besides its items. */
const MORE = { messages: 16, fields: 64 }

/**
 * Refuses what would cost more to parse than its length allows: a field of two bytes becomes an object of a hundred. Looks
 * at lengths only.
 *
 * @throws {ProtocolError} when it has more items or fields than honest messages of its length, or is no protobuf
 */
export function assertModest (bytes: Uint8Array, { messageItems }: WireLimits): void {
  const items = Math.min(messageItems, Math.ceil(bytes.byteLength / MIN_ITEM_BYTES))
  let messages = items * MESSAGES_PER_ITEM + MORE.messages
  let fields = items * FIELDS_PER_ITEM + MORE.fields
  let at = 0

  const varint = (): number => {
    let value = 0

    for (let factor = 1; at < bytes.byteLength; factor *= 128) {
      const byte = bytes[at++]
      value += (byte & 0x7f) * factor

      if (byte < 0x80) {
        return value
      }
    }

    throw new ProtocolError('A number of a message is cut off')
  }

  const skip = (length: number, end: number): number => {
    if (length > end - at) {
      throw new ProtocolError('A field is longer than its message')
    }

    return at + length
  }

  const scan = (end: number, shape: Shape): void => {
    while (at < end) {
      const tag = varint()
      const inner = shape[Math.floor(tag / 8)]

      if (fields-- === 0) {
        throw new ProtocolError('A message has too many fields')
      }

      switch (tag % 8) {
        case 0:
          varint()
          break
        case 1:
          at = skip(8, end)
          break
        case 5:
          at = skip(4, end)
          break
        case 2: {
          const stop = skip(varint(), end)

          if (inner == null) {
            at = stop
          } else if (messages-- > 0) {
            scan(stop, inner)
          } else {
            throw new ProtocolError('A message has too many items')
          }

          break
        }
        default:
          throw new ProtocolError('A field is of no known kind')
      }
    }
  }

  scan(bytes.byteLength, MESSAGE)
}
