import { CID } from 'multiformats/cid'
import { Uint8ArrayList } from 'uint8arraylist'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { MAX_BLOCK_SIZE, MAX_BLOCKS, MiB } from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import type { IndexRange } from '../dataset/ranges.ts'

/** Bytes: the lengths of the header and of the payload, 32 bits each, little endian. */
const PREFIX_BYTES = 8
const MAX_HEADER_BYTES = MiB
const MAX_PAYLOAD_BYTES = 2 * MAX_BLOCK_SIZE

/** A block of a delivery; the lengths are those of its parts of the payload. */
export interface BlockHeader {
  index: number
  cid: CID
  dataBytes: number
  /** Absent where no proof is sent. */
  proofBytes?: number
}

/** What one peer says to another in the range protocol. Which parts there are hangs on `type`. */
export interface RangeMessage {
  type: 'ask' | 'request' | 'cancel' | 'presence' | 'refuse' | 'deliver' | 'account' | 'pay'
  root?: CID
  ranges?: IndexRange[]
  /** Of a presence: what is not there. */
  absent?: IndexRange[]
  blocks?: BlockHeader[]
  /** The blocks' bytes, each followed by its proof; an address; an update. */
  payload: Uint8ArrayList
}

const TYPES: unknown[] = ['ask', 'request', 'cancel', 'presence', 'refuse', 'deliver', 'account', 'pay'] satisfies Array<RangeMessage['type']>

/** A frame: the prefix, the header as JSON, the payload. */
export function encodeFrame ({ type, root, ranges, absent, blocks, payload }: RangeMessage): Uint8ArrayList {
  const json = fromString(JSON.stringify({
    type,
    root: root?.toString(),
    ranges,
    absent,
    blocks: blocks?.map(block => ({ ...block, cid: block.cid.toString() }))
  }))
  const prefix = new DataView(new ArrayBuffer(PREFIX_BYTES))
  prefix.setUint32(0, json.byteLength, true)
  prefix.setUint32(4, payload.byteLength, true)

  return new Uint8ArrayList(new Uint8Array(prefix.buffer), json, payload)
}

/** Cuts a stream of bytes into messages. */
export class FrameDecoder {
  readonly #buffer = new Uint8ArrayList()

  push (bytes: Uint8Array | Uint8ArrayList): void {
    this.#buffer.append(bytes)
  }

  /**
   * The next message, once it is complete. Its payload is made of views.
   *
   * @throws {ProtocolError} when its frame is malformed or over the limits
   */
  next (): RangeMessage | undefined {
    if (this.#buffer.byteLength < PREFIX_BYTES) {
      return
    }

    const headerBytes = this.#buffer.getUint32(0, true)
    const payloadBytes = this.#buffer.getUint32(4, true)
    const end = PREFIX_BYTES + headerBytes + payloadBytes

    if (headerBytes > MAX_HEADER_BYTES || payloadBytes > MAX_PAYLOAD_BYTES) {
      throw new ProtocolError(`A frame of ${end} bytes is too long`)
    }

    if (this.#buffer.byteLength < end) {
      return
    }

    const header = this.#buffer.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes)
    const payload = this.#buffer.sublist(PREFIX_BYTES + headerBytes, end)
    this.#buffer.consume(end)

    return decodeMessage(header, payload)
  }
}

function decodeMessage (header: Uint8Array, payload: Uint8ArrayList): RangeMessage {
  try {
    const { type, root, ranges, absent, blocks } = JSON.parse(toString(header)) as Record<string, unknown>
    assert(TYPES.includes(type), 'type')

    return {
      type: type as RangeMessage['type'],
      root: root == null ? undefined : parseCid(root),
      ranges: parseRanges(ranges),
      absent: parseRanges(absent),
      blocks: parseBlocks(blocks, payload.byteLength),
      payload
    }
  } catch (err) {
    throw new ProtocolError('A frame cannot be decoded', { cause: err })
  }
}

function parseCid (value: unknown): CID {
  assert(typeof value === 'string', 'CID')

  return CID.parse(value)
}

function parseRanges (value: unknown = []): IndexRange[] {
  return parseList(value).map(({ start, end }) => {
    assert(isCount(start, MAX_BLOCKS) && isCount(end, MAX_BLOCKS) && start < end, 'range')

    return { start, end }
  })
}

function parseBlocks (value: unknown = [], payloadBytes: number): BlockHeader[] {
  let left = payloadBytes

  return parseList(value).map(({ index, cid, dataBytes, proofBytes }) => {
    assert(isCount(index, MAX_BLOCKS) && isCount(dataBytes, left), 'block')
    left -= dataBytes
    assert(proofBytes === undefined || isCount(proofBytes, left), 'proof')
    left -= proofBytes ?? 0

    return { index, cid: parseCid(cid), dataBytes, proofBytes }
  })
}

function parseList (value: unknown): Array<Record<string, unknown>> {
  assert(Array.isArray(value) && value.every(item => typeof item === 'object' && item != null), 'list')

  return value as Array<Record<string, unknown>>
}

function isCount (value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

function assert (condition: boolean, what: string): asserts condition {
  if (!condition) {
    throw new ProtocolError(`A frame has an invalid ${what}`)
  }
}
