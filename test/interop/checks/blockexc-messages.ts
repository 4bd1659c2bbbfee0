import { CID } from 'multiformats/cid'
import { Uint8ArrayList } from 'uint8arraylist'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { blockCid, formatCid, isTreeCid, parseCid } from '../../../src/dataset/codecs.ts'
import { decodeProof, encodeProof } from '../../../src/dataset/merkle-proof.ts'
import { indicesOf } from '../../../src/dataset/ranges.ts'
import { ProtocolError } from '../../../src/errors.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { decodeReceived } from '../../../src/wire/codex/decode.ts'
import { accountMessage, deliveryMessage, encodeMessage, paymentMessage, presenceMessages, wantMessages } from '../../../src/wire/codex/encode.ts'
import { Message } from '../../../src/wire/codex/message.ts'
import { frame, FrameDecoder } from '../../../src/wire/framing.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/wire/limits.ts'
import { Requested } from '../../../src/wire/requested.ts'
import { bytesOf, hex, Tally } from './tally.ts'
import type { IndexRange } from '../../../src/dataset/ranges.ts'
import type { BlockAddress } from '../../../src/wire/codex/message.ts'

type AddressVector = { leaf: true, treeCid: string, index: number } | { leaf: false, cid: string }

interface MessageVector {
  wantList: {
    entries: Array<{ address: AddressVector, priority: number, cancel: boolean, wantType: string, sendDontHave: boolean }>
    full: boolean
  }
  payload: Array<{
    cid: string
    dataHex: string
    address: AddressVector
    proof: null | { mcodec: number, index: number, nleaves: number, path: string[], encodedHex: string }
  }>
  blockPresences: Array<{ address: AddressVector, type: string, priceHex: string }>
  pendingBytes: number
  account: { addressHex: string }
  payment: { updateUtf8: string }
}

interface EntryVector {
  name: string
  encodedHex: string
  framedHex: string
  message: MessageVector
}

const WANT_TYPES = ['WantBlock', 'WantHave']
const PRESENCE_TYPES = ['Have', 'DontHave']

/** `blockexc_messages.json`: what messages say, and their bytes, as read and as written. */
export function checkBlockexcMessages (json: unknown): number {
  const { blocks = [] } = json as { blocks?: Array<{ cid: string, dataHex: string }> }
  const tally = new Tally()

  blocks.forEach(({ cid, dataHex }, i) => { tally.equal(`block ${i}`, formatCid(blockCid(hasher.digestNode(bytesOf(dataHex)))), cid) })

  for (const { name, encodedHex, framedHex, message } of (json as { entries: EntryVector[] }).entries) {
    const encoded = bytesOf(encodedHex)

    tally.equal(`${name} framed`, hex(frame(encoded).subarray()), framedHex)
    tally.equal(`${name} out of its frame`, unframe(bytesOf(framedHex)), [encodedHex])

    if (!addressesOf(message).every(address => !address.leaf || Number.isSafeInteger(address.index))) {
      tally.equal(`${name} is refused`, whetherRefused(encoded), true)
      continue
    }

    tally.equal(`${name} decoded`, describe(Message.decode(encoded)), describe(toMessage(message)))

    if (!name.includes('ENCODE-ONLY')) {
      tally.equal(`${name} decoded and encoded`, hex(Message.encode(Message.decode(encoded))), encodedHex)
      tally.equal(`${name} encoded`, hex(encodeMessage(toMessage(message))), encodedHex)
      checkWriters(tally, name, message, encodedHex)
    }

    checkReceived(tally, name, message, encoded)
  }

  return tally.count
}

/** What we would say, where a message says one thing that we say too. */
function checkWriters (tally: Tally, name: string, message: MessageVector, encodedHex: string): void {
  const { wantList: { entries, full }, payload, blockPresences, pendingBytes, account, payment } = message
  const [want] = entries
  const [presence] = blockPresences
  const [delivery] = payload
  const things = [entries, payload, blockPresences].filter(list => list.length > 0).length +
    [pendingBytes !== 0, account.addressHex !== '', payment.updateUtf8 !== ''].filter(Boolean).length

  if (things !== 1 || entries.length + payload.length + blockPresences.length > 1) {
    return
  }

  const written: Uint8Array[] = []

  if (want != null && want.priority === 0 && want.sendDontHave !== want.cancel) {
    const { root, ranges } = placeOf(want.address)
    written.push(...wantMessages(root, ranges, kindOf(want), () => full))
  }

  if (presence != null) {
    const { root, ranges } = placeOf(presence.address)
    const price = BigInt(`0x${presence.priceHex}`)
    written.push(...presenceMessages(root, presence.type === 'Have'
      ? { have: ranges, absent: [], price }
      : { have: [], absent: ranges, price: 0n }))
  }

  if (delivery != null) {
    const { root, ranges } = placeOf(delivery.address)
    written.push(deliveryMessage(root, [{
      index: ranges[0].start,
      cid: parseCid(delivery.cid),
      data: bytesOf(delivery.dataHex),
      proof: delivery.proof == null
        ? undefined
        : encodeProof({ index: delivery.proof.index, leaves: delivery.proof.nleaves, path: delivery.proof.path.map(bytesOf) })
    }]).subarray())
  }

  if (account.addressHex !== '') {
    written.push(accountMessage(bytesOf(account.addressHex)))
  }

  if (payment.updateUtf8 !== '') {
    written.push(paymentMessage(fromString(payment.updateUtf8)))
  }

  written.forEach(bytes => { tally.equal(`${name} written`, hex(bytes), encodedHex) })
}

/** What a message from a peer comes to. */
function checkReceived (tally: Tally, name: string, { wantList, payload, blockPresences, account, payment }: MessageVector, encoded: Uint8Array): void {
  const requested = new Requested(DEFAULT_WIRE_LIMITS)

  for (const { address, dataHex } of payload) {
    const { root, ranges } = placeOf(address)
    requested.add(root, ranges, dataHex.length / 2)
  }

  const received = read(encoded, requested)

  tally.equal(`${name} account`, received.account == null ? '' : hex(received.account), account.addressHex)
  tally.equal(`${name} payment`, received.payment == null ? '' : toString(received.payment), payment.updateUtf8)
  tally.equal(`${name} wants`, received.wants.flatMap(({ root, ranges, kind, tellAbsent }) => {
    return [...indicesOf(ranges)].map(index => `${formatCid(root)} ${index} ${kind} ${tellAbsent}`)
  }).sort(), wantList.entries.map(entry => {
    return `${textOf(entry.address)} ${kindOf(entry)} ${entry.sendDontHave && !entry.cancel}`
  }).sort())
  tally.equal(`${name} presences`, received.presences.flatMap(({ root, have, absent, price }) => [
    ...[...indicesOf(have)].map(index => `${formatCid(root)} ${index} Have ${price}`),
    ...[...indicesOf(absent)].map(index => `${formatCid(root)} ${index} DontHave ${price}`)
  ]).sort(), blockPresences.map(({ address, type, priceHex }) => `${textOf(address)} ${type} ${BigInt(`0x0${priceHex}`)}`).sort())
  tally.equal(`${name} deliveries`, received.deliveries.map(({ root, index, cid, data, proof }) => ({
    at: `${formatCid(root)} ${index}`, cid: formatCid(CID.decode(cid)), data: hex(data), path: proof == null ? null : decodeProof(proof).path.map(hex)
  })), payload.map(({ address, cid, dataHex, proof }) => ({
    at: textOf(address), cid, data: dataHex, path: proof?.path ?? null
  })))
  tally.equal(`${name} unasked`, received.unasked, 0)
  tally.equal(`${name} unasked, of one who asked nothing`, read(encoded, new Requested(DEFAULT_WIRE_LIMITS)).unasked, payload.length)
}

function read (encoded: Uint8Array, requested: Requested): ReturnType<typeof decodeReceived> {
  return decodeReceived(encoded, { requested, limits: DEFAULT_WIRE_LIMITS })
}

function kindOf ({ cancel, wantType }: { cancel: boolean, wantType: string }): 'have' | 'block' | 'cancel' {
  if (cancel) {
    return 'cancel'
  }

  return wantType === 'WantHave' ? 'have' : 'block'
}

function whetherRefused (encoded: Uint8Array): boolean {
  try {
    read(encoded, new Requested(DEFAULT_WIRE_LIMITS))

    return false
  } catch (err) {
    return err instanceof ProtocolError
  }
}

function unframe (bytes: Uint8Array): string[] {
  const messages: string[] = []
  const decoder = new FrameDecoder({
    limit: () => bytes.byteLength,
    onMessage: message => { messages.push(hex(message)) }
  })
  decoder.push(new Uint8ArrayList(bytes.subarray(0, 1), bytes.subarray(1)))

  return messages
}

function addressesOf ({ wantList, payload, blockPresences }: MessageVector): AddressVector[] {
  return [...wantList.entries, ...payload, ...blockPresences].map(({ address }) => address)
}

function placeOf (address: AddressVector): { root: ReturnType<typeof parseCid>, ranges: IndexRange[] } {
  const root = parseCid(address.leaf ? address.treeCid : address.cid)
  const start = isTreeCid(root) && address.leaf ? address.index : 0

  return { root, ranges: [{ start, end: start + 1 }] }
}

function textOf (address: AddressVector): string {
  return address.leaf ? `${address.treeCid} ${address.index}` : `${address.cid} 0`
}

function toAddress (address: AddressVector): BlockAddress {
  return address.leaf
    ? { leaf: true, treeCid: parseCid(address.treeCid).bytes, index: address.index }
    : { leaf: false, cid: parseCid(address.cid).bytes }
}

function toMessage ({ wantList, payload, blockPresences, pendingBytes, account, payment }: MessageVector): Message {
  return {
    wantlist: {
      entries: wantList.entries.map(({ address, wantType, ...entry }) => ({
        address: toAddress(address), wantType: WANT_TYPES.indexOf(wantType), ...entry
      })),
      full: wantList.full
    },
    payload: payload.map(({ cid, dataHex, address, proof }) => ({
      cid: parseCid(cid).bytes,
      data: plain(bytesOf(dataHex)),
      address: toAddress(address),
      proof: proof == null ? undefined : plain(bytesOf(proof.encodedHex))
    })),
    blockPresences: blockPresences.map(({ address, type, priceHex }) => ({
      address: toAddress(address), type: PRESENCE_TYPES.indexOf(type), price: plain(bytesOf(priceHex))
    })),
    pendingBytes,
    account: { address: plain(bytesOf(account.addressHex)) },
    payment: { update: plain(fromString(payment.updateUtf8)) }
  }
}

/** A message with its bytes in hex, so that two can be compared; the order of fields does not matter. */
function describe (message: Message): unknown {
  const sorted = (value: unknown): unknown => {
    if (value instanceof Uint8Array) {
      return hex(value)
    }

    if (Array.isArray(value)) {
      return value.map(sorted)
    }

    return value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, value]) => [key, sorted(value)]))
      : value
  }

  return sorted(message)
}

function plain (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
