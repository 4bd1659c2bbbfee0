/** Messages of `/codex/blockexc/1.0.0`, by themselves and on the way that they take into the engine. */
import { CID } from 'multiformats/cid'
import { decode as decodeVarint, encodingLength } from 'uint8-varint'
import { treeCid } from '../../../src/dataset/codecs.ts'
import { indicesOf } from '../../../src/dataset/ranges.ts'
import { ProtocolError } from '../../../src/errors.ts'
import { int } from '../../../src/testing/random.ts'
import { addressesIn } from '../../../src/wire/codex/address.ts'
import { decodeReceived, parseMessage } from '../../../src/wire/codex/decode.ts'
import { encodeMessage, wantMessages } from '../../../src/wire/codex/encode.ts'
import { Message } from '../../../src/wire/codex/message.ts'
import { codexProtocol } from '../../../src/wire/codex/protocol.ts'
import { frame } from '../../../src/wire/framing.ts'
import { DEFAULT_WIRE_LIMITS } from '../../../src/wire/limits.ts'
import { Requested } from '../../../src/wire/requested.ts'
import { FakePeer } from '../../wire/fake-peer.ts'
import { LinkLog } from '../../wire/link-log.ts'
import { assertSame } from '../same.ts'
import { cut } from './framing.ts'
import { heavyMessage } from './heavy-messages.ts'
import type { Random } from '../../../src/interfaces.ts'
import type { Received } from '../../../src/wire/codex/decode.ts'
import type { AsyncTarget, Target } from '../target.ts'
import type { Vectors } from '../vectors.ts'

/** What the peer was asked for: the first blocks of each root of the goldens. */
const ASKED = [{ start: 0, end: 100 }]
const BLOCK_BYTES = 64

export function messageTargets (vectors: Vectors): Array<Target | AsyncTarget> {
  const goldens = [...vectors.hex('blockexc_messages.json', 'framedHex').map(unframed), longList()]
  const roots = rootsOf(goldens)
  const requested = (): Requested => {
    const requested = new Requested(DEFAULT_WIRE_LIMITS)
    roots.forEach(root => { requested.add(root, ASKED, BLOCK_BYTES) })

    return requested
  }

  return [
    {
      name: 'message',
      weight: 15,
      goldens,
      heavy: heavyMessage,
      decode: parseRaw,
      check: value => { assertSame(Message.decode(Message.encode(value as Message)), value) }
    },
    {
      name: 'received message',
      weight: 15,
      goldens,
      heavy: heavyMessage,
      decode: bytes => decodeReceived(bytes, { requested: requested(), limits: DEFAULT_WIRE_LIMITS }),
      check: value => { checkReceived(value as Received, requested()) }
    },
    {
      name: 'link',
      weight: 15,
      goldens: goldens.map(bytes => frame(bytes).subarray()),
      heavy: random => frame(heavyMessage(random)).subarray(),
      decode: async (bytes, random) => hear(bytes, random, roots)
    }
  ]
}

/** The message in a frame. */
function unframed (bytes: Uint8Array): Uint8Array {
  return bytes.subarray(encodingLength(decodeVarint(bytes)))
}

/** A want list with gaps, as a reference node sends them. */
function longList (): Uint8Array {
  const ranges = Array.from({ length: 30 }, (_, i) => ({ start: 3 * i, end: 3 * i + 2 }))
  const [message] = wantMessages(treeCid(new Uint8Array(32).fill(1)), ranges, 'have', () => true)

  return message
}

/** The trees and standalone blocks that messages speak of. */
function rootsOf (messages: Uint8Array[]): CID[] {
  const roots = new Map<string, CID>()

  for (const bytes of messages) {
    const { wantlist, payload, blockPresences } = parseRaw(bytes)

    for (const { address } of [...wantlist?.entries ?? [], ...payload, ...blockPresences]) {
      const root = CID.decode(address?.treeCid ?? address?.cid ?? new Uint8Array(0))
      roots.set(root.toString(), root)
    }
  }

  return [...roots.values()]
}

function parseRaw (bytes: Uint8Array): Message {
  try {
    return parseMessage(bytes, DEFAULT_WIRE_LIMITS)
  } catch (err) {
    // what `decodeReceived` makes of it
    throw new ProtocolError('A message makes no sense', { cause: err })
  }
}

/** Says again what a message said, and hears the same. */
function checkReceived (received: Received, requested: Requested): void {
  const { wants, presences, deliveries, account, payment } = received
  const again = decodeReceived(encodeMessage({
    wantlist: {
      entries: wants.flatMap(({ root, ranges, kind, tellAbsent }) => [...indicesOf(ranges)].map(index => ({
        address: addressesIn(root)(index), cancel: kind === 'cancel', wantType: kind === 'have' ? 1 : 0, sendDontHave: tellAbsent
      })))
    },
    blockPresences: presences.flatMap(({ root, have, absent, price }) => [
      ...[...indicesOf(have)].map(index => ({ address: addressesIn(root)(index), type: 0, price: bytesOfPrice(price) })),
      ...[...indicesOf(absent)].map(index => ({ address: addressesIn(root)(index), type: 1 }))
    ]),
    payload: deliveries.map(({ root, index, cid, data, proof }) => ({
      address: addressesIn(root)(index),
      cid: plain(cid),
      data: plain(data),
      proof: proof == null ? undefined : plain(proof)
    })),
    account: account == null ? undefined : { address: plain(account) },
    payment: payment == null ? undefined : { update: plain(payment) }
  }), { requested, limits: DEFAULT_WIRE_LIMITS })

  assertSame([again.wants, again.presences, again.deliveries, again.account, again.payment], [wants, presences, deliveries, account, payment])
}

function bytesOfPrice (price: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(price.toString(16).padStart(64, '0').match(/../g) ?? [], byte => parseInt(byte, 16))
}

function plain (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

/** What comes of bytes on streams of a peer, cut in pieces, perhaps on two streams in turns. */
async function hear (bytes: Uint8Array, random: Random, roots: CID[]): Promise<LinkLog> {
  const peer = new FakePeer()
  const log = new LinkLog()
  // what we say is not looked at
  peer.openStream = async () => new Promise(() => {})
  await codexProtocol().start(peer, log, peer.clock)
  await peer.connect()
  roots.forEach(root => { log.link.request(root, ASKED, BLOCK_BYTES) })
  const streams = [peer.open(), peer.open()]
  const share = random() < 0.2 ? 0.5 : 0

  for (const piece of cut(bytes, random)) {
    const stream = streams[random() < share ? 1 : 0]

    if (stream.isOpen) {
      stream.send(piece)
    }
  }

  streams[int(random, 0, 2)].abort(new Error('Reset'))
  peer.disconnect()
  const reasons = log.closings.flatMap(({ reason }) => reason ?? [])

  if (log.closings.length !== 1 || peer.clock.pending > 0) {
    throw new Error(`the link was closed ${log.closings.length} times and ${peer.clock.pending} timers are left`)
  }

  if (reasons.length > 0) {
    throw reasons[0]
  }

  return log
}
