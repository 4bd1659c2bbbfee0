import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { ipBytes } from '../../../src/dht/endpoint.ts'
import { decodeMessage, encodeMessage } from '../../../src/dht/messages.ts'
import { formatSpr, parseSpr } from '../../../src/dht/spr.ts'
import { bytesOf, hex } from './tally.ts'
import type { Tally } from './tally.ts'
import type { Message, MessageOf, MessageType } from '../../../src/dht/messages.ts'

/** What a message says; which of these depends on its type. */
export interface MessageFields {
  sprSeq?: number
  ip?: string
  port?: number
  distances?: number[]
  targetHex?: string
  total?: number
  sprs?: string[]
  provs?: string[]
  prov?: string
  cIdHex?: string
  protocolUtf8?: string
  requestUtf8?: string
  responseUtf8?: string
}

interface Form<T extends MessageType> {
  /** The fields that a message comes to. */
  describe(message: MessageOf<T>): MessageFields
  /** The message that fields describe. */
  compose(fields: Required<MessageFields>): Omit<MessageOf<T>, 'type' | 'requestId'>
}

const FORMS: { [T in MessageType]: Form<T> } = {
  ping: {
    describe: ({ sprSeq }) => ({ sprSeq: Number(sprSeq) }),
    compose: ({ sprSeq }) => ({ sprSeq: BigInt(sprSeq) })
  },
  pong: {
    describe: ({ sprSeq, ip, port }) => ({ sprSeq: Number(sprSeq), ip: hex(ip), port }),
    compose: ({ sprSeq, ip, port }) => ({ sprSeq: BigInt(sprSeq), ip: ipBytes(ip), port })
  },
  findNode: {
    describe: ({ distances }) => ({ distances }),
    compose: ({ distances }) => ({ distances })
  },
  findNodeFast: {
    describe: ({ target }) => ({ targetHex: hex(target) }),
    compose: ({ targetHex }) => ({ target: bytesOf(targetHex) })
  },
  nodes: {
    describe: ({ total, records }) => ({ total, sprs: records.map(textOf) }),
    compose: ({ total, sprs }) => ({ total, records: sprs.map(recordOf) })
  },
  providers: {
    describe: ({ total, records }) => ({ total, provs: records.map(textOf) }),
    compose: ({ total, provs }) => ({ total, records: provs.map(recordOf) })
  },
  talkReq: {
    describe: ({ protocol, request }) => ({ protocolUtf8: toString(protocol), requestUtf8: toString(request) }),
    compose: ({ protocolUtf8, requestUtf8 }) => ({ protocol: fromString(protocolUtf8), request: fromString(requestUtf8) })
  },
  talkResp: {
    describe: ({ response }) => ({ responseUtf8: toString(response) }),
    compose: ({ responseUtf8 }) => ({ response: fromString(responseUtf8) })
  },
  addProvider: {
    describe: ({ contentId, record }) => ({ cIdHex: hex(contentId), prov: textOf(record) }),
    compose: ({ cIdHex, prov }) => ({ contentId: bytesOf(cIdHex), record: recordOf(prov) })
  },
  getProviders: {
    describe: ({ contentId }) => ({ cIdHex: hex(contentId) }),
    compose: ({ cIdHex }) => ({ contentId: bytesOf(cIdHex) })
  }
}

/** What the vectors leave out where it is empty. */
const EMPTY: Required<MessageFields> = {
  sprSeq: 0,
  ip: '',
  port: 0,
  distances: [],
  targetHex: '',
  total: 0,
  sprs: [],
  provs: [],
  prov: '',
  cIdHex: '',
  protocolUtf8: '',
  requestUtf8: '',
  responseUtf8: ''
}

/** Reads a message, and writes it again from the fields that the vectors give. */
export function checkMessage (tally: Tally, name: string, encodedHex: string, requestIdHex: string, fields: MessageFields): void {
  const message = decodeMessage(bytesOf(encodedHex))
  const { describe, compose } = FORMS[message.type] as Form<MessageType>
  const described = Object.entries(describe(message))
  // addresses are given as text
  const given = { ...EMPTY, ...fields, ...fields.ip == null ? {} : { ip: hex(ipBytes(fields.ip)) } }

  tally.equal(`${name} request id`, hex(message.requestId), requestIdHex)
  tally.equal(`${name} decoded`, described, described.map(([field]) => [field, given[field as keyof MessageFields]]))
  tally.equal(`${name} has no other fields`, Object.keys(fields).filter(field => described.every(([name]) => name !== field)), [])
  tally.equal(`${name} decoded and encoded`, hex(encodeMessage(message)), encodedHex)
  tally.equal(`${name} encoded`, hex(encodeMessage({
    type: message.type, requestId: bytesOf(requestIdHex), ...compose({ ...EMPTY, ...fields })
  } as Message)), encodedHex)
}

function textOf (bytes: Uint8Array): string {
  return formatSpr({ bytes })
}

function recordOf (text: string): Uint8Array {
  return parseSpr(text).bytes
}
