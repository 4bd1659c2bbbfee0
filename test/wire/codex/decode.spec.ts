import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { blockCid, manifestCid, treeCid } from '../../../src/dataset/codecs.ts'
import { decodeProof, encodeProof } from '../../../src/dataset/merkle-proof.ts'
import { ProtocolError } from '../../../src/errors.ts'
import { decodeReceived } from '../../../src/wire/codex/decode.ts'
import { deliveryMessage, encodeMessage, wantMessages } from '../../../src/wire/codex/encode.ts'
import { Message } from '../../../src/wire/codex/message.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/wire/limits.ts'
import { Requested } from '../../../src/wire/requested.ts'
import type { Received } from '../../../src/wire/codex/decode.ts'
import type { BlockDelivery, BlockPresence, WantListEntry } from '../../../src/wire/codex/message.ts'
import type { WireLimits } from '../../../src/wire/limits.ts'

const tree = treeCid(new Uint8Array(32).fill(1))
const otherTree = treeCid(new Uint8Array(32).fill(2))
const manifest = manifestCid(new Uint8Array(32).fill(3))
const block = blockCid(new Uint8Array(32).fill(4))
const proof = { index: 1, leaves: 2, path: [new Uint8Array(32).fill(9)] }

/** The longest message that a test sends holds few items. */
const MAX_ITEMS = 50

function decode (bytes: Uint8Array, requested = new Requested(DEFAULT_WIRE_LIMITS), limits?: Partial<WireLimits>): Received {
  return decodeReceived(bytes, { requested, limits: { ...DEFAULT_WIRE_LIMITS, messageItems: MAX_ITEMS, ...limits } })
}

function leaf (index: number, root = tree): WantListEntry['address'] {
  return { leaf: true, treeCid: root.bytes, index }
}

function decodeWants (...entries: WantListEntry[]): Array<[root: string, kind: string, tellAbsent: boolean, ranges: number[][]]> {
  const { wants } = decode(encodeMessage({ wantlist: { entries } }))

  return wants.map(({ root, kind, tellAbsent, ranges }) => {
    return [root.toString(), kind, tellAbsent, ranges.map(({ start, end }) => [start, end])]
  })
}

function decodePresences (...blockPresences: BlockPresence[]): unknown[] {
  return decode(encodeMessage({ blockPresences })).presences.map(({ root, have, absent, price }) => ({
    root: root.toString(), price, have: have.map(({ start, end }) => [start, end]), absent: absent.map(({ start, end }) => [start, end])
  }))
}

function requestedAll (): Requested {
  const requested = new Requested(DEFAULT_WIRE_LIMITS)
  requested.add(tree, [{ start: 0, end: 10 }], 64)
  requested.add(manifest, [{ start: 0, end: 1 }], 64)

  return requested
}

function decodeDeliveries (payload: BlockDelivery[], requested = requestedAll()): Received {
  return decode(encodeMessage({ payload }), requested)
}

describe('wire/codex/decode', () => {
  describe('want lists', () => {
    it('groups what is wanted by root, kind and whether to tell what is absent', () => {
      expect(decodeWants(
        { address: leaf(7), wantType: 1 },
        { address: leaf(3), wantType: 1 },
        { address: leaf(4), wantType: 1 },
        { address: leaf(3), wantType: 0 },
        { address: leaf(8, otherTree), wantType: 1 },
        { address: leaf(4), wantType: 1, sendDontHave: true },
        { address: { leaf: false, cid: manifest.bytes }, wantType: 1 },
        { address: leaf(4), wantType: 1 }
      )).to.deep.equal([
        [tree.toString(), 'have', false, [[3, 5], [7, 8]]],
        [tree.toString(), 'block', false, [[3, 4]]],
        [otherTree.toString(), 'have', false, [[8, 9]]],
        [tree.toString(), 'have', true, [[4, 5]]],
        [manifest.toString(), 'have', false, [[0, 1]]]
      ])
    })

    it('keeps the order of wants and cancels', () => {
      expect(decodeWants(
        { address: leaf(1), wantType: 0 },
        { address: leaf(1), cancel: true, wantType: 1 },
        { address: leaf(2), cancel: true, wantType: 0, sendDontHave: true },
        { address: leaf(1), wantType: 0 }
      ).map(([, kind, tellAbsent, ranges]) => [kind, tellAbsent, ranges])).to.deep.equal([
        ['cancel', false, [[1, 3]]],
        ['block', false, [[1, 2]]]
      ])
      expect(decodeWants(
        { address: leaf(1), wantType: 0 },
        { address: leaf(1), wantType: 1 },
        { address: leaf(2), wantType: 0 },
        { address: leaf(1), cancel: true }
      ).map(([, kind,, ranges]) => [kind, ranges])).to.deep.equal([
        ['cancel', [[1, 2]]],
        ['have', [[1, 2]]],
        ['block', [[2, 3]]]
      ])
    })

    it('makes few wants of a list that takes back and wants in turns', () => {
      const entries = Array.from({ length: 40 }, (_, i) => ({ address: leaf(i), cancel: i % 2 === 0 }))

      expect(decodeWants(...entries).map(([, kind,, ranges]) => [kind, ranges.length])).to.deep.equal([['cancel', 20], ['block', 20]])
    })

    it('takes absent fields for their defaults', () => {
      expect(decodeWants({ address: { leaf: true, treeCid: tree.bytes } })).to.deep.equal([[tree.toString(), 'block', false, [[0, 1]]]])
    })

    it('leaves kinds alone that it does not know', () => {
      expect(decodeWants({ address: leaf(1), wantType: 2 }, { address: leaf(2), wantType: 0xffffffff })).to.be.empty()
    })

    it('reads any priority', () => {
      expect(decodeWants({ address: leaf(1), priority: -1 }, { address: leaf(2), priority: 2 ** 31 - 1 })).to.have.length(1)
    })

    it('reads what we write', () => {
      const ranges = [{ start: 3, end: 8 }, { start: 2 ** 32 - 2, end: 2 ** 32 }]
      const [message] = wantMessages(tree, ranges, 'have', () => true)

      expect(decode(message).wants).to.deep.equal([{ root: tree, kind: 'have', tellAbsent: true, ranges }])
    })

    it('gives roots memory of their own', () => {
      const [message] = wantMessages(tree, [{ start: 0, end: 1 }], 'have', () => true)
      const [{ root }] = decode(message).wants
      message.fill(0)

      expect(root.toString()).to.equal(treeCid(new Uint8Array(32).fill(1)).toString())
      expect(root.bytes.buffer.byteLength).to.be.lessThan(100)
    })
  })

  describe('presences', () => {
    it('groups them by root', () => {
      const price = Uint8Array.of(0, 0, 1, 2)

      expect(decodePresences(
        { address: leaf(5), type: 0, price },
        { address: leaf(4), type: 0, price },
        { address: leaf(6), type: 1, price: Uint8Array.of(1, 2) },
        { address: leaf(7), type: 1, price: new Uint8Array(32) },
        { address: { cid: manifest.bytes }, type: 0 }
      )).to.deep.equal([
        { root: tree.toString(), price: 258n, have: [[4, 6]], absent: [[6, 8]] },
        { root: manifest.toString(), price: 0n, have: [[0, 1]], absent: [] }
      ])
    })

    it('takes the last price of a root for all of it', () => {
      expect(decodePresences(
        { address: leaf(1), price: Uint8Array.of(9) },
        { address: leaf(2), price: Uint8Array.of(7) }
      )).to.deep.equal([{ root: tree.toString(), price: 7n, have: [[1, 3]], absent: [] }])
    })

    it('reads a price of 32 bytes, and drops a presence with a longer one', () => {
      expect(decodePresences(
        { address: leaf(1), price: new Uint8Array(32).fill(255) },
        { address: leaf(2), price: new Uint8Array(33) }
      )).to.deep.equal([{ root: tree.toString(), price: 2n ** 256n - 1n, have: [[1, 2]], absent: [] }])
    })

    it('leaves kinds alone that it does not know', () => {
      expect(decodePresences({ address: leaf(1), type: 2 })).to.be.empty()
    })

    it('says of how many blocks they speak', () => {
      const blockPresences = [{ address: leaf(1), type: 0 }, { address: leaf(2), type: 1 }, { address: leaf(3), type: 7 }]

      expect(decode(encodeMessage({ blockPresences })).answers).to.equal(3)
    })
  })

  describe('deliveries', () => {
    const delivery = { address: leaf(1), cid: block.bytes, data: Uint8Array.of(1, 2, 3), proof: encodeProof(proof) as Uint8Array<ArrayBuffer> }

    it('gives blocks that were asked for, as views of the message', () => {
      const message = deliveryMessage(tree, [{ index: 1, cid: block, data: Uint8Array.of(1, 2, 3), proof: encodeProof(proof) }]).subarray()
      const { deliveries: [{ root, index, cid, data, proof: way = new Uint8Array(0) }], unasked } = decode(message, requestedAll())

      expect([root.toString(), index, [...cid], [...data], decodeProof(way)]).to.deep.equal([tree.toString(), 1, [...block.bytes], [1, 2, 3], proof])
      expect([cid, data, way].map(({ buffer }) => buffer)).to.deep.equal([message.buffer, message.buffer, message.buffer])
      expect(unasked).to.equal(0)
    })

    it('reads a block by its CID, an empty block, and one without a proof', () => {
      const { deliveries } = decodeDeliveries([
        { address: { leaf: false, cid: manifest.bytes }, cid: manifest.bytes, data: Uint8Array.of(1) },
        { address: leaf(2), cid: block.bytes, proof: new Uint8Array(0) }
      ])

      expect(deliveries.map(({ root, index, data, proof }) => [root.toString(), index, data.byteLength, proof])).to.deep.equal([
        [manifest.toString(), 0, 1, undefined],
        [tree.toString(), 2, 0, undefined]
      ])
    })

    it('drops and counts what was not asked for, before it looks at it', () => {
      const { deliveries, unasked } = decodeDeliveries([
        { ...delivery, address: leaf(10), proof: Uint8Array.of(1) },
        { ...delivery, address: leaf(1, otherTree), cid: Uint8Array.of(1) },
        delivery
      ])

      expect([deliveries.length, unasked]).to.deep.equal([1, 2])
    })

    it('takes what came off what may still come', () => {
      const requested = requestedAll()
      const before = requested.bytes
      decodeDeliveries([delivery], requested)

      expect(requested.bytes).to.be.lessThan(before)
    })

    for (const [what, broken] of [
      ['with a CID of a thousand bytes', { ...delivery, cid: new Uint8Array(1_000) }],
      ['without an address', { ...delivery, address: undefined }],
      ['at an address without a CID', { ...delivery, address: { leaf: true, index: 1 } }],
      ['of a leaf of what is not a tree', { ...delivery, address: { leaf: true, treeCid: manifest.bytes, index: 0 } }],
      ['of a tree as a block', { ...delivery, address: { leaf: false, cid: tree.bytes } }],
      ['of a leaf beyond any tree', { ...delivery, address: leaf(2 ** 32) }]
    ] as Array<[string, BlockDelivery]>) {
      it(`refuses a block ${what}`, () => {
        expect(() => decodeDeliveries([broken])).to.throw().with.property('name', ProtocolError.name)
      })
    }
  })

  it('hands on an account of 20 bytes and no other, and an update that says something', () => {
    const account = new Uint8Array(20).fill(7)
    const update = Uint8Array.of(1, 2)
    const received = decode(encodeMessage({ account: { address: account }, payment: { update } }))

    expect([received.account, received.payment]).to.deep.equal([account, update])

    for (const length of [0, 19, 21, 32]) {
      expect(decode(encodeMessage({ account: { address: new Uint8Array(length) } }))).to.have.property('account', undefined)
    }

    expect(decode(encodeMessage({}))).to.have.property('payment', undefined)
  })

  it('reads a message without any field, and one whose fields are unknown, in another order, or repeated', () => {
    expect(decode(new Uint8Array(0)).wants).to.be.empty()

    const want = (index: number): Uint8Array => Message.encode({ wantlist: { entries: [{ address: leaf(index), wantType: 1 }] }, payload: [], blockPresences: [] })
    const presence = (index: number): Uint8Array => Message.encode({ payload: [], blockPresences: [{ address: leaf(index) }] })
    const unknown = Uint8Array.of(0x7a, 2, 1, 2, 0x10, 5)
    const { wants, presences } = decode(concat([presence(1), unknown, want(1), presence(2), want(9)]))

    expect(presences.map(({ have }) => have)).to.deep.equal([[{ start: 1, end: 3 }]])
    expect(wants.map(({ ranges }) => ranges)).to.deep.equal([[{ start: 9, end: 10 }]])
  })

  for (const [what, content] of [
    ['want entries', (count: number) => ({ wantlist: { entries: Array(count).fill({ address: leaf(1) }) } })],
    ['presences', (count: number) => ({ blockPresences: Array(count).fill({ address: leaf(1) }) })]
  ] as const) {
    it(`refuses more ${what} than \`messageItems\``, () => {
      expect(() => decode(encodeMessage(content(MAX_ITEMS)))).to.not.throw()
      expect(() => decode(encodeMessage(content(MAX_ITEMS + 10)))).to.throw().with.property('name', ProtocolError.name)
    })
  }

  it('refuses more blocks than `messageBlocks`', () => {
    const blocks = (count: number): Uint8Array => encodeMessage({ payload: Array(count).fill({ address: leaf(1) }) })

    expect(decode(blocks(5), undefined, { messageBlocks: 5 }).unasked).to.equal(5)
    expect(() => decode(blocks(6), undefined, { messageBlocks: 5 })).to.throw().with.property('name', ProtocolError.name)
  })

  it('refuses an index that is beyond any number', () => {
    const index = Uint8Array.of(0x0a, 0x11, 0x0a, 0x0f, 0x0a, 0x0d, 0x08, 1, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)

    expect(() => decode(index)).to.throw().with.property('name', ProtocolError.name)
  })

  it('makes of any bytes a message or a ProtocolError', () => {
    const [wants] = wantMessages(tree, [{ start: 0, end: 20 }], 'block', () => true)
    const delivery = deliveryMessage(tree, [{ index: 1, cid: block, data: new Uint8Array(50), proof: encodeProof(proof) }])
    const valid = fc.constantFrom(wants, delivery)
    const spoilt = fc.tuple(valid, fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 5 })).map(([bytes, changes]) => {
      const copy = bytes.slice()
      changes.forEach(([at, value]) => { copy[at % copy.byteLength] = value })

      return copy
    })

    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), spoilt), bytes => {
      try {
        decode(bytes, requestedAll())
      } catch (err) {
        expect(err).to.have.property('name', ProtocolError.name)
      }
    }), { numRuns: 500 })
  })
})
