/**
 * Signed peer records: who a peer is and where, signed by itself. A libp2p envelope around a libp2p peer record; as text
 * `spr:` and base64url (docs/PROTOCOL.md §8).
 */
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { InvalidParametersError, ProtocolError } from '../errors.ts'
import { FieldWriter, Fields } from './protobuf.ts'
import type { DhtCrypto } from './crypto.ts'

const PREFIX = 'spr:'
const DOMAIN = fromString('libp2p-peer-record')
const PAYLOAD_TYPE = Uint8Array.of(0x03, 0x01)
/** A libp2p public key of secp256k1 is this and the 33 bytes of the key. */
const KEY_PREFIX = Uint8Array.of(0x08, 0x02, 0x12, 0x21)
/** A peer id is this, an identity multihash, and the libp2p public key. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x25)
const KEY_BYTES = 33
/** Bytes of a record that is taken; those of the network have about 180. */
const MAX_BYTES = 1024

export interface SignedPeerRecord {
  /** The key that signed it: secp256k1, compressed, 33 bytes. */
  readonly publicKey: Uint8Array
  /** The peer's id in its binary form, 39 bytes; it holds the key. */
  readonly peerId: Uint8Array
  /** Of two records of a peer, the one with the higher number is the newer. */
  readonly seq: bigint
  /** Multiaddrs in their binary form. */
  readonly addresses: Uint8Array[]
  /** DER. */
  readonly signature: Uint8Array
  /** What is signed. */
  readonly payload: Uint8Array
  /** The whole record, as it was read or made. */
  readonly bytes: Uint8Array
}

/**
 * Reads `spr:…`. Whether the signature is right is for `verifySpr` to say.
 *
 * @throws {ProtocolError} when it is no record of a secp256k1 key
 */
export function parseSpr (text: string): SignedPeerRecord {
  if (!text.startsWith(PREFIX)) {
    throw new ProtocolError(`a record begins with ${PREFIX}`)
  }

  let bytes: Uint8Array

  try {
    bytes = fromString(text.slice(PREFIX.length), 'base64url')
  } catch (err) {
    throw new ProtocolError('the record is not base64url', { cause: err })
  }

  return decodeSpr(bytes)
}

export function formatSpr (record: Pick<SignedPeerRecord, 'bytes'>): string {
  return PREFIX + toString(record.bytes, 'base64url')
}

/**
 * Reads a record's bytes. Whether the signature is right is for `verifySpr` to say.
 *
 * @throws {ProtocolError} when it is no record of a secp256k1 key, or over 1,024 bytes
 */
export function decodeSpr (bytes: Uint8Array): SignedPeerRecord {
  if (bytes.length > MAX_BYTES) {
    throw new ProtocolError(`a record of ${bytes.length} bytes is over the limit of ${MAX_BYTES}`)
  }

  const envelope = new Fields(bytes)
  const publicKey = decodePublicKey(envelope.bytes(1))
  const payload = envelope.bytes(3)
  const record = new Fields(payload)
  const peerId = record.bytes(1)

  if (!equals(envelope.bytes(2), PAYLOAD_TYPE)) {
    throw new ProtocolError('the envelope holds no peer record')
  }

  if (!equals(peerId, peerIdOf(publicKey))) {
    throw new ProtocolError('the record is not of the peer that signed it')
  }

  return {
    publicKey,
    peerId,
    seq: record.uint(2),
    addresses: record.list(3).map(address => new Fields(address).bytes(1)),
    signature: envelope.bytes(5),
    payload,
    bytes
  }
}

/** Whether the peer has signed its record. */
export function verifySpr (crypto: Pick<DhtCrypto, 'sha256' | 'verify'>, { payload, signature, publicKey }: SignedPeerRecord): boolean {
  return crypto.verify(crypto.sha256(signed(payload)), signature, publicKey)
}

export interface SprInit {
  /** 32 bytes of secp256k1. */
  privateKey: Uint8Array
  seq: bigint
  /** Multiaddrs in their binary form. */
  addresses: Uint8Array[]
}

/**
 * Makes a record and signs it.
 *
 * @throws {InvalidParametersError} when it would be over 1,024 bytes
 */
export function createSpr (crypto: Pick<DhtCrypto, 'sha256' | 'sign' | 'publicKey'>, { privateKey, seq, addresses }: SprInit): SignedPeerRecord {
  const publicKey = crypto.publicKey(privateKey)
  const peerId = peerIdOf(publicKey)
  const record = new FieldWriter().bytes(1, peerId).uint(2, seq)
  addresses.forEach(address => record.bytes(3, new FieldWriter().bytes(1, address).finish()))
  const payload = record.finish()
  const signature = crypto.sign(crypto.sha256(signed(payload)), privateKey)
  const bytes = new FieldWriter()
    .bytes(1, encodePublicKey(publicKey)).bytes(2, PAYLOAD_TYPE).bytes(3, payload).bytes(5, signature)
    .finish()

  if (bytes.length > MAX_BYTES) {
    throw new InvalidParametersError(`a record of ${addresses.length} addresses is over the limit of ${MAX_BYTES} bytes`)
  }

  return { publicKey, peerId, seq, addresses, signature, payload, bytes }
}

/** The libp2p form of a public key, 37 bytes. */
export function encodePublicKey (publicKey: Uint8Array): Uint8Array {
  return concat([KEY_PREFIX, publicKey])
}

/** @throws {ProtocolError} when it is no libp2p form of a secp256k1 key */
export function decodePublicKey (bytes: Uint8Array): Uint8Array {
  if (bytes.length !== KEY_PREFIX.length + KEY_BYTES || !equals(bytes.subarray(0, KEY_PREFIX.length), KEY_PREFIX)) {
    throw new ProtocolError('the network knows keys of secp256k1 only')
  }

  return bytes.subarray(KEY_PREFIX.length)
}

/** The binary peer id of a public key. */
export function peerIdOf (publicKey: Uint8Array): Uint8Array {
  return concat([PEER_ID_PREFIX, KEY_PREFIX, publicKey])
}

/** The bytes that an envelope's signature is over: domain, type and payload, each with its length. */
function signed (payload: Uint8Array): Uint8Array {
  return concat([DOMAIN, PAYLOAD_TYPE, payload].flatMap(part => [lengthOf(part), part]))
}

function lengthOf ({ length }: Uint8Array): Uint8Array {
  return length < 0x80 ? Uint8Array.of(length) : Uint8Array.of((length & 0x7f) | 0x80, length >> 7)
}
