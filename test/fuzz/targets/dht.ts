/** What comes over UDP: datagrams, what is in them, and the records of peers. */
import { concat } from 'uint8arrays/concat'
import { decodeHandshake, encodeHandshake } from '../../../src/dht/handshake.ts'
import { decodeMessage, encodeMessage } from '../../../src/dht/messages.ts'
import { loadCrypto } from '../../../src/dht/node-crypto.ts'
import { decodePacket, encodePacket, IV_BYTES, maskKey, MAX_DATAGRAM_BYTES } from '../../../src/dht/packet.ts'
import { decodeSpr, formatSpr, parseSpr, verifySpr } from '../../../src/dht/spr.ts'
import { assertSame } from '../same.ts'
import type { Handshake } from '../../../src/dht/handshake.ts'
import type { Message } from '../../../src/dht/messages.ts'
import type { Packet } from '../../../src/dht/packet.ts'
import type { SignedPeerRecord } from '../../../src/dht/spr.ts'
import type { Target } from '../target.ts'
import type { Vectors } from '../vectors.ts'

/** Bytes of a header up to the length of its authdata, and that length. */
const SIZE_AT = 21
const STATIC_BYTES = SIZE_AT + 2

export async function dhtTargets (vectors: Vectors): Promise<Target[]> {
  const crypto = await loadCrypto()
  const mask = maskKey(crypto, new Uint8Array(32).fill(7))
  const records = vectors.hex('spr.json', 'sprHex')
  const authdata = vectors.hex('dht_capture.json', 'authdataHex')

  return [
    {
      name: 'DHT record',
      weight: 5,
      goldens: records,
      decode: bytes => {
        const record = decodeSpr(bytes)

        return { record, verified: verifySpr(crypto, record) }
      },
      check: value => {
        const { record } = value as { record: SignedPeerRecord }
        assertSame(parseSpr(formatSpr(record)), record)
      }
    },
    {
      name: 'DHT message',
      weight: 5,
      goldens: vectors.hex('dht_capture.json', 'messageHex'),
      // nodes, with as many empty records
      heavy: () => concat([Uint8Array.of(4, 0x0a, 1, 1, 0x12, 0x82, 0x40, 0x08, 1), new Uint8Array(8 * 1024).map((_, i) => i % 2 === 0 ? 0x12 : 0)]),
      decode: decodeMessage,
      check: value => { assertSame(decodeMessage(encodeMessage(value as Message)), value) }
    },
    {
      name: 'DHT packet',
      weight: 5,
      // unmasked: masked again by `disguise`
      goldens: authdata.map((data, i) => {
        const flag = [0, 1, 2].find(flag => (flag === 0 && data.byteLength === 32) || (flag === 1 && data.byteLength === 24)) ?? 2
        const sealed = new Uint8Array(flag === 1 ? 0 : 40)

        return encodePacket({ flag, iv: new Uint8Array(IV_BYTES).fill(i), nonce: new Uint8Array(12), authdata: data, seal: () => sealed }, { ...mask, mask: (iv, bytes) => bytes }).datagram
      }),
      heavy: () => new Uint8Array(MAX_DATAGRAM_BYTES),
      disguise: bytes => {
        const end = Math.min(bytes.byteLength, IV_BYTES + STATIC_BYTES + (bytes[IV_BYTES + SIZE_AT] << 8 | bytes[IV_BYTES + SIZE_AT + 1]))
        const iv = bytes.subarray(0, IV_BYTES)

        return concat([iv, mask.mask(iv.byteLength === IV_BYTES ? iv : new Uint8Array(IV_BYTES), bytes.subarray(IV_BYTES, end)), bytes.subarray(end)])
      },
      decode: bytes => decodePacket(bytes, mask),
      check: value => {
        if (value != null) {
          const { header, flag, nonce, authdata, sealed } = value as Packet
          const { datagram } = encodePacket({ flag, iv: header.subarray(0, IV_BYTES), nonce, authdata, seal: () => sealed }, mask)
          assertSame(decodePacket(datagram, mask), value)
        }
      }
    },
    {
      name: 'DHT handshake',
      weight: 3,
      goldens: authdata,
      decode: decodeHandshake,
      check: value => {
        if (value != null) {
          assertSame(decodeHandshake(encodeHandshake(value as Handshake)), value)
        }
      }
    }
  ]
}
