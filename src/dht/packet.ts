/**
 * A datagram: a masked header, and a message sealed with it (docs/PROTOCOL.md §8).
 *
 * ```
 * datagram      = iv(16) || mask(static header || authdata) || sealed message
 * static header = "discv5" || version(2) || flag(1) || nonce(12) || authdata size(2)
 * ```
 */
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { ID_BYTES } from './node-id.ts'
import type { AesKey, DhtCrypto } from './crypto.ts'

/** A message of a session, or random bytes that ask for one. */
export const MESSAGE = 0
/** The answer to a message that cannot be read: a challenge. */
export const WHOAREYOU = 1
/** The answer to a challenge, with a message. */
export const HANDSHAKE = 2

export const IV_BYTES = 16
export const NONCE_BYTES = 12
const TAG_BYTES = 16
const MASK_KEY_BYTES = 16
/** Protocol and version. */
const MAGIC = concat([fromString('discv5'), Uint8Array.of(0, 1)])
const FLAG_AT = MAGIC.length
const NONCE_AT = FLAG_AT + 1
const SIZE_AT = NONCE_AT + NONCE_BYTES
const STATIC_BYTES = SIZE_AT + 2
const WHOAREYOU_AUTHDATA_BYTES = 24
/** The shortest datagram: a WHOAREYOU. Also what it costs us to answer one that we cannot read. */
export const MIN_DATAGRAM_BYTES = IV_BYTES + STATIC_BYTES + WHOAREYOU_AUTHDATA_BYTES
/** The longest that is read: an answer with providers may hold any number of records. */
export const MAX_DATAGRAM_BYTES = 16 * 1024
/** Bytes of authdata that are read: a handshake's, with a record. */
const MAX_AUTHDATA_BYTES = 1280
/** The header of a message, which most datagrams are: unmasked in one go. */
const FIRST_BYTES = STATIC_BYTES + ID_BYTES

export interface Packet {
  /** `MESSAGE`, `WHOAREYOU` or `HANDSHAKE`. */
  readonly flag: number
  readonly nonce: Uint8Array
  readonly authdata: Uint8Array
  /** iv, static header and authdata, unmasked: what the message is sealed with, and what a challenge consists of. */
  readonly header: Uint8Array
  /** The sealed message; empty in a WHOAREYOU. */
  readonly sealed: Uint8Array
}

/** What masks the headers of datagrams to a node. */
export function maskKey (crypto: Pick<DhtCrypto, 'aesKey'>, nodeId: Uint8Array): AesKey {
  return crypto.aesKey(nodeId.subarray(0, MASK_KEY_BYTES))
}

/**
 * Reads a datagram with our own mask key. Nothing, rather than an error, when it is not for us or malformed: that is the
 * first thing that happens to garbage, so it must cost little.
 */
export function decodePacket (datagram: Uint8Array, mask: AesKey): Packet | undefined {
  if (datagram.length < MIN_DATAGRAM_BYTES || datagram.length > MAX_DATAGRAM_BYTES) {
    return undefined
  }

  const iv = datagram.subarray(0, IV_BYTES)
  const masked = datagram.subarray(IV_BYTES)
  let header = mask.mask(iv, masked.subarray(0, FIRST_BYTES))

  if (!MAGIC.every((byte, i) => header[i] === byte)) {
    return undefined
  }

  const flag = header[FLAG_AT]
  const size = (header[SIZE_AT] << 8) | header[SIZE_AT + 1]
  const end = STATIC_BYTES + size
  const sealed = masked.subarray(end)

  if (end > masked.length || !isWellFormed(flag, size, sealed.length)) {
    return undefined
  }

  header = end > header.length ? mask.mask(iv, masked.subarray(0, end)) : header.subarray(0, end)

  return {
    flag,
    nonce: header.subarray(NONCE_AT, SIZE_AT),
    authdata: header.subarray(STATIC_BYTES),
    header: concat([iv, header]),
    sealed
  }
}

function isWellFormed (flag: number, authdata: number, sealed: number): boolean {
  switch (flag) {
    case MESSAGE: return authdata === ID_BYTES && sealed >= TAG_BYTES
    case WHOAREYOU: return authdata === WHOAREYOU_AUTHDATA_BYTES && sealed === 0
    case HANDSHAKE: return authdata <= MAX_AUTHDATA_BYTES && sealed >= TAG_BYTES
    default: return false
  }
}

export interface PacketInit {
  flag: number
  iv: Uint8Array
  nonce: Uint8Array
  authdata: Uint8Array
  /** Seals the message with the header; the sealed message is empty without it. */
  seal?(header: Uint8Array): Uint8Array
}

/** Makes a datagram, with the mask key of the node that it goes to. */
export function encodePacket ({ flag, iv, nonce, authdata, seal }: PacketInit, mask: AesKey): { datagram: Uint8Array, header: Uint8Array } {
  const plain = concat([MAGIC, Uint8Array.of(flag), nonce, Uint8Array.of(authdata.length >> 8, authdata.length & 0xff), authdata])
  const header = concat([iv, plain])

  return {
    header,
    datagram: concat([iv, mask.mask(iv, plain), ...seal == null ? [] : [seal(header)]])
  }
}
