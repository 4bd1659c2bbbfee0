/** Messages as long as one may be of whom nothing was asked, and as costly for their length as one can think of. */
import { encode as encodeVarint } from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { CONTROL_BYTES } from '../../../src/constants.ts'
import { blockCid, manifestCid, treeCid } from '../../../src/dataset/codecs.ts'
import { int, pick } from '../../../src/testing/random.ts'
import { encodeMessage } from '../../../src/wire/codex/encode.ts'
import { Message } from '../../../src/wire/codex/message.ts'
import type { Random } from '../../../src/interfaces.ts'
import type { BlockAddress } from '../../../src/wire/codex/message.ts'

const NO_BYTES = new Uint8Array(0)
const TREE = treeCid(new Uint8Array(32).fill(1)).bytes

function digest (n: number): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, n)

  return bytes
}

function leaf (index: number, treeCid = TREE): BlockAddress {
  return { leaf: true, treeCid, index }
}

/** A part over and over, as often as fits. */
function fill (part: Uint8Array): Uint8Array {
  return concat(Array.from({ length: Math.floor(CONTROL_BYTES / part.byteLength) }, () => part))
}

/** As many items as fit, without anything in them, in what begins like this and has a length. */
function disguised (head: number[], tag: number): Uint8Array {
  const items = fill(Uint8Array.of(tag, 0)).subarray(0, CONTROL_BYTES - 16)

  return concat([Uint8Array.from(head), encodeVarint(items.byteLength), items])
}

/** As many of the items that a message is made of as fit. */
function most<T> (item: (i: number) => T, message: (items: T[]) => Partial<Message>): Uint8Array {
  const [one, two] = [1, 2].map(count => Message.encode({ payload: [], blockPresences: [], ...message(Array.from({ length: count }, (_, i) => item(1_000_000 + i))) }).byteLength)
  const count = Math.floor(CONTROL_BYTES / (two - one) * 0.98)

  return encodeMessage(message(Array.from({ length: count }, (_, i) => item(i))))
}

const MESSAGES: Array<(random: Random) => Uint8Array> = [
  // wants of as many standalone blocks
  () => most(i => ({ address: { cid: blockCid(digest(i)).bytes }, wantType: 1, sendDontHave: true }), entries => ({ wantlist: { entries } })),
  // of as many trees
  () => most(i => ({ address: leaf(0, treeCid(digest(i)).bytes) }), entries => ({ wantlist: { entries } })),
  // of leaves in no order, with gaps
  random => most(() => ({ address: leaf(2 * int(random, 0, 2 ** 31)), wantType: 1 }), entries => ({ wantlist: { entries } })),
  // a want, a cancel, a want…
  () => most(i => ({ address: leaf(i), cancel: i % 2 === 0 }), entries => ({ wantlist: { entries } })),
  // two trees in turns
  () => most(i => ({ address: leaf(i, treeCid(digest(i % 2)).bytes), wantType: 1 }), entries => ({ wantlist: { entries } })),
  // presences, each with a price of its own
  () => most(i => ({ address: leaf(i), price: digest(i) as Uint8Array<ArrayBuffer> }), blockPresences => ({ blockPresences })),
  // of as many blocks that nobody asked about
  () => most(i => ({ address: { cid: manifestCid(digest(i)).bytes } }), blockPresences => ({ blockPresences })),
  // empty blocks
  () => most(i => ({ address: leaf(i % 100), cid: TREE, data: NO_BYTES as Uint8Array<ArrayBuffer>, proof: NO_BYTES as Uint8Array<ArrayBuffer> }), payload => ({ payload })),
  // items without anything in them
  () => fill(Uint8Array.of(0x1a, 0)),
  () => fill(Uint8Array.of(0x22, 0)),
  () => concat([Uint8Array.of(0x0a, 0x80, 0x80, 0x10), fill(Uint8Array.of(0x0a, 0))]),
  // the same behind what the parser reads in another way than it is written
  () => disguised([0x8a, 0x80, 0x80, 0x80, 0x10], 0x0a),
  () => disguised([0x2a], 0x22),
  () => disguised([0x28, 0x80, 0, 0x7a], 0x22),
  () => concat([Uint8Array.of(0x7a), new Uint8Array(160).fill(0x80), fill(Uint8Array.of(0, 0x22)), Uint8Array.of(0)]),
  // lists, accounts and payments without end; the last counts
  () => fill(Uint8Array.of(0x0a, 0)),
  () => fill(Uint8Array.of(0x0a, 4, 0x0a, 2, 0x0a, 0)),
  () => fill(Uint8Array.of(0x32, 2, 0x0a, 0)),
  () => fill(Uint8Array.of(0x3a, 0)),
  // fields that nobody knows, and groups in groups
  () => fill(Uint8Array.of(0x48, 0)),
  () => fill(Uint8Array.of(0x0b)),
  () => fill(Uint8Array.of(0x0b, 0x0c))
]

export function heavyMessage (random: Random): Uint8Array {
  return pick(random, MESSAGES)(random)
}
