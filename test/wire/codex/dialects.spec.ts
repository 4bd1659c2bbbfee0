import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import { EMPTY_CID, isTreeCid, treeCid } from '../../../src/dataset/codecs.ts'
import { int, pick, seededRandom, shuffle } from '../../../src/testing/random.ts'
import { decodeReceived } from '../../../src/wire/codex/decode.ts'
import { encodeMessage } from '../../../src/wire/codex/encode.ts'
import { Message } from '../../../src/wire/codex/message.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/wire/limits.ts'
import { Requested } from '../../../src/wire/requested.ts'
import { writeFields, parseFields } from '../../fuzz/protobuf.ts'
import { loadVectors } from '../../fuzz/vectors.ts'
import type { Random } from '../../../src/interfaces.ts'
import type { Field } from '../../fuzz/protobuf.ts'

/** What a kind of message consists of: the numbers of its plain fields, by wire type, and the kinds of those in it. */
interface Kind {
  numbers?: number[]
  bytes?: number[]
  one?: Record<number, string>
  many?: Record<number, string>
}

const KINDS: Record<string, Kind> = {
  Message: { numbers: [5], one: { 1: 'WantList', 6: 'Account', 7: 'Payment' }, many: { 3: 'Delivery', 4: 'Presence' } },
  WantList: { numbers: [2], many: { 1: 'Entry' } },
  Entry: { numbers: [2, 3, 4, 5], one: { 1: 'Address' } },
  Delivery: { bytes: [1, 2, 4], one: { 3: 'Address' } },
  Presence: { numbers: [2], bytes: [3], one: { 1: 'Address' } },
  Address: { numbers: [1, 3], bytes: [2, 4] },
  Account: { bytes: [1] },
  Payment: { bytes: [1] }
}

const ZERO = Uint8Array.of(0)
const NOTHING = new Uint8Array(0)

/** The same message as another encoder could write it. */
type Dialect = (fields: Field[], kind: Kind, random: Random) => Field[]

const DIALECTS: Record<string, Dialect> = {
  'without defaults': (fields, { numbers = [], bytes = [] }) => fields.filter(({ number, content }) => {
    return !(numbers.includes(number) && content.length === 1 && content[0] === 0) && !(bytes.includes(number) && content.length === 0)
  }),

  'with all defaults': (fields, { numbers = [], bytes = [] }) => {
    const missing = (number: number): boolean => fields.every(field => field.number !== number)

    return [
      ...numbers.filter(missing).map(number => ({ number, type: 0, content: ZERO })),
      ...bytes.filter(missing).map(number => ({ number, type: 2, content: NOTHING })),
      ...fields
    ]
  },

  'with unknown fields': (fields, _, random) => [
    { number: int(random, 9, 2_000), type: 0, content: Uint8Array.of(0x96, 1) },
    ...fields.flatMap(field => random() < 0.5 ? [field] : [field, { number: int(random, 9, 16), type: pick(random, [1, 2, 5]), content: new Uint8Array(8).fill(7) }])
  ].map(field => field.type === 5 && field.number > 8 ? { ...field, content: field.content.subarray(0, 4) } : field),

  'in another order': (fields, _, random) => {
    // items of a list keep theirs
    const numbers = shuffle(random, fields.map(({ number }) => number))
    const queues = Map.groupBy(fields, ({ number }) => number)

    return numbers.flatMap(number => queues.get(number)?.shift() ?? [])
  },

  'with fields repeated, the last of which counts': (fields, { numbers = [], bytes = [], one = {} }) => fields.flatMap(field => {
    if (numbers.includes(field.number)) {
      return [{ ...field, content: Uint8Array.of(3) }, field]
    }

    if (bytes.includes(field.number)) {
      return [{ ...field, content: new Uint8Array(5).fill(9) }, field]
    }

    return field.number in one ? [{ ...field, content: NOTHING }, field] : [field]
  })
}

function speak (message: Uint8Array, kind: string, dialect: Dialect, random: Random): Uint8Array {
  const { one = {}, many = {} } = KINDS[kind]
  const parsed = parseFields(message)

  // numbers of ten bytes
  if (parsed == null) {
    return message
  }

  const fields = parsed.map(field => {
    const inner = one[field.number] ?? many[field.number]

    return inner == null ? field : { ...field, content: speak(field.content, inner, dialect, random) }
  })

  return writeFields(dialect(fields, KINDS[kind], random))
}

describe('wire/codex, how others may write', () => {
  let messages: Uint8Array[]

  before(async () => {
    messages = (await loadVectors('test/interop/vectors', ['blockexc_messages.json'])).hex('blockexc_messages.json', 'encodedHex')
      .filter(bytes => {
        try {
          Message.decode(bytes)

          return true
        } catch {
          return false
        }
      })
    // with all that a message can hold
    const address = { leaf: true, treeCid: treeCid(new Uint8Array(32).fill(1)).bytes, index: 0 }
    messages.push(encodeMessage({
      wantlist: { entries: [{ address, wantType: 1, sendDontHave: true }, { address: { ...address, index: 7 }, cancel: true, wantType: 0 }], full: true },
      blockPresences: [{ address, type: 0, price: new Uint8Array(32).fill(1) }, { address: { ...address, index: 300 }, type: 1 }],
      payload: [{ cid: EMPTY_CID.bytes, data: NOTHING, address }],
      account: { address: new Uint8Array(20).fill(4) },
      payment: { update: Uint8Array.of(5) }
    }))
  })

  function read (bytes: Uint8Array): unknown {
    const requested = new Requested(DEFAULT_WIRE_LIMITS)

    for (const { address, cid } of Message.decode(bytes).payload) {
      const root = CID.decode(address?.leaf === true ? address.treeCid ?? NOTHING : address?.cid ?? cid ?? NOTHING)
      requested.add(root, [{ start: 0, end: isTreeCid(root) ? 1_000 : 1 }], 65_536)
    }

    return decodeReceived(bytes, { requested, limits: DEFAULT_WIRE_LIMITS })
  }

  function expectRead (dialect: Dialect): void {
    const random = seededRandom(1)
    let changed = 0

    for (const message of messages) {
      const spoken = speak(message, 'Message', dialect, random)
      changed += Buffer.compare(spoken, message) === 0 ? 0 : 1
      expect(read(spoken)).to.deep.equal(read(message))
    }

    expect(changed).to.be.above(messages.length / 2)
  }

  for (const [name, dialect] of Object.entries(DIALECTS)) {
    it(`reads what is written ${name}`, () => { expectRead(dialect) })
  }
})
