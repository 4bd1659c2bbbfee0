import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { createPrivateKey } from '../../src/dht/crypto.ts'
import { loadCrypto } from '../../src/dht/node-crypto.ts'
import { FieldWriter, Fields } from '../../src/dht/protobuf.ts'
import { createSpr, decodeSpr, formatSpr, parseSpr, verifySpr } from '../../src/dht/spr.ts'
import { InvalidParametersError, ProtocolError } from '../../src/errors.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { SignedPeerRecord } from '../../src/dht/spr.ts'

const address = multiaddr('/ip4/192.0.2.7/udp/8090').bytes

describe('dht/spr', () => {
  let crypto: DhtCrypto
  let privateKey: Uint8Array
  let record: SignedPeerRecord

  before(async () => {
    crypto = await loadCrypto()
    privateKey = createPrivateKey(crypto)
    record = createSpr(crypto, { privateKey, seq: 7n, addresses: [address] })
  })

  /** The record with the fields of its envelope changed. */
  function altered (fields: Record<number, Uint8Array>, order = [1, 2, 3, 5]): Uint8Array {
    const envelope = new Fields(record.bytes)
    const writer = new FieldWriter()
    order.forEach(field => writer.bytes(field, fields[field] ?? envelope.bytes(field)))

    return writer.finish()
  }

  it('says what it was made to say', () => {
    const { seq, addresses, publicKey, peerId } = parseSpr(formatSpr(record))

    expect(seq).to.equal(7n)
    expect(addresses).to.deep.equal([address])
    expect(publicKey).to.deep.equal(crypto.publicKey(privateKey))
    expect(peerId.subarray(-33)).to.deep.equal(publicKey)
    expect(verifySpr(crypto, record)).to.equal(true)
  })

  it('may have any number, and no address', () => {
    for (const seq of [0n, 2n ** 64n - 1n]) {
      const read = decodeSpr(createSpr(crypto, { privateKey, seq, addresses: [] }).bytes)

      expect(read.seq).to.equal(seq)
      expect(read.addresses).to.deep.equal([])
      expect(verifySpr(crypto, read)).to.equal(true)
    }
  })

  it('is read with its fields in another order, repeated, and with others', () => {
    const other = new FieldWriter().bytes(3, Uint8Array.of(1)).bytes(9, Uint8Array.of(1)).uint(8, 1)
    const bytes = Uint8Array.of(...other.finish(), ...altered({}, [5, 3, 2, 1]))

    expect(verifySpr(crypto, decodeSpr(bytes))).to.equal(true)
  })

  it('does not verify when anything in it is changed', () => {
    const stranger = crypto.publicKey(createPrivateKey(crypto))
    const flipped = record.payload.map((byte, i) => i === record.payload.length - 1 ? byte ^ 1 : byte)

    expect(verifySpr(crypto, decodeSpr(altered({ 3: flipped })))).to.equal(false)
    expect(verifySpr(crypto, decodeSpr(altered({ 5: record.signature.subarray(1) })))).to.equal(false)
    expect(verifySpr(crypto, { ...record, publicKey: stranger })).to.equal(false)
  })

  it('is refused when it is of another peer than signed it', () => {
    const stranger = createSpr(crypto, { privateKey: createPrivateKey(crypto), seq: 1n, addresses: [] })

    expect(() => decodeSpr(altered({ 3: stranger.payload }))).to.throw(ProtocolError, 'not of the peer')
  })

  it('is refused with another type, another kind of key, or too long', () => {
    expect(() => decodeSpr(altered({ 2: Uint8Array.of(3, 2) }))).to.throw(ProtocolError, 'no peer record')
    expect(() => decodeSpr(altered({ 1: Uint8Array.of(8, 1, 18, 32, ...new Uint8Array(32)) }))).to.throw(ProtocolError, 'secp256k1')
    expect(() => decodeSpr(altered({ 9: new Uint8Array(900) }, [1, 2, 3, 5, 9]))).to.throw(ProtocolError, '1024')
  })

  it('is not made with more addresses than it has room for', () => {
    expect(() => createSpr(crypto, { privateKey, seq: 1n, addresses: Array.from({ length: 80 }, () => address) })).to.throw(InvalidParametersError)
  })

  it('is refused as text when it is no text of a record', () => {
    expect(() => parseSpr('enr:abc')).to.throw(ProtocolError, 'spr:')
    expect(() => parseSpr('spr:a+b')).to.throw(ProtocolError)
    expect(() => parseSpr('spr:')).to.throw(ProtocolError)
  })

  it('is read from any bytes, or they are refused', () => {
    fc.assert(fc.property(fc.oneof(
      fc.uint8Array({ maxLength: 1_100 }),
      fc.tuple(fc.nat(200), fc.nat(255)).map(([at, flip]) => record.bytes.map((byte, i) => i === at ? byte ^ flip : byte))
    ), bytes => {
      try {
        const read = decodeSpr(bytes)
        expect(verifySpr(crypto, read)).to.be.a('boolean')
      } catch (err) {
        expect(err).to.be.instanceOf(ProtocolError)
      }
    }))
  })
})
