import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { FieldWriter, Fields } from '../../src/dht/protobuf.ts'
import { ProtocolError } from '../../src/errors.ts'

const number = fc.integer({ min: 1, max: 2 ** 29 - 1 })
const value = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 300 }))

function write (fields: Array<[number, bigint | Uint8Array]>): Uint8Array {
  const writer = new FieldWriter()

  for (const [field, value] of fields) {
    if (typeof value === 'bigint') {
      writer.uint(field, value)
    } else {
      writer.bytes(field, value)
    }
  }

  return writer.finish()
}

describe('dht/protobuf', () => {
  it('reads 300 fields and refuses more: empty ones take fifty times their bytes in memory', () => {
    const fields = (count: number): Uint8Array => write(Array.from({ length: count }, () => [1, new Uint8Array(0)]))

    expect(new Fields(fields(300)).list(1)).to.have.length(300)
    expect(() => new Fields(fields(301))).to.throw('more than 300 fields').with.property('name', ProtocolError.name)
  })

  it('reads what it writes, the last value of a field', () => {
    fc.assert(fc.property(fc.array(fc.tuple(number, value), { maxLength: 20 }), fields => {
      const read = new Fields(write(fields))

      for (const [field] of fields) {
        const uint = fields.findLast(([other, value]) => other === field && typeof value === 'bigint')
        const bytes = fields.filter(([other, value]) => other === field && value instanceof Uint8Array).map(([, value]) => value)

        expect(uint == null || read.uint(field) === uint[1]).to.equal(true)
        expect(read.list(field)).to.deep.equal(bytes)
        expect(bytes.length === 0 || read.bytes(field)).to.deep.equal(bytes.at(-1) ?? true)
      }
    }))
  })

  it('reads any bytes, or refuses them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
      try {
        const fields = new Fields(bytes)
        expect(fields.list(1).every(field => field.length <= bytes.length)).to.equal(true)
      } catch (err) {
        expect(err).to.be.instanceOf(ProtocolError)
      }
    }))
  })

  it('passes over fields of fixed length', () => {
    const fields = new Fields(Uint8Array.of(0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x18, 7))

    expect(fields.uint(3)).to.equal(7n)
    expect(() => fields.uint(1)).to.throw(ProtocolError, 'field 1 is missing')
  })

  it('takes a field of another kind for absent', () => {
    const fields = new Fields(new FieldWriter().uint(1, 5).bytes(2, Uint8Array.of(1)).finish())

    expect(() => fields.bytes(1)).to.throw(ProtocolError)
    expect(() => fields.uint(2)).to.throw(ProtocolError)
  })

  for (const [what, bytes] of [
    ['a field longer than the message', [0x0a, 5, 1]],
    ['a length of 2^63', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]],
    ['a number that does not end', [0x08, 0x80]],
    ['a number of eleven bytes', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
    ['a group', [0x0b]],
    ['a fixed field that is cut off', [0x09, 1, 2]]
  ] as Array<[string, number[]]>) {
    it(`refuses ${what}`, () => {
      expect(() => new Fields(Uint8Array.from(bytes))).to.throw(ProtocolError)
    })
  }
})
