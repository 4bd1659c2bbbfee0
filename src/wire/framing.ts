/**
 * Messages on a stream: an unsigned varint of the length, then the message. docs/PROTOCOL.md §6.
 */
import { encode as encodeVarint } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { KiB } from '../constants.ts'
import { ProtocolError } from '../errors.ts'

/** Bytes of a length's varint: 35 bits, far above any limit. */
const MAX_VARINT_BYTES = 5

/** Bytes of memory that a message gets at least when it begins to come. */
const FIRST_BYTES = 4 * KiB
/** A message that nobody asked for has no more than this many times the memory of what has come: a length alone costs nothing. */
const GROWTH = 8

const NO_BYTES = new Uint8Array(0)

/** A message with its length before it. The message is not copied. */
export function frame (message: Uint8Array | Uint8ArrayList): Uint8ArrayList {
  return new Uint8ArrayList(encodeVarint(message.byteLength), message)
}

export interface FrameDecoderInit {
  /** Bytes that the message about to come may have. Asked for each message, before memory is taken for it. */
  limit(): number
  /** A longer message is one that was asked for: it gets its memory at once. None is, where this is absent. */
  readonly unaskedBytes?: number
  /** A whole message, in memory of its own: views of it stay good. */
  onMessage(message: Uint8Array): void
}

/** Takes a stream's bytes, however they are cut, and hands on its messages. Each byte is copied once. */
export class FrameDecoder {
  readonly #init: FrameDecoderInit
  /** Memory of the message under way: as much as it needs, or as it has earned so far. */
  #message?: Uint8Array
  #filled = 0
  /** The message's, once it is read. */
  #length = 0
  #varintBytes = 0

  constructor (init: FrameDecoderInit) {
    this.#init = init
  }

  /** Length of the message that has begun to come; 0 between messages. */
  get pendingBytes (): number {
    return this.#message == null ? 0 : this.#length
  }

  /** Bytes of memory that it takes. */
  get heldBytes (): number {
    return this.#message?.byteLength ?? 0
  }

  /**
   * Takes the next bytes of the stream. After an error the stream cannot be read on.
   *
   * @throws {ProtocolError} when a length is malformed or above the limit
   */
  push (bytes: Uint8Array | Uint8ArrayList): void {
    if (bytes instanceof Uint8Array) {
      this.#take(bytes)
      return
    }

    for (const part of bytes) {
      this.#take(part)
    }
  }

  #take (part: Uint8Array): void {
    let at = 0

    while (at < part.byteLength) {
      if (this.#message == null) {
        this.#readLength(part[at++])
      } else {
        const piece = part.subarray(at, at + this.#length - this.#filled)
        this.#reserve(this.#message, piece.byteLength).set(piece, this.#filled)
        this.#filled += piece.byteLength
        at += piece.byteLength
      }

      if (this.#message != null && this.#filled === this.#length) {
        const message = this.#message
        this.#message = undefined
        this.#filled = 0
        this.#length = 0
        this.#init.onMessage(message)
      }
    }
  }

  /** Memory for the message with `more` bytes besides those that came. */
  #reserve (message: Uint8Array, more: number): Uint8Array {
    const needed = this.#filled + more

    if (needed <= message.byteLength) {
      return message
    }

    const { unaskedBytes = Infinity } = this.#init
    const earned = this.#length > unaskedBytes ? this.#length : Math.max(FIRST_BYTES, GROWTH * needed)
    this.#message = new Uint8Array(Math.min(this.#length, earned))
    this.#message.set(message.subarray(0, this.#filled))

    return this.#message
  }

  #readLength (byte: number): void {
    // not a shift: the fifth byte goes beyond 32 bits
    this.#length += (byte & 0x7f) * 2 ** (7 * this.#varintBytes++)

    if (byte >= 0x80) {
      if (this.#varintBytes === MAX_VARINT_BYTES) {
        throw new ProtocolError('The length of a message is too long')
      }

      return
    }

    if (byte === 0 && this.#varintBytes > 1) {
      throw new ProtocolError('The length of a message has needless bytes')
    }

    const length = this.#length
    const limit = this.#init.limit()
    this.#varintBytes = 0

    if (length > limit) {
      throw new ProtocolError(`A message of ${length} bytes is above the limit of ${limit}`)
    }

    this.#message = NO_BYTES
  }
}
