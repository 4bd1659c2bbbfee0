/**
 * What nodes say to each other: one type byte, then protobuf (docs/PROTOCOL.md §8). Every field is written, 0 included,
 * and lengths are exact: shorter ones can crash the reference node.
 */
import { concat } from 'uint8arrays/concat'
import { ProtocolError } from '../errors.ts'
import { FieldWriter, Fields } from './protobuf.ts'

/** What each message holds besides its request id. */
interface Bodies {
  /** The number of the sender's record. */
  ping: { sprSeq: bigint }
  /** Where the answerer sees the asker: an address of 4 or 16 bytes. */
  pong: { sprSeq: bigint, ip: Uint8Array, port: number }
  /** Distances from the answerer's id; 0 asks for its own record. At least one. */
  findNode: { distances: number[] }
  /** Records, and of how many such messages the answer consists. */
  nodes: { total: number, records: Uint8Array[] }
  talkReq: { protocol: Uint8Array, request: Uint8Array }
  talkResp: { response: Uint8Array }
  addProvider: { contentId: Uint8Array, record: Uint8Array }
  getProviders: { contentId: Uint8Array }
  providers: { total: number, records: Uint8Array[] }
  /** Answered by `nodes`: those closest to the target that the answerer knows. */
  findNodeFast: { target: Uint8Array }
}

export type MessageType = keyof Bodies
export type MessageOf<T extends MessageType> = { [K in T]: { type: K, requestId: Uint8Array } & Bodies[K] }[T]
export type Message = MessageOf<MessageType>
/** Any message without its request id. */
export type Body = { [K in MessageType]: { type: K } & Bodies[K] }[MessageType]

export const REQUEST_ID_BYTES = 8
const ID_BYTES = 32
/** Distances of one question that are taken; those of the network have three. */
const MAX_DISTANCES = 256
const IP6 = 0
const IP4 = 1

interface Codec<T extends MessageType> {
  code: number
  write(body: Bodies[T], to: FieldWriter): void
  read(from: Fields): Bodies[T]
}

const records: Pick<Codec<'nodes' | 'providers'>, 'write' | 'read'> = {
  write ({ total, records }, to) {
    to.uint(1, total)
    records.forEach(record => to.bytes(2, record))
  },
  // of 32 bits: protobuf drops the others
  read: from => ({ total: Number(BigInt.asUintN(32, from.uint(1))), records: from.list(2) })
}

const CODECS: { [T in MessageType]: Codec<T> } = {
  ping: {
    code: 0x01,
    write: ({ sprSeq }, to) => { to.uint(1, sprSeq) },
    read: from => ({ sprSeq: from.uint(1) })
  },
  pong: {
    code: 0x02,
    write: ({ sprSeq, ip, port }, to) => { to.uint(1, sprSeq).bytes(2, writeIp(ip)).bytes(3, writeUint16(port)) },
    read: from => ({ sprSeq: from.uint(1), ip: readIp(from.bytes(2)), port: readUint16(from.bytes(3)) })
  },
  findNode: {
    code: 0x03,
    write: ({ distances }, to) => { distances.forEach(distance => to.bytes(1, writeUint16(distance))) },
    read: from => ({ distances: readDistances(from.list(1)) })
  },
  nodes: { code: 0x04, ...records },
  talkReq: {
    code: 0x05,
    write: ({ protocol, request }, to) => { to.bytes(1, protocol).bytes(2, request) },
    read: from => ({ protocol: from.bytes(1), request: from.bytes(2) })
  },
  talkResp: {
    code: 0x06,
    write: ({ response }, to) => { to.bytes(2, response) },
    read: from => ({ response: from.bytes(2) })
  },
  addProvider: {
    code: 0x0b,
    write: ({ contentId, record }, to) => { to.bytes(1, contentId).bytes(2, record) },
    read: from => ({ contentId: readId(from.bytes(1)), record: from.bytes(2) })
  },
  getProviders: {
    code: 0x0c,
    write: ({ contentId }, to) => { to.bytes(1, contentId) },
    read: from => ({ contentId: readId(from.bytes(1)) })
  },
  providers: { code: 0x0d, ...records },
  findNodeFast: {
    code: 0x83,
    write: ({ target }, to) => { to.bytes(1, target) },
    read: from => ({ target: readId(from.bytes(1)) })
  }
}

const TYPES = new Map(Object.entries(CODECS).map(([type, { code }]) => [code, type as MessageType]))

export function encodeMessage<T extends MessageType> (message: MessageOf<T>): Uint8Array {
  const { code, write } = CODECS[message.type] as unknown as Codec<T>
  const body = new FieldWriter()
  write(message as unknown as Bodies[T], body)

  return concat([
    Uint8Array.of(code),
    new FieldWriter().bytes(1, message.requestId).bytes(2, body.finish()).finish()
  ])
}

/** @throws {ProtocolError} when it is no message, or of a type that is not known */
export function decodeMessage (bytes: Uint8Array): Message {
  const type = TYPES.get(bytes[0])

  if (type == null) {
    throw new ProtocolError(`there is no message of type ${bytes[0]}`)
  }

  const fields = new Fields(bytes.subarray(1))
  const requestId = fields.bytes(1)

  if (requestId.length > REQUEST_ID_BYTES) {
    throw new ProtocolError(`a request id of ${requestId.length} bytes`)
  }

  return { type, requestId, ...CODECS[type].read(new Fields(fields.bytes(2))) } as Message
}

/** Whether it answers a question, rather than being one. */
export function isAnswer ({ type }: Message): boolean {
  return type === 'pong' || type === 'nodes' || type === 'providers' || type === 'talkResp'
}

function readId (bytes: Uint8Array): Uint8Array {
  if (bytes.length !== ID_BYTES) {
    throw new ProtocolError(`an id of ${bytes.length} bytes`)
  }

  return bytes
}

function readDistances (values: Uint8Array[]): number[] {
  if (values.length === 0 || values.length > MAX_DISTANCES) {
    throw new ProtocolError(`${values.length} distances`)
  }

  return values.map(readUint16)
}

function writeUint16 (value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

function readUint16 (bytes: Uint8Array): number {
  if (bytes.length !== 2) {
    throw new ProtocolError(`a number of ${bytes.length} bytes instead of 2`)
  }

  return (bytes[0] << 8) | bytes[1]
}

function writeIp (ip: Uint8Array): Uint8Array {
  return new FieldWriter().bytes(1, Uint8Array.of(ip.length === 4 ? IP4 : IP6)).bytes(2, ip).finish()
}

function readIp (bytes: Uint8Array): Uint8Array {
  const fields = new Fields(bytes)
  const family = fields.bytes(1)
  const address = fields.bytes(2)

  if (family.length !== 1 || (family[0] !== IP4 && family[0] !== IP6) || address.length !== (family[0] === IP4 ? 4 : 16)) {
    throw new ProtocolError('neither an IPv4 nor an IPv6 address')
  }

  return address
}
