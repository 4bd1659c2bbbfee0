/**
 * Messages as we send them: with the defaults that the reference node writes and partly needs. docs/PROTOCOL.md §6.
 */
import { MAX_WANT_ENTRIES } from '../../constants.ts'
import { indicesOf } from '../../dataset/ranges.ts'
import { addressesIn } from './address.ts'
import { Message } from './message.ts'
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

/** A message with every field that the reference node always writes. */
export function encodeMessage (content: MessageContent): Uint8Array {
  return Message.encode({
    wantlist: { entries: [], full: false },
    payload: [],
    blockPresences: [],
    pendingBytes: 0,
    account: { address: NO_BYTES },
    payment: { update: NO_BYTES },
    ...content
  })
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

/** Blocks. Their bytes are copied once. */
export function deliveryMessage (root: CID, blocks: ServedBlock[]): Uint8Array {
  const address = addressesIn(root)

  return encodeMessage({
    payload: blocks.map(({ index, cid, data, proof }) => ({
      cid: cid.bytes,
      // always written: the reference node dies of a delivery without it
      data: plain(data),
      address: address(index),
      proof: proof == null ? undefined : plain(proof)
    }))
  })
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
