/**
 * How two nodes prove who they are and agree on keys (docs/PROTOCOL.md §8): the authdata of WHOAREYOU and of the handshake
 * that answers it, the signature, and the keys.
 */
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { ID_BYTES } from './node-id.ts'
import type { DhtCrypto } from './crypto.ts'

export const ID_NONCE_BYTES = 16
const SEQ_BYTES = 8
const HEAD_BYTES = ID_BYTES + 2
const KEY_BYTES = 16
const PROOF = fromString('discovery v5 identity proof')
const AGREEMENT = fromString('discovery v5 key agreement')

export interface Challenge {
  idNonce: Uint8Array
  /** The number of the asker's record that the challenger has; 0 for none. */
  recordSeq: bigint
}

export function encodeChallenge ({ idNonce, recordSeq }: Challenge): Uint8Array {
  const authdata = new Uint8Array(ID_NONCE_BYTES + SEQ_BYTES)
  authdata.set(idNonce)
  new DataView(authdata.buffer).setBigUint64(ID_NONCE_BYTES, recordSeq)

  return authdata
}

/** @param authdata - 24 bytes */
export function decodeChallenge (authdata: Uint8Array): Challenge {
  const view = new DataView(authdata.buffer, authdata.byteOffset, authdata.byteLength)

  return { idNonce: authdata.subarray(0, ID_NONCE_BYTES), recordSeq: view.getBigUint64(ID_NONCE_BYTES) }
}

export interface Handshake {
  sourceId: Uint8Array
  /** DER. */
  signature: Uint8Array
  /** The libp2p form of the public key: it is signed in that form. */
  ephemeralKey: Uint8Array
  /** The sender's record, where the challenger's is older or missing. */
  record?: Uint8Array
}

export function encodeHandshake ({ sourceId, signature, ephemeralKey, record }: Handshake): Uint8Array {
  return concat([
    sourceId, Uint8Array.of(signature.length, ephemeralKey.length), signature, ephemeralKey,
    ...record == null ? [] : [record]
  ])
}

/** Nothing when it is cut off. */
export function decodeHandshake (authdata: Uint8Array): Handshake | undefined {
  const keyAt = HEAD_BYTES + authdata[ID_BYTES]
  const recordAt = keyAt + authdata[ID_BYTES + 1]

  if (!(recordAt <= authdata.length)) {
    return undefined
  }

  return {
    sourceId: authdata.subarray(0, ID_BYTES),
    signature: authdata.subarray(HEAD_BYTES, keyAt),
    ephemeralKey: authdata.subarray(keyAt, recordAt),
    record: recordAt < authdata.length ? authdata.subarray(recordAt) : undefined
  }
}

/**
 * What the asker signs to prove who it is. The challenge data is the unmasked header of the WHOAREYOU, the ephemeral key
 * in its libp2p form, the recipient the challenger.
 */
export function proofDigest (crypto: Pick<DhtCrypto, 'sha256'>, challengeData: Uint8Array, ephemeralKey: Uint8Array, recipientId: Uint8Array): Uint8Array {
  // libp2p hashes what it signs, and this is a hash already
  return crypto.sha256(crypto.sha256(concat([PROOF, challengeData, ephemeralKey, recipientId])))
}

export interface Keys {
  /** What the asker, who answers the challenge, seals with. */
  initiator: Uint8Array
  /** What the challenger seals with. */
  recipient: Uint8Array
}

export interface Agreement {
  /** The compressed point of the key agreement. */
  sharedPoint: Uint8Array
  challengeData: Uint8Array
  initiatorId: Uint8Array
  recipientId: Uint8Array
}

export function deriveKeys (crypto: Pick<DhtCrypto, 'hkdf'>, { sharedPoint, challengeData, initiatorId, recipientId }: Agreement): Keys {
  const keys = crypto.hkdf(sharedPoint, challengeData, concat([AGREEMENT, initiatorId, recipientId]), 2 * KEY_BYTES)

  return { initiator: keys.subarray(0, KEY_BYTES), recipient: keys.subarray(KEY_BYTES) }
}
