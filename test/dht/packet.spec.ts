import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { decodeHandshake, encodeHandshake } from '../../src/dht/handshake.ts'
import { loadCrypto } from '../../src/dht/node-crypto.ts'
import { decodePacket, encodePacket, HANDSHAKE, maskKey, MAX_DATAGRAM_BYTES, MESSAGE, MIN_DATAGRAM_BYTES, WHOAREYOU } from '../../src/dht/packet.ts'
import type { AesKey, DhtCrypto } from '../../src/dht/crypto.ts'

const iv = fc.uint8Array({ minLength: 16, maxLength: 16 })
const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 })
const sealed = fc.uint8Array({ minLength: 16, maxLength: 1_400 })
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const parts = fc.oneof(
  fc.record({ flag: fc.constant(MESSAGE), iv, nonce, authdata: bytes(32), sealed }),
  fc.record({ flag: fc.constant(WHOAREYOU), iv, nonce, authdata: bytes(24), sealed: fc.constant(new Uint8Array()) }),
  fc.record({ flag: fc.constant(HANDSHAKE), iv, nonce, authdata: fc.uint8Array({ minLength: 34, maxLength: 1_280 }), sealed })
)

describe('dht/packet', () => {
  const id = new Uint8Array(32).fill(7)
  let crypto: DhtCrypto
  let mask: AesKey

  before(async () => {
    crypto = await loadCrypto()
    mask = maskKey(crypto, id)
  })

  it('comes back as it went', () => {
    fc.assert(fc.property(parts, ({ flag, iv, nonce, authdata, sealed }) => {
      const { datagram, header } = encodePacket({ flag, iv, nonce, authdata, seal: () => sealed }, mask)
      const packet = decodePacket(datagram, mask)

      expect(packet).to.not.equal(undefined)
      expect(packet?.flag).to.equal(flag)
      expect([packet?.nonce, packet?.authdata, packet?.sealed, packet?.header].map(part => part == null ? [] : [...part]))
        .to.deep.equal([nonce, authdata, sealed, header].map(part => [...part]))
    }))
  })

  it('is for one node only', () => {
    fc.assert(fc.property(parts, parts => {
      const { datagram } = encodePacket({ ...parts, seal: () => parts.sealed }, maskKey(crypto, new Uint8Array(32).fill(8)))

      expect(decodePacket(datagram, mask)).to.equal(undefined)
    }))
  })

  it('is nothing when it is garbage', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1_500 }), datagram => {
      expect(decodePacket(datagram, mask)).to.equal(undefined)
    }))
  })

  it('is well formed or nothing when a byte is changed', () => {
    fc.assert(fc.property(parts, fc.nat(), fc.integer({ min: 1, max: 255 }), (parts, at, flip) => {
      const { datagram } = encodePacket({ ...parts, seal: () => parts.sealed }, mask)
      const packet = decodePacket(datagram.map((byte, i) => i === at % datagram.length ? byte ^ flip : byte), mask)

      if (packet != null) {
        expect(packet.header.length + packet.sealed.length).to.equal(datagram.length)
        expect(packet.flag !== MESSAGE || packet.authdata.length === 32).to.equal(true)
        expect(packet.flag !== WHOAREYOU || packet.authdata.length === 24).to.equal(true)
        expect(packet.flag === WHOAREYOU || packet.sealed.length >= 16).to.equal(true)
      }
    }))
  })

  it('is nothing when it is too short or too long', () => {
    const make = (sealed: number): Uint8Array => encodePacket({
      flag: MESSAGE, iv: new Uint8Array(16), nonce: new Uint8Array(12), authdata: id, seal: () => new Uint8Array(sealed)
    }, mask).datagram

    expect(decodePacket(make(15), mask)).to.equal(undefined)
    expect(decodePacket(make(16), mask)?.flag).to.equal(MESSAGE)
    expect(decodePacket(make(16).subarray(0, MIN_DATAGRAM_BYTES - 1), mask)).to.equal(undefined)
    expect(decodePacket(make(MAX_DATAGRAM_BYTES), mask)).to.equal(undefined)
  })
})

describe('dht/handshake', () => {
  it('comes back as it went', () => {
    fc.assert(fc.property(bytes(32), fc.uint8Array({ maxLength: 72 }), fc.uint8Array({ maxLength: 37 }), fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined }),
      (sourceId, signature, ephemeralKey, record) => {
        expect(decodeHandshake(encodeHandshake({ sourceId, signature, ephemeralKey, record }))).to.deep.equal({ sourceId, signature, ephemeralKey, record })
      }))
  })

  it('is read from any bytes, or these are refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), authdata => {
      const handshake = decodeHandshake(authdata)

      expect(handshake == null ? authdata : encodeHandshake(handshake)).to.deep.equal(authdata)
    }))
  })
})
