import { multiaddr } from '@multiformats/multiaddr'
import { base58btc } from 'multiformats/bases/base58'
import { createSpr, decodeSpr, formatSpr, parseSpr, verifySpr } from '../../../src/dht/spr.ts'
import { bytesOf, hex } from './tally.ts'
import type { Tally } from './tally.ts'
import type { DhtCrypto } from '../../../src/dht/crypto.ts'
import type { SignedPeerRecord } from '../../../src/dht/spr.ts'

/** A record as text and bytes, and the key that made it. */
export interface RecordVector {
  text: string
  bytesHex: string
  privateKey: Uint8Array
}

/** Reads a record both ways, verifies it, and makes it again from what it says. */
export function checkRecord (tally: Tally, name: string, crypto: DhtCrypto, { text, bytesHex, privateKey }: RecordVector): SignedPeerRecord {
  const record = decodeSpr(bytesOf(bytesHex))
  const { seq, addresses, bytes } = record

  tally.equal(`${name} out of its text`, hex(parseSpr(text).bytes), bytesHex)
  tally.equal(`${name} as text`, formatSpr(record), text)
  tally.equal(`${name} verifies`, verifySpr(crypto, record), true)
  tally.equal(`${name} verifies when it is altered`, verifySpr(crypto, { ...record, payload: record.payload.map((byte, i) => i === 50 ? byte ^ 1 : byte) }), false)
  tally.equal(`${name} made again`, hex(createSpr(crypto, { privateKey, seq, addresses }).bytes), hex(bytes))

  return record
}

/** The 32 bytes of the libp2p form of a private key. */
export function rawKey (protobufHex: string): Uint8Array {
  return bytesOf(protobufHex).subarray(-32)
}

/** A binary peer id as text. */
export function peerIdText (peerId: Uint8Array): string {
  return base58btc.baseEncode(peerId)
}

/** Binary addresses as text. */
export function addressTexts (addresses: Uint8Array[]): string[] {
  return addresses.map(address => multiaddr(address).toString())
}
