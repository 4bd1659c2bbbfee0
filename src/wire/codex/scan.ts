import { ProtocolError } from '../../errors.ts'
import { MIN_ITEM_BYTES } from '../limits.ts'
import type { WireLimits } from '../limits.ts'

/** A number of at most 32 bits, or a truth value. */
const INT32 = 'int32'
/** A number of at most 64 bits. */
const INT64 = 'int64'
const BYTES = 'bytes'

/** What is known of a message: what each field is, by its number. */
interface Shape {
  readonly [field: number]: Kind | undefined
}

type Kind = typeof INT32 | typeof INT64 | typeof BYTES | Shape

const ADDRESS: Shape = { 1: INT32, 2: BYTES, 3: INT64, 4: BYTES }
const ENTRY: Shape = { 1: ADDRESS, 2: INT32, 3: INT32, 4: INT32, 5: INT32 }
const MESSAGE: Shape = {
  // want list
  1: { 1: ENTRY, 2: INT32 },
  // blocks
  3: { 1: BYTES, 2: BYTES, 3: ADDRESS, 4: BYTES },
  // presences
  4: { 1: ADDRESS, 2: INT32, 3: BYTES },
  5: INT64,
  // account, payment
  6: { 1: BYTES },
  7: { 1: BYTES }
}

/** Bytes of the longest number. The sign of a negative one makes it as long. */
const MAX_VARINT_BYTES = 10
/** Bytes of the longest number of 32 bits, tags and lengths among them. */
const MAX_SHORT_BYTES = 5
const MAX_SHORT = 2 ** 32 - 1

/** An item is a message with an address in it. */
const MESSAGES_PER_ITEM = 2
/** Fields of an item, in and around it, whose bytes are as few as those of its longest form allow. */
const FIELDS_PER_ITEM = 8
/** A message says a few things besides its items. */
const MORE = { messages: 16, fields: 64 }

/**
 * Refuses what would cost more to parse than its length allows: a field of two bytes becomes an object of a hundred. Looks
 * at lengths only. It must see the fields that the parser sees: that one takes a known field for what it should be, whatever
 * its tag says, overlooks the upper bits of a long tag, and loses its place after a number that is longer than it need be.
 *
 * @throws {ProtocolError} when it has more items or fields than honest messages of its length, is no protobuf, or is what
 * no encoder writes
 */
export function assertModest (bytes: Uint8Array, { messageItems }: WireLimits): void {
  const items = Math.min(messageItems, Math.ceil(bytes.byteLength / MIN_ITEM_BYTES))
  let messages = items * MESSAGES_PER_ITEM + MORE.messages
  let fields = items * FIELDS_PER_ITEM + MORE.fields
  let at = 0

  const varint = (): number => {
    const stop = Math.min(bytes.byteLength, at + MAX_VARINT_BYTES)
    let value = 0

    for (let factor = 1; at < stop; factor *= 128) {
      const byte = bytes[at++]
      value += (byte & 0x7f) * factor

      if (byte < 0x80) {
        if (byte === 0 && factor > 1) {
          throw new ProtocolError('A number of a message has needless bytes')
        }

        return value
      }
    }

    throw new ProtocolError('A number of a message is cut off or too long')
  }

  /** A tag or a length. */
  const short = (): number => {
    const value = varint()

    if (value > MAX_SHORT) {
      throw new ProtocolError('A tag or a length of a message is too large')
    }

    return value
  }

  /** A number of 32 bits is read as one of five bytes at most, or of ten. */
  const int32 = (): void => {
    const start = at
    varint()
    const length = at - start

    if (length > MAX_SHORT_BYTES && length < MAX_VARINT_BYTES) {
      throw new ProtocolError('A number of a message has too many bits')
    }
  }

  const skip = (length: number, end: number): number => {
    if (length > end - at) {
      throw new ProtocolError('A field is longer than its message')
    }

    return at + length
  }

  const scan = (end: number, shape: Shape): void => {
    while (at < end) {
      const tag = short()
      const type = tag % 8
      const kind = shape[(tag - type) / 8]

      if (fields-- === 0) {
        throw new ProtocolError('A message has too many fields')
      }

      if (kind != null && type !== (kind === INT32 || kind === INT64 ? 0 : 2)) {
        throw new ProtocolError('A field is of another kind than it should be')
      }

      switch (type) {
        case 0:
          kind === INT32 ? int32() : varint()
          break
        case 1:
          at = skip(8, end)
          break
        case 5:
          at = skip(4, end)
          break
        case 2: {
          const stop = skip(short(), end)

          if (kind == null || kind === BYTES) {
            at = stop
          } else if (messages-- > 0) {
            scan(stop, kind as Shape)
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
