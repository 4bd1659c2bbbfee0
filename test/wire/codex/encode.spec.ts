import { expect } from 'aegir/chai'
import { MAX_WANT_ENTRIES } from '../../../src/constants.ts'
import { EMPTY_CID, manifestCid, treeCid } from '../../../src/dataset/codecs.ts'
import { deliveryMessage, presenceMessages, wantMessages } from '../../../src/wire/codex/encode.ts'
import { Message } from '../../../src/wire/codex/message.ts'

const tree = treeCid(new Uint8Array(32).fill(1))
const manifest = manifestCid(new Uint8Array(32).fill(2))

describe('wire/codex/encode', () => {
  it('cuts a want list where the reference node does', () => {
    const ranges = [{ start: 10, end: 11 }, { start: 100, end: 100 + 2 * MAX_WANT_ENTRIES }]
    const lists = [...wantMessages(tree, ranges, 'have', () => false)].map(message => Message.decode(message).wantlist?.entries ?? [])

    expect(lists.map(({ length }) => length)).to.deep.equal([MAX_WANT_ENTRIES, MAX_WANT_ENTRIES, 1])
    expect(lists.flat().map(({ address }) => address?.index)).to.deep.equal([10, ...Array.from({ length: 2 * MAX_WANT_ENTRIES }, (_, i) => 100 + i)])
  })

  it('asks for each list whether it is the first', () => {
    let first = true
    const lists = [...wantMessages(tree, [{ start: 0, end: MAX_WANT_ENTRIES + 1 }], 'block', () => {
      const full = first
      first = false
      return full
    })]

    expect(lists.map(message => Message.decode(message).wantlist?.full)).to.deep.equal([true, false])
  })

  for (const [kind, entry] of [
    ['have', { priority: 0, cancel: false, wantType: 1, sendDontHave: true }],
    ['block', { priority: 0, cancel: false, wantType: 0, sendDontHave: true }],
    ['cancel', { priority: 0, cancel: true, wantType: 1, sendDontHave: false }]
  ] as const) {
    it(`writes every field of an entry of kind ${kind}`, () => {
      const [message] = wantMessages(manifest, [{ start: 0, end: 1 }], kind, () => false)

      expect(Message.decode(message).wantlist?.entries).to.deep.equal([{ address: { leaf: false, cid: manifest.bytes }, ...entry }])
    })
  }

  it('says what is here and what is not in one message; only what is here has a price', () => {
    const messages = [...presenceMessages(tree, { have: [{ start: 4, end: 6 }], absent: [{ start: 9, end: 10 }], price: 258n })]
    const { blockPresences } = Message.decode(messages[0])

    expect(messages).to.have.length(1)
    expect(blockPresences.map(({ address, type, price }) => [address?.index, type, price?.length, price?.at(-2), price?.at(-1)])).to.deep.equal([
      [4, 0, 32, 1, 2], [5, 0, 32, 1, 2], [9, 1, 32, 0, 0]
    ])
  })

  it('says nothing when there is nothing to say', () => {
    expect([...presenceMessages(tree, { have: [], absent: [], price: 0n })]).to.be.empty()
    expect([...wantMessages(tree, [], 'have', () => true)]).to.be.empty()
  })

  it('writes the data of an empty block', () => {
    const { payload: [{ data }] } = Message.decode(deliveryMessage(tree, [{ index: 0, cid: EMPTY_CID, data: new Uint8Array(0) }]))

    expect(data).to.deep.equal(new Uint8Array(0))
  })
})
