/** Inputs that are nearly right: golden bytes, changed here and there, as bytes and as protobuf. */
import { concat } from 'uint8arrays/concat'
import { int, pick } from '../../src/testing/random.ts'
import { parseFields, writeFields } from './protobuf.ts'
import type { Random } from '../../src/interfaces.ts'

/** Bytes; repetition makes inputs no longer than this. */
const MAX_BYTES = 64 * 1024

/** Numbers at the edges of what fits, as varints, one of them cut off and one too long. */
const EDGES = [
  [0x00], [0x7f], [0x80], [0x80, 0x00], [0xff, 0x7f], [0xff, 0xff, 0x03], [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x10], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
].map(bytes => Uint8Array.from(bytes))

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array

function replace (bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  return concat([bytes.subarray(0, start), by, bytes.subarray(end)])
}

function rangeOf ({ byteLength }: Uint8Array, random: Random): [start: number, end: number] {
  const start = int(random, 0, byteLength + 1)

  return [start, Math.min(byteLength, start + int(random, 1, random() < 0.8 ? 5 : byteLength + 2))]
}

export function randomBytes (random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => int(random, 0, 256))
}

const AS_BYTES: Mutation[] = [
  // a bit
  (bytes, random) => {
    const copy = bytes.slice()
    copy[int(random, 0, Math.max(1, copy.byteLength))] ^= 1 << int(random, 0, 8)
    return copy
  },
  // a byte
  (bytes, random) => {
    const copy = bytes.slice()
    copy[int(random, 0, Math.max(1, copy.byteLength))] = pick(random, [0, 1, 0x7f, 0x80, 0xfe, 0xff, int(random, 0, 256)])
    return copy
  },
  // the end is missing
  (bytes, random) => bytes.slice(0, int(random, 0, bytes.byteLength + 1)),
  // something is missing
  (bytes, random) => replace(bytes, ...rangeOf(bytes, random), new Uint8Array(0)),
  // noise comes in between
  (bytes, random) => {
    const [start] = rangeOf(bytes, random)
    return replace(bytes, start, start, randomBytes(random, int(random, 1, 20)))
  },
  // noise instead
  (bytes, random) => {
    const [start, end] = rangeOf(bytes, random)
    return replace(bytes, start, end, randomBytes(random, end - start))
  },
  // a number at an edge
  (bytes, random) => {
    const [start] = rangeOf(bytes, random)
    return replace(bytes, start, random() < 0.5 ? start : start + 1, pick(random, EDGES))
  },
  // the same again, perhaps often
  (bytes, random) => {
    const [start, end] = rangeOf(bytes, random)
    const times = random() < 0.95 ? int(random, 1, 4) : int(random, 1, 2_000)
    const most = Math.floor((MAX_BYTES - bytes.byteLength) / Math.max(1, end - start))
    return replace(bytes, end, end, concat(Array.from({ length: Math.max(0, Math.min(times, most)) }, () => bytes.subarray(start, end))))
  }
]

/** Changes fields and what is in them, and leaves the lengths around them right. */
function asProtobuf (bytes: Uint8Array, random: Random): Uint8Array {
  const fields = parseFields(bytes)

  if (fields == null || fields.length === 0) {
    return pick(random, AS_BYTES)(bytes, random)
  }

  const at = int(random, 0, fields.length)
  const field = fields[at]

  switch (int(random, 0, 8)) {
    case 0:
      fields.splice(at, 1)
      break
    case 1:
      fields.splice(int(random, 0, fields.length + 1), 0, ...Array.from({ length: copiesOf(field.content, random) }, () => field))
      break
    case 2:
      fields.splice(int(random, 0, fields.length), 0, ...fields.splice(at, 1))
      break
    case 3:
      fields[at] = { ...field, number: int(random, 1, 12) }
      break
    case 4:
      fields[at] = { ...field, type: int(random, 0, 6) }
      break
    default:
      fields[at] = { ...field, content: field.type === 2 ? mutateOnce(field.content, random) : pick(random, EDGES) }
  }

  return writeFields(fields)
}

function copiesOf ({ byteLength }: Uint8Array, random: Random): number {
  return random() < 0.95 ? int(random, 1, 4) : Math.min(int(random, 1, 2_000), Math.floor(MAX_BYTES / (byteLength + 2)))
}

function mutateOnce (bytes: Uint8Array, random: Random): Uint8Array {
  return random() < 0.6 ? asProtobuf(bytes, random) : pick(random, AS_BYTES)(bytes, random)
}

/** Changes a golden once or a few times; at times it is grafted onto another. */
export function mutate (goldens: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = pick(random, goldens)

  if (random() < 0.1) {
    const other = pick(random, goldens)
    bytes = concat([bytes.subarray(0, rangeOf(bytes, random)[0]), other.subarray(rangeOf(other, random)[0])])
  }

  for (let times = int(random, 1, random() < 0.7 ? 3 : 10); times > 0 && bytes.byteLength <= MAX_BYTES; times--) {
    bytes = mutateOnce(bytes, random)
  }

  return bytes.subarray(0, MAX_BYTES)
}
