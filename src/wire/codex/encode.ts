/**
 * Messages as we send them: with the defaults that the reference node writes and partly needs. docs/PROTOCOL.md §6.
 */
import { encode as encodeVarint } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { MAX_WANT_ENTRIES } from '../../constants.ts'
import { indicesOf } from '../../dataset/ranges.ts'
import { addressesIn } from './address.ts'
import { BlockDelivery, Message } from './message.ts'
import type { BlockPresence, WantListEntry } from './message.ts'
import type { IndexRange } from '../../dataset/ranges.ts'
import type { PeerWant, ServedBlock } from '../../exchange/peer-link.ts'
import type { CID } from 'multiformats/cid'

/** What `wantType` says. */
export const WANT_BLOCK = 0
export const WANT_HAVE = 1

/** What the type of a presence says. */
export const PRESENCE_HAVE = 0
export const PRESENCE_ABSENT = 1

/** Bytes of a price, big endian. */
export const PRICE_BYTES = 32

const NO_BYTES = new Uint8Array(0)

/** What a message says besides what is always there. */
export type MessageContent = Partial<Message>

/** What the reference node always writes before the blocks and presences of a message, and after. */
const BEFORE = { wantlist: { entries: [], full: false }, payload: [], blockPresences: [] }
const AFTER = { payload: [], blockPresences: [], pendingBytes: 0, account: { address: NO_BYTES }, payment: { update: NO_BYTES } }

/** Tags of protobuf fields of bytes: the payload of a message, the data of a delivery. */
const PAYLOAD_TAG = 3 << 3 | 2
const DATA_TAG = 2 << 3 | 2

/** A message with every field that the reference node always writes. */
export function encodeMessage (content: MessageContent): Uint8Array {
  return Message.encode({ ...BEFORE, ...AFTER, ...content })
}

/**
 * Want lists, an entry an index, made as they are asked for. Each asks `full` whether it is the first that the peer gets.
 */
export function * wantMessages (root: CID, ranges: IndexRange[], kind: PeerWant['kind'], full: () => boolean): Generator<Uint8Array> {
  const address = addressesIn(root)
  const cancel = kind === 'cancel'
  const wantType = kind === 'block' ? WANT_BLOCK : WANT_HAVE

  for (const indices of chunksOf(indicesOf(ranges))) {
    const entries: WantListEntry[] = indices.map(index => ({
      address: address(index), priority: 0, cancel, wantType, sendDontHave: !cancel
    }))

    yield encodeMessage({ wantlist: { entries, full: full() } })
  }
}

/** Presences, one an index, made as they are asked for. What is absent has no price. */
export function * presenceMessages (root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): Generator<Uint8Array> {
  const address = addressesIn(root)
  const have = { type: PRESENCE_HAVE, price: encodePrice(answer.price) }
  const absent = { type: PRESENCE_ABSENT, price: encodePrice(0n) }

  function * presences (): Generator<BlockPresence> {
    for (const index of indicesOf(answer.have)) {
      yield { address: address(index), ...have }
    }

    for (const index of indicesOf(answer.absent)) {
      yield { address: address(index), ...absent }
    }
  }

  for (const blockPresences of chunksOf(presences())) {
    yield encodeMessage({ blockPresences })
  }
}

/** Blocks. Their bytes are not copied. */
export function deliveryMessage (root: CID, blocks: ServedBlock[]): Uint8ArrayList {
  const address = addressesIn(root)
  const message: Uint8ArrayList = new Uint8ArrayList<ArrayBufferLike>(Message.encode(BEFORE))

  for (const { index, cid, data, proof } of blocks) {
    const before = BlockDelivery.encode({ cid: cid.bytes })
    // always written: the reference node dies of a delivery without it
    const field = fieldOf(DATA_TAG, data.byteLength)
    const after = BlockDelivery.encode({ address: address(index), proof: proof == null ? undefined : plain(proof) })
    const length = before.byteLength + field.byteLength + data.byteLength + after.byteLength

    message.append(concat([fieldOf(PAYLOAD_TAG, length), before, field]))
    message.append(data)
    message.append(after)
  }

  message.append(Message.encode(AFTER))

  return message
}

/** What goes before the bytes of a field. */
function fieldOf (tag: number, length: number): Uint8Array {
  return Uint8Array.of(tag, ...encodeVarint(length))
}

export function accountMessage (address: Uint8Array): Uint8Array {
  return encodeMessage({ account: { address: plain(address) } })
}

export function paymentMessage (update: Uint8Array): Uint8Array {
  return encodeMessage({ payment: { update: plain(update) } })
}

function encodePrice (price: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PRICE_BYTES)

  for (let i = PRICE_BYTES - 1, rest = BigInt.asUintN(8 * PRICE_BYTES, price); rest > 0n; i--, rest >>= 8n) {
    bytes[i] = Number(rest & 0xffn)
  }

  return bytes
}

/** As many at a time as a message takes. */
function * chunksOf<T> (items: Iterable<T>): Generator<T[]> {
  let chunk: T[] = []

  for (const item of items) {
    chunk.push(item)

    if (chunk.length === MAX_WANT_ENTRIES) {
      yield chunk
      chunk = []
    }
  }

  if (chunk.length > 0) {
    yield chunk
  }
}

/** What protons wants to know: that the memory is not shared between threads. */
function plain (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
