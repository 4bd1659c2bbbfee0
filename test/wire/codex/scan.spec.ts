import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { blockCid, manifestCid, treeCid } from '../../../src/dataset/codecs.ts'
import { ProtocolError } from '../../../src/errors.ts'
import { accountMessage, deliveryMessage, encodeMessage, paymentMessage, presenceMessages, wantMessages } from '../../../src/wire/codex/encode.ts'
import { assertModest } from '../../../src/wire/codex/scan.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/wire/limits.ts'

const root = treeCid(new Uint8Array(32).fill(1))

function isModest (bytes: Uint8Array): boolean {
  try {
    assertModest(bytes, DEFAULT_WIRE_LIMITS)

    return true
  } catch (err) {
    expect(err).to.have.property('name', ProtocolError.name)

    return false
  }
}

function repeat (times: number, ...part: number[]): Uint8Array {
  return concat(Array.from({ length: times }, () => Uint8Array.from(part)))
}

/** A field with bytes in it. */
function field (number: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(number * 8 + 2, content.byteLength & 0x7f | 0x80, content.byteLength >> 7), content])
}

describe('wire/codex/scan', () => {
  it('takes all that we say, however much it is', () => {
    fc.assert(fc.property(fc.nat(1_024), fc.nat(20), fc.nat(500), (count, blocks, bytes) => {
      const ranges = [{ start: 2 ** 32 - count, end: 2 ** 32 }]
      const one = [{ start: 0, end: 1 }]
      const messages = [
        ...wantMessages(root, ranges, 'have', () => true),
        ...wantMessages(manifestCid(new Uint8Array(32)), one, 'block', () => false),
        ...presenceMessages(root, { have: ranges, absent: one, price: 2n ** 255n }),
        deliveryMessage(root, Array.from({ length: blocks }, (_, index) => ({ index, cid: blockCid(new Uint8Array(32)), data: new Uint8Array(bytes), proof: new Uint8Array(bytes) }))).subarray(),
        accountMessage(new Uint8Array(20)),
        paymentMessage(new Uint8Array(bytes)),
        encodeMessage({}),
        new Uint8Array(0)
      ]

      expect(messages.map(isModest)).to.not.include(false)
    }))
  })

  it('takes fields that it does not know', () => {
    expect(isModest(concat([repeat(10, 0x78, 1), field(14, new Uint8Array(300)), Uint8Array.of(0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4)]))).to.be.true()
  })

  for (const [what, bytes] of [
    ['items without anything in them', repeat(1_000, 0x1a, 0)],
    ['entries without anything in them', field(1, repeat(1_000, 0x0a, 0))],
    ['addresses without anything in them', field(1, field(1, repeat(1_000, 0x0a, 0)))],
    ['accounts', repeat(1_000, 0x32, 2, 0x0a, 0)],
    ['fields that nobody knows', repeat(2_000, 0x78, 1)],
    ['fields that nobody knows, further in', field(1, field(1, repeat(2_000, 0x78, 1)))]
  ] as const) {
    it(`refuses thousands of ${what}`, () => {
      expect(isModest(bytes)).to.be.false()
    })
  }

  it('takes negative numbers, and the largest', () => {
    const entry = { address: { leaf: true, treeCid: root.bytes, index: Number.MAX_SAFE_INTEGER }, priority: -1, cancel: true, wantType: 2 ** 32 - 1 }

    expect(isModest(encodeMessage({ wantlist: { entries: [entry] }, pendingBytes: Number.MAX_SAFE_INTEGER }))).to.be.true()
  })

  // each is one field, or none, to who believes what it says, and a thousand items to the parser
  for (const [what, prefix, item] of [
    ['an unknown field whose tag has bits that the parser overlooks', [0x8a, 0x80, 0x80, 0x80, 0x10], 0x0a],
    ['a number as a field of bytes', [0x2a], 0x22],
    ['a number in more bytes than it needs', [0x28, 0x80, 0x00, 0x7a], 0x22],
    ['a number in six bytes, of which the parser takes ten', [0x0a, 7, 0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0x78, 0, 0x7a], 0x22]
  ] as const) {
    it(`refuses a thousand items disguised as ${what}`, () => {
      const items = repeat(1_000, item, 0)

      expect(isModest(concat([Uint8Array.from(prefix), Uint8Array.of(items.byteLength & 0x7f | 0x80, items.byteLength >> 7), items]))).to.be.false()
    })
  }

  it('refuses a thousand items behind a number without end', () => {
    expect(isModest(concat([Uint8Array.of(0x7a), repeat(160, 0x80), Uint8Array.of(0), repeat(1_000, 0x22, 0)]))).to.be.false()
  })

  for (const [what, bytes] of [
    ['a list as a number', [0x08, 2]],
    ['a list as four bytes', [0x0d, 0, 0, 0, 0]],
    ['a truth value as bytes', [0x0a, 2, 0x12, 0]],
    ['an index in more bytes than it needs', [0x0a, 7, 0x0a, 5, 0x0a, 3, 0x18, 0x80, 0x00]],
    ['a tag in more bytes than it needs', [0xa2, 0x00, 0]],
    ['a group', [0x0b, 0x0c]],
    ['a kind of field that there is not', [0x0f]],
    ['a number that is cut off', [0x28, 0x80]],
    ['a field that is longer than the message', [0x7a, 2, 0]],
    ['a field that is longer than what it is in', [0x0a, 2, 0x0a, 1, 0x10, 1]],
    ['eight bytes that are not there', [0x79, 0, 0, 0]],
    ['a length beyond any number', [0x7a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]]
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(isModest(Uint8Array.from(bytes))).to.be.false()
    })
  }
})
