import { ipBytes, isPlainAddress, mayTellOf, networkOf } from './endpoint.ts'
import { FAST_RECORDS, MAX_RECORDS, PROVIDERS_BYTES, RECORDS_PER_MESSAGE } from './limits.ts'
import { identifyBytes } from './record-book.ts'
import type { DhtCrypto } from './crypto.ts'
import type { Body, Message, MessageOf } from './messages.ts'
import type { ProviderStore } from './provider-store.ts'
import type { Contact, RecordBook } from './record-book.ts'
import type { RoutingTable } from './routing-table.ts'
import type { Self } from './self.ts'
import type { Session } from './sessions.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Random } from '../interfaces.ts'

const MAX_DISTANCE = 256

export interface AnswersInit {
  crypto: DhtCrypto
  random: Random
  self: Self
  table: RoutingTable
  providers: ProviderStore
  /** Verified records of providers. */
  records: RecordBook
}

/** What we answer to others: never more than six messages, each under 1,280 bytes (docs/PROTOCOL.md §8). */
export class Answers {
  readonly #init: AnswersInit

  constructor (init: AnswersInit) {
    this.#init = init
  }

  /** The messages of the answer: none to an announcement, nor to what is no question. */
  to (asker: Session, message: Message): Body[] {
    const { self, table } = this.#init

    switch (message.type) {
      case 'ping':
        return [{ type: 'pong', sprSeq: self.record.seq, ip: ipBytes(asker.endpoint.host), port: asker.endpoint.port }]
      case 'findNode':
        return inMessages(this.#atDistances(asker, message.distances))
      case 'findNodeFast':
        return inMessages(forAsker(asker, table.closest(message.target, FAST_RECORDS + 1), FAST_RECORDS))
      case 'getProviders':
        return [{ type: 'providers', total: 1, records: this.#providersOf(message.contentId) }]
      case 'talkReq':
        return [{ type: 'talkResp', response: new Uint8Array() }]
      case 'addProvider':
        this.#onAnnouncement(asker, message)
        return []
      default:
        return []
    }
  }

  #atDistances (asker: Session, distances: number[]): SignedPeerRecord[] {
    const { self, table } = this.#init

    if (distances.includes(0)) {
      return [self.record]
    }

    return distances.some(distance => distance > MAX_DISTANCE) ? [] : forAsker(asker, table.atDistances(distances, MAX_RECORDS + 1), MAX_RECORDS)
  }

  /** As many as a datagram holds, drawn by chance: who asks several nodes learns of all. */
  #providersOf (contentId: Uint8Array): Uint8Array[] {
    const { providers, random } = this.#init
    const left = providers.get(contentId).map(({ bytes }) => bytes)
    const records: Uint8Array[] = []

    for (let room = PROVIDERS_BYTES; left.length > 0;) {
      const [record] = left.splice(Math.floor(random() * left.length), 1)
      room -= record.length

      if (room >= 0) {
        records.push(record)
      }
    }

    return records
  }

  /**
   * A node announces itself, and with addresses that all can read: one record that cannot be read spoils the whole answer
   * for the reference node.
   */
  #onAnnouncement (asker: Session, { contentId, record }: MessageOf<'addProvider'>): void {
    const { crypto, providers, records } = this.#init
    const claimed = identifyBytes(crypto, record)

    if (claimed == null || claimed.key !== asker.key || claimed.record.addresses.length === 0 || !claimed.record.addresses.every(isPlainAddress)) {
      return
    }

    const known = records.verify(claimed)

    if (known != null) {
      providers.add(new Uint8Array(contentId), known.record, networkOf(asker.endpoint.host))
    }
  }
}

/** The records that the asker has a use for. */
function forAsker ({ key, endpoint }: Session, contacts: Contact[], count: number): SignedPeerRecord[] {
  return contacts
    .filter(contact => contact.key !== key && mayTellOf(endpoint.host, contact.endpoint.host))
    .slice(0, count)
    .map(({ record }) => record)
}

/** Records in messages that stay under 1,280 bytes; one empty message where there is none. */
function inMessages (records: SignedPeerRecord[]): Body[] {
  const total = Math.max(1, Math.ceil(records.length / RECORDS_PER_MESSAGE))

  return Array.from({ length: total }, (_, i) => ({
    type: 'nodes',
    total,
    records: records.slice(i * RECORDS_PER_MESSAGE, (i + 1) * RECORDS_PER_MESSAGE).map(({ bytes }) => bytes)
  }))
}
