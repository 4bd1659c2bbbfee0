import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { decode as decodeVarint } from 'uint8-varint'
import { MAX_WANT_ENTRIES } from '../../../src/constants.ts'
import { blockCid, EMPTY_CID, manifestCid, treeCid } from '../../../src/dataset/codecs.ts'
import { accountMessage, deliveryMessage, paymentMessage, presenceMessages, wantMessages } from '../../../src/wire/codex/encode.ts'
import { parseFields } from '../../fuzz/protobuf.ts'
import type { CID } from 'multiformats/cid'

/** What a reference node cannot read can end its stream, or itself: read here without our own decoder. */
class Raw {
  readonly #fields: Array<{ number: number, content: Uint8Array }>

  constructor (bytes: Uint8Array) {
    const fields = parseFields(bytes)
    expect(fields).to.be.an('array')
    this.#fields = fields ?? []
    // in the order of their numbers, and none but lists twice
    const numbers = this.#fields.map(({ number }) => number)
    expect(numbers).to.deep.equal(numbers.toSorted((a, b) => a - b))
  }

  all (number: number): Uint8Array[] {
    return this.#fields.filter(field => field.number === number).map(({ content }) => content)
  }

  bytes (number: number): Uint8Array | undefined {
    const found = this.all(number)
    expect(found.length).to.be.at.most(1)

    return found[0]
  }

  number (number: number): number | undefined {
    const content = this.bytes(number)

    return content == null ? undefined : decodeVarint(content)
  }
}

const ranges = fc.array(fc.tuple(fc.nat(10), fc.integer({ min: 1, max: 1_100 })), { maxLength: 2 }).map(steps => {
  let at = 0

  return steps.map(([gap, length]) => {
    const start = at + gap + 1
    at = start + length

    return { start, end: at }
  })
})
const trees = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(treeCid)
const standalone = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(manifestCid)
/** What can be spoken of: blocks of a tree, or one by its CID. */
const spoken = fc.oneof(fc.tuple(trees, ranges), standalone.map((cid): [CID, Array<{ start: number, end: number }>] => [cid, [{ start: 0, end: 1 }]]))

function expectAddress (bytes: Uint8Array | undefined, root: CID): void {
  expect(bytes).to.not.equal(undefined)
  const address = new Raw(bytes ?? new Uint8Array(0))

  if (address.number(1) === 1) {
    expect(address.bytes(2)).to.deep.equal(root.bytes)
    expect(address.number(3)).to.be.at.least(0).and.to.be.at.most(Number.MAX_SAFE_INTEGER)
  } else {
    expect(address.number(1)).to.equal(0)
    expect(address.bytes(4)).to.deep.equal(root.bytes)
  }
}

describe('wire/codex, what we send', () => {
  it('wants with no priority below zero, of the kinds there are, at most 1,024 a message', () => {
    fc.assert(fc.property(spoken, fc.constantFrom('have', 'block', 'cancel'), fc.boolean(), ([root, ranges], kind, full) => {
      for (const message of wantMessages(root, ranges, kind, () => full)) {
        const list = new Raw(new Raw(message).bytes(1) ?? new Uint8Array(0))
        expect(list.number(2)).to.equal(full ? 1 : 0)
        expect(list.all(1).length).to.be.within(1, MAX_WANT_ENTRIES)

        for (const entry of list.all(1).map(bytes => new Raw(bytes))) {
          expectAddress(entry.bytes(1), root)
          // one byte each: no number of ten bytes, which is negative
          expect([2, 3, 4, 5].map(number => entry.bytes(number)?.length)).to.deep.equal([1, 1, 1, 1])
          expect([entry.number(2), entry.number(3), entry.number(4)]).to.deep.equal([0, kind === 'cancel' ? 1 : 0, kind === 'block' ? 0 : 1])
        }
      }
    }), { numRuns: 8 })
  })

  it('tells of blocks in one of the two kinds there are, with a price of 32 bytes', () => {
    fc.assert(fc.property(spoken, fc.boolean(), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), ([root, ranges], have, price) => {
      for (const message of presenceMessages(root, { have: have ? ranges : [], absent: have ? [] : ranges, price })) {
        for (const presence of new Raw(message).all(4).map(bytes => new Raw(bytes))) {
          expectAddress(presence.bytes(1), root)
          expect(presence.number(2)).to.equal(have ? 0 : 1)
          expect(presence.bytes(3)?.length).to.equal(32)
        }
      }
    }), { numRuns: 8 })
  })

  it('delivers blocks with their data in all cases, and with a proof that is none of nothing', () => {
    const delivery = fc.record({ index: fc.nat(2 ** 40), data: fc.uint8Array({ maxLength: 100 }), proof: fc.option(fc.uint8Array({ minLength: 1, maxLength: 80 }), { nil: undefined }) })

    fc.assert(fc.property(spoken, fc.array(delivery, { maxLength: 20 }), ([root], blocks) => {
      const message = deliveryMessage(root, blocks.map(({ data, ...block }) => ({ ...block, data, cid: data.length === 0 ? EMPTY_CID : blockCid(new Uint8Array(32)) }))).subarray()

      new Raw(message).all(3).map(bytes => new Raw(bytes)).forEach((sent, i) => {
        expect(sent.bytes(1)?.length).to.be.above(0)
        expect(sent.bytes(2)).to.deep.equal(blocks[i].data)
        expectAddress(sent.bytes(3), root)
        expect(sent.bytes(4) ?? new Uint8Array(0)).to.deep.equal(blocks[i].proof ?? new Uint8Array(0))
      })
      expect(new Raw(message).all(3)).to.have.lengthOf(blocks.length)
    }), { numRuns: 50 })
  })

  it('gives an account of 20 bytes, and a payment', () => {
    const account = new Uint8Array(20).fill(1)
    expect(new Raw(new Raw(accountMessage(account)).bytes(6) ?? account).bytes(1)).to.deep.equal(account)
    expect(new Raw(new Raw(paymentMessage(account)).bytes(7) ?? account).bytes(1)).to.deep.equal(account)
  })
})
