import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { decodeMessage, encodeMessage } from '../../src/dht/messages.ts'
import { FieldWriter } from '../../src/dht/protobuf.ts'
import { ProtocolError } from '../../src/errors.ts'
import type { Body, Message } from '../../src/dht/messages.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const uint16 = fc.nat(0xffff)
const blob = fc.uint8Array({ maxLength: 300 })
const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
const records = { total: fc.nat(0xffff), records: fc.array(blob, { maxLength: 5 }) }

const body: fc.Arbitrary<Body> = fc.oneof<Array<fc.Arbitrary<Body>>>(
  fc.record({ type: fc.constant('ping'), sprSeq: uint64 }),
  fc.record({
    type: fc.constant('pong'),
    sprSeq: uint64,
    ip: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
    port: uint16
  }),
  fc.record({ type: fc.constant('findNode'), distances: fc.array(uint16, { minLength: 1, maxLength: 256 }) }),
  fc.record({ type: fc.constant('nodes'), ...records }),
  fc.record({ type: fc.constant('talkReq'), protocol: blob, request: blob }),
  fc.record({ type: fc.constant('talkResp'), response: blob }),
  fc.record({ type: fc.constant('addProvider'), contentId: id, record: blob }),
  fc.record({ type: fc.constant('getProviders'), contentId: id }),
  fc.record({ type: fc.constant('providers'), ...records }),
  fc.record({ type: fc.constant('findNodeFast'), target: id })
)
const message = fc.tuple(fc.uint8Array({ maxLength: 8 }), body).map(([requestId, body]) => ({ requestId, ...body }))

/** A message with a body of raw fields. */
function raw (code: number, write: (body: FieldWriter) => void, requestId = new Uint8Array(8)): Uint8Array {
  const body = new FieldWriter()
  write(body)

  return Uint8Array.of(code, ...new FieldWriter().bytes(1, requestId).bytes(2, body.finish()).finish())
}

describe('dht/messages', () => {
  it('come back as they went', () => {
    fc.assert(fc.property(message, message => {
      expect(decodeMessage(encodeMessage(message))).to.deep.equal(message)
    }))
  })

  it('are read from any bytes, or these are refused', () => {
    fc.assert(fc.property(fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 0x0b, 0x0c, 0x0d, 0x83), fc.uint8Array({ maxLength: 200 })).map(([code, rest]) => Uint8Array.of(code, ...rest)),
      fc.tuple(message, fc.nat(), fc.nat(255)).map(([message, at, flip]) => {
        const bytes = encodeMessage(message)

        return bytes.map((byte, i) => i === at % bytes.length ? byte ^ flip : byte)
      })
    ), bytes => {
      try {
        encodeMessage(decodeMessage(bytes))
      } catch (err) {
        expect(err).to.be.instanceOf(ProtocolError)
      }
    }))
  })

  it('have every field, 0 and empty ones too', () => {
    const requestId = Uint8Array.of(1)
    const bytes = (body: Body): number[] => [...encodeMessage({ requestId, ...body } as Message)]

    expect(bytes({ type: 'ping', sprSeq: 0n })).to.deep.equal([1, 10, 1, 1, 18, 2, 8, 0])
    expect(bytes({ type: 'talkResp', response: new Uint8Array() })).to.deep.equal([6, 10, 1, 1, 18, 2, 18, 0])
    expect(bytes({ type: 'nodes', total: 0, records: [] })).to.deep.equal([4, 10, 1, 1, 18, 2, 8, 0])
  })

  it('reads a total of more than 32 bits as one of 32', () => {
    const message = Uint8Array.of(13, 10, 1, 1, 18, 11, 8, ...new Array(9).fill(0xff), 1)

    expect(decodeMessage(message)).to.deep.include({ type: 'providers', total: 2 ** 32 - 1 })
  })

  const refused: Array<[string, Uint8Array]> = [
    ['of an unknown type', raw(0x07, () => {})],
    ['of no type', new Uint8Array()],
    ['without a body', Uint8Array.of(1, 10, 1, 1)],
    ['without a request id', Uint8Array.of(1, 18, 2, 8, 0)],
    ['with a request id of 9 bytes', raw(1, body => body.uint(1, 1), new Uint8Array(9))],
    ['that ask for no distance', raw(3, () => {})],
    ['with a distance of one byte', raw(3, body => body.bytes(1, Uint8Array.of(1)))],
    ['with more than 256 distances', raw(3, body => { for (let i = 0; i < 257; i++) { body.bytes(1, new Uint8Array(2)) } })],
    ['with a short id', raw(0x0c, body => body.bytes(1, new Uint8Array(31)))],
    ['with an IPv4 address of three bytes', raw(2, body => body.uint(1, 1).bytes(2, new FieldWriter().bytes(1, Uint8Array.of(1)).bytes(2, new Uint8Array(3)).finish()).bytes(3, new Uint8Array(2)))],
    ['with an address of no family', raw(2, body => body.uint(1, 1).bytes(2, new FieldWriter().bytes(1, Uint8Array.of(2)).bytes(2, new Uint8Array(4)).finish()).bytes(3, new Uint8Array(2)))],
    ['with a port of one byte', raw(2, body => body.uint(1, 1).bytes(2, new FieldWriter().bytes(1, Uint8Array.of(1)).bytes(2, new Uint8Array(4)).finish()).bytes(3, new Uint8Array(1)))],
    ['without a number', raw(1, () => {})]
  ]

  for (const [what, bytes] of refused) {
    it(`are refused ${what}`, () => {
      expect(() => decodeMessage(bytes)).to.throw(ProtocolError)
    })
  }

  it('may have other fields, and fields twice', () => {
    const bytes = raw(1, body => body.uint(1, 5).uint(7, 1).uint(1, 6))

    expect(decodeMessage(Uint8Array.of(...bytes, 0x18, 1))).to.deep.include({ type: 'ping', sprSeq: 6n })
  })
})
