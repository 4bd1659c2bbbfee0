import { pushable } from 'it-pushable'
import { NotRunningError, ProtocolError } from '../errors.ts'
import { Answers } from './answers.ts'
import { Background } from './background.ts'
import { ipText, mayTellOf, sameEndpoint } from './endpoint.ts'
import { K, MAX_RECORDS } from './limits.ts'
import { lookup } from './lookup.ts'
import { decodeMessage, encodeMessage, isAnswer } from './messages.ts'
import { Messenger } from './messenger.ts'
import { compareDistance, logDistance, lookupDistances } from './node-id.ts'
import { ProviderStore } from './provider-store.ts'
import { Questions } from './questions.ts'
import { RateLimit } from './rate-limit.ts'
import { identifyBytes, isContact, RecordBook } from './record-book.ts'
import { RoutingTable } from './routing-table.ts'
import { Self } from './self.ts'
import { Upkeep } from './upkeep.ts'
import type { DhtCrypto } from './crypto.ts'
import type { DhtLimits } from './limits.ts'
import type { LookupResult } from './lookup.ts'
import type { Message } from './messages.ts'
import type { AskOptions } from './questions.ts'
import type { Contact, Known } from './record-book.ts'
import type { Session } from './sessions.ts'
import type { DatagramSocket } from './socket.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Clock, Random } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Datastore } from 'interface-datastore'

/** Providers of one answer that are looked at; the reference node keeps 20 of a content. */
const MAX_PROVIDERS = 32
/** Milliseconds without any word from anybody after which it is we who are cut off, not they who are gone. */
const CUT_OFF_MS = 10_000

export interface DhtInit {
  crypto: DhtCrypto
  clock: Clock
  random: Random
  /** Milliseconds since 1970. */
  unixTime(): number
  socket: DatagramSocket
  /** 32 bytes of secp256k1. */
  privateKey: Uint8Array
  /** Where others reach our blocks, over TCP. */
  addresses(): Multiaddr[]
  /** Nodes to begin with, verified. */
  bootstrap: Contact[]
  datastore: Datastore
  limits: DhtLimits
}

export interface FoundProvider {
  record: SignedPeerRecord
  /** How far away the node was that knew it: 0 for ourselves, 1 for a node that we knew. */
  round: number
}

/** A node of the Codex DHT, asking and answering (docs/PROTOCOL.md §8). */
export class Dht {
  readonly self: Self
  readonly table: RoutingTable
  readonly messenger: Messenger
  readonly providers: ProviderStore
  readonly #init: DhtInit
  readonly #nodeRecords: RecordBook
  readonly #providerRecords: RecordBook
  readonly #questions: Questions
  readonly #answers: Answers
  readonly #questionRate: RateLimit
  #background?: Background
  #heardAt = -Infinity

  constructor (init: DhtInit) {
    const { crypto, clock, limits, random, socket } = init
    this.#init = init
    const self = this.self = new Self(init)
    const table = this.table = new RoutingTable(self.id, clock, limits)
    this.#nodeRecords = new RecordBook(crypto, limits.records)
    const records = this.#providerRecords = new RecordBook(crypto, limits.records)
    const providers = this.providers = new ProviderStore(init)
    this.messenger = new Messenger({
      ...init,
      id: self.id,
      record: () => self.record,
      records: this.#nodeRecords,
      isOurs: ({ id, key, endpoint }) => {
        const contact = table.get(id, key)

        return contact != null && sameEndpoint(contact.endpoint, endpoint)
      },
      send: (datagram, to) => { socket.send(datagram, to) },
      onMessage: (session, message) => { this.#onMessage(session, message) },
      onProven: contact => { table.seen(contact) }
    })
    this.#questions = new Questions(crypto, clock, this.messenger)
    this.#answers = new Answers({ crypto, random, self, table, providers, records })
    this.#questionRate = new RateLimit(clock, limits.questions)
  }

  get id (): Uint8Array {
    return this.self.id
  }

  /**
   * What goes on until `stop`.
   *
   * @throws {NotRunningError} before `start`
   */
  get background (): Background {
    if (this.#background == null) {
      throw new NotRunningError('the DHT is not started')
    }

    return this.#background
  }

  /** Sizes of everything that grows, and what became of the datagrams. */
  stats (): Record<string, number> {
    return {
      ...this.messenger.counters,
      ...this.messenger.pending,
      nodes: this.table.size,
      waiting: this.table.waiting,
      sessions: this.messenger.sessions.size,
      questions: this.#questions.size,
      records: this.#nodeRecords.size + this.#providerRecords.size,
      providers: this.providers.size
    }
  }

  /** @throws {Error} when the socket cannot be bound or the datastore fails */
  async start (): Promise<void> {
    if (this.#background != null) {
      return
    }

    const { clock, socket } = this.#init
    const background = this.#background = new Background(clock)

    try {
      await this.providers.open()
      this.self.bind(await socket.open((datagram, from) => { this.messenger.receive(datagram, from) }))
    } catch (err) {
      await this.stop()
      throw err
    }

    new Upkeep({ ...this.#init, background, dht: this }).start()
  }

  async stop (): Promise<void> {
    const background = this.#background

    if (background == null) {
      return
    }

    this.#background = undefined
    const stopped = background.stop()
    this.#questions.stop()
    await stopped
    await this.#init.socket.close()
    this.messenger.clear()
    this.table.clear()
    await this.providers.close()
  }

  /** Asks whether a node is there, and for its record when it has a newer one. */
  async ping (contact: Contact): Promise<boolean> {
    const [pong] = await this.#ask(contact, async () => this.#questions.ask(contact, { type: 'ping', sprSeq: this.self.record.seq }, 'pong'))

    if (pong == null) {
      return false
    }

    this.self.vote(contact.key, contact.endpoint, { host: ipText(pong.ip), port: pong.port })
    this.refresh()

    if (pong.sprSeq > contact.record.seq) {
      await this.#update(contact)
    }

    return true
  }

  /** The nodes closest to a target that are there. */
  async lookup (target: Uint8Array, { signal }: AbortOptions = {}): Promise<LookupResult> {
    return this.#lookup(target, signal, async (contact, slow) => this.#findNode(contact, target, { onSlow: slow }))
  }

  /** Those who have a content, as they are learnt of; a newer record of one that was given may follow. */
  async * findProviders (contentId: Uint8Array, { signal }: AbortOptions = {}): AsyncGenerator<FoundProvider> {
    const controller = this.background.link(signal)
    const found = pushable<FoundProvider>({ objectMode: true })
    const given = new Map<string, bigint>()

    const give = (claimed: Known | undefined, round: number): void => {
      const known = claimed == null ? undefined : this.#providerRecords.verify(claimed)

      if (known != null && known.key !== this.self.key && known.record.seq > (given.get(known.key) ?? -1n)) {
        given.set(known.key, known.record.seq)
        found.push({ record: known.record, round })
      }
    }

    this.providers.get(contentId).forEach(record => { give(identifyBytes(this.#init.crypto, record.bytes), 0) })
    this.#lookup(contentId, controller.signal, async (contact, slow, round) => {
      const [contacts] = await Promise.all([
        this.#findNode(contact, contentId, { onSlow: slow }),
        this.#getProviders(contact, contentId).then(records => {
          if (!controller.signal.aborted) {
            records.forEach(record => { give(identifyBytes(this.#init.crypto, record), round) })
          }
        })
      ])

      return contacts
    }).then(() => { found.end() }, err => { found.end(err) })

    try {
      yield * found
    } finally {
      controller.abort()
    }
  }

  /** Tells the nodes closest to a content that we have it. Resolves with how many were told. */
  async announce (contentId: Uint8Array, { signal }: AbortOptions = {}): Promise<number> {
    const { closest } = await this.lookup(contentId, { signal })
    const record = this.self.providerRecord
    const last = closest.at(-1)

    closest.forEach(contact => { this.#questions.tell(contact, { type: 'addProvider', contentId, record: record.bytes }) })

    if (last == null || closest.length < K || compareDistance(contentId, this.self.id, last.id) < 0) {
      this.providers.add(contentId, record, 'self')
    }

    return closest.length
  }

  /** Looks whether we are where our record says. A new record goes out with new sessions. */
  refresh (): void {
    if (this.self.refresh()) {
      this.messenger.sessions.renewAll()
    }
  }

  sweep (): void {
    this.providers.sweep()
  }

  /** The contact with its record verified, or a newer one. */
  verify (contact: Contact): Contact | undefined {
    const known = this.#nodeRecords.verify(contact)

    return isContact(known) ? known : undefined
  }

  async #lookup (
    target: Uint8Array,
    signal: AbortSignal | undefined,
    ask: (contact: Contact, slow: () => void, round: number) => Promise<Contact[] | undefined>
  ): Promise<LookupResult> {
    const controller = this.background.link(signal)
    const near = this.table.closest(target, K)

    try {
      return await lookup({
        target,
        start: near.length < K ? [...near, ...this.#init.bootstrap] : near,
        ask,
        verify: contact => this.verify(contact),
        signal: controller.signal
      })
    } finally {
      controller.abort()
    }
  }

  async #findNode (contact: Contact, target: Uint8Array, options?: AskOptions): Promise<Contact[] | undefined> {
    const distances = lookupDistances(logDistance(target, contact.id))
    const answer = await this.#ask(contact, async () => this.#questions.ask(contact, { type: 'findNode', distances }, 'nodes', options))

    if (answer.length === 0) {
      return undefined
    }

    const told = new Map<string, Contact>()

    for (const bytes of answer.flatMap(({ records }) => records).slice(0, MAX_RECORDS)) {
      const known = identifyBytes(this.#init.crypto, bytes)

      if (isContact(known) && known.key !== this.self.key && distances.includes(logDistance(contact.id, known.id)) &&
        mayTellOf(contact.endpoint.host, known.endpoint.host)) {
        told.set(known.key, known)
      }
    }

    told.forEach(contact => { this.table.heard(contact) })

    return [...told.values()]
  }

  async #getProviders (contact: Contact, contentId: Uint8Array): Promise<Uint8Array[]> {
    const answer = await this.#ask(contact, async () => this.#questions.ask(contact, { type: 'getProviders', contentId }, 'providers'))

    return answer.flatMap(({ records }) => records).slice(0, MAX_PROVIDERS)
  }

  /** Fetches a node's own record. */
  async #update (contact: Contact): Promise<void> {
    const [answer] = await this.#ask(contact, async () => this.#questions.ask(contact, { type: 'findNode', distances: [0] }, 'nodes'))
    const claimed = answer?.records[0] == null ? undefined : identifyBytes(this.#init.crypto, answer.records[0])

    if (!isContact(claimed) || claimed.key !== contact.key) {
      return
    }

    const known = this.verify(claimed)

    if (known == null || !mayTellOf(contact.endpoint.host, known.endpoint.host)) {
      return
    }

    if (sameEndpoint(known.endpoint, contact.endpoint)) {
      this.table.seen(known)
    } else if (known.record.seq > contact.record.seq) {
      await this.ping(known)
    }
  }

  /** Asks, and remembers whether the node is there. */
  async #ask<T> (contact: Contact, ask: () => Promise<T[]>): Promise<T[]> {
    const answer = await ask()

    if (this.#background == null) {
      return answer
    }

    if (answer.length > 0) {
      this.table.seen(contact)
    } else if (this.#heardAt + CUT_OFF_MS > this.#init.clock.now()) {
      this.table.failed(contact)
    }

    return answer
  }

  #onMessage (session: Session, bytes: Uint8Array): void {
    this.#heardAt = this.#init.clock.now()
    let message: Message

    try {
      message = decodeMessage(bytes)
    } catch (err) {
      if (err instanceof ProtocolError) {
        return
      }

      throw err
    }

    if (isAnswer(message)) {
      this.#questions.onAnswer(session, message)
    } else if (this.#questionRate.take(session.endpoint.host)) {
      for (const body of this.#answers.to(session, message)) {
        this.messenger.answer(session, encodeMessage({ ...body, requestId: message.requestId } as Message))
      }
    }
  }
}
