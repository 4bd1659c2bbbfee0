import { ipText, mayTellOf, sameEndpoint } from './endpoint.ts'
import { MAX_RECORDS } from './limits.ts'
import { logDistance, lookupDistances } from './node-id.ts'
import { identifyBytes, isContact } from './record-book.ts'
import type { DhtCrypto } from './crypto.ts'
import type { AskOptions, Questions } from './questions.ts'
import type { Contact, RecordBook } from './record-book.ts'
import type { RoutingTable } from './routing-table.ts'
import type { Self } from './self.ts'
import type { Clock } from '../interfaces.ts'

/** Providers of one answer that are looked at; the reference node keeps 20 of a content. */
const MAX_PROVIDERS = 32
/** Milliseconds without a word from anybody after which it is we who are cut off, not they who are gone. */
const CUT_OFF_MS = 10_000

export interface AskerInit {
  crypto: DhtCrypto
  clock: Clock
  self: Self
  table: RoutingTable
  questions: Questions
  /** Verified records of nodes. */
  records: RecordBook
  /** Our record is to be looked at again. */
  refresh(): void
}

/** Asks nodes, checks what they answer, and lets the table know who is there. */
export class Asker {
  readonly #init: AskerInit
  #heardAt = -Infinity

  constructor (init: AskerInit) {
    this.#init = init
  }

  /** Somebody has said something. */
  heard (): void {
    this.#heardAt = this.#init.clock.now()
  }

  /** Asks whether a node is there, and for its record when it has a newer one. */
  async ping (contact: Contact): Promise<boolean> {
    const { self, questions, refresh } = this.#init
    const [pong] = await this.#note(contact, questions.ask(contact, { type: 'ping', sprSeq: self.record.seq }, 'pong'))

    if (pong == null) {
      return false
    }

    self.vote(contact.key, contact.endpoint, { host: ipText(pong.ip), port: pong.port })
    refresh()

    if (pong.sprSeq > contact.record.seq) {
      await this.#update(contact)
    }

    return true
  }

  /** The nodes close to a target that a node knows; their records are not verified. Nothing when it does not answer. */
  async findNode (contact: Contact, target: Uint8Array, options?: AskOptions): Promise<Contact[] | undefined> {
    const { crypto, self, table, questions } = this.#init
    const distances = lookupDistances(logDistance(target, contact.id))
    const answer = await this.#note(contact, questions.ask(contact, { type: 'findNode', distances }, 'nodes', options))

    if (answer.length === 0) {
      return undefined
    }

    const told = new Map<string, Contact>()

    for (const bytes of answer.flatMap(({ records }) => records).slice(0, MAX_RECORDS)) {
      const known = identifyBytes(crypto, bytes)

      if (isContact(known) && known.key !== self.key && distances.includes(logDistance(contact.id, known.id)) &&
        mayTellOf(contact.endpoint.host, known.endpoint.host)) {
        told.set(known.key, known)
      }
    }

    told.forEach(contact => { table.heard(contact) })

    return [...told.values()]
  }

  /** The records of providers that a node knows, not verified; none when it does not answer. */
  async getProviders (contact: Contact, contentId: Uint8Array): Promise<Uint8Array[]> {
    const answer = await this.#note(contact, this.#init.questions.ask(contact, { type: 'getProviders', contentId }, 'providers'))

    return answer.flatMap(({ records }) => records).slice(0, MAX_PROVIDERS)
  }

  /** The contact with its record verified, or a newer one that is known. */
  verify (contact: Contact): Contact | undefined {
    const known = this.#init.records.verify(contact)

    return isContact(known) ? known : undefined
  }

  /** Fetches a node's own record. */
  async #update (contact: Contact): Promise<void> {
    const { crypto, questions, table } = this.#init
    const [answer] = await this.#note(contact, questions.ask(contact, { type: 'findNode', distances: [0] }, 'nodes'))
    const claimed = answer?.records[0] == null ? undefined : identifyBytes(crypto, answer.records[0])

    if (!isContact(claimed) || claimed.key !== contact.key || !mayTellOf(contact.endpoint.host, claimed.endpoint.host)) {
      return
    }

    const known = this.verify(claimed)

    if (known != null && sameEndpoint(known.endpoint, contact.endpoint)) {
      table.seen(known)
    } else if (known != null && known.record.seq > contact.record.seq) {
      // it has moved, or says so
      await this.ping(known)
    }
  }

  /** Remembers whether the node has answered. */
  async #note<T> (contact: Contact, asked: Promise<T[]>): Promise<T[]> {
    const answer = await asked

    if (answer.length > 0) {
      this.#init.table.seen(contact)
    } else if (this.#heardAt + CUT_OFF_MS > this.#init.clock.now()) {
      this.#init.table.failed(contact)
    }

    return answer
  }
}
