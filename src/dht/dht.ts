import { pushable } from 'it-pushable'
import { NotRunningError, ProtocolError } from '../errors.ts'
import { Answers } from './answers.ts'
import { Asker } from './asker.ts'
import { Background } from './background.ts'
import { sameEndpoint } from './endpoint.ts'
import { ALPHA, K } from './limits.ts'
import { lookup } from './lookup.ts'
import { decodeMessage, encodeMessage, isAnswer } from './messages.ts'
import { Messenger } from './messenger.ts'
import { compareDistance } from './node-id.ts'
import { ProviderStore } from './provider-store.ts'
import { Questions } from './questions.ts'
import { RateLimit } from './rate-limit.ts'
import { identify, identifyBytes, RecordBook } from './record-book.ts'
import { RoutingTable } from './routing-table.ts'
import { Self } from './self.ts'
import { Upkeep } from './upkeep.ts'
import type { DhtCrypto } from './crypto.ts'
import type { Endpoint } from './endpoint.ts'
import type { DhtLimits } from './limits.ts'
import type { LookupInit, LookupResult } from './lookup.ts'
import type { Message } from './messages.ts'
import type { Contact, Known } from './record-book.ts'
import type { Session } from './sessions.ts'
import type { DatagramSocket } from './socket.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Clock, Random } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Datastore } from 'interface-datastore'

/** Records of providers that one lookup verifies, so that liars cannot keep us busy. */
const MAX_FOUND = 256

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
  readonly #init: DhtInit
  readonly #messenger: Messenger
  readonly #questions: Questions
  readonly #asker: Asker
  readonly #answers: Answers
  readonly #answerRate: RateLimit
  readonly #providers: ProviderStore
  readonly #nodeRecords: RecordBook
  readonly #providerRecords: RecordBook
  #background?: Background

  constructor (init: DhtInit) {
    const { crypto, clock, limits, socket } = init
    const self = this.self = new Self(init)
    const table = this.table = new RoutingTable(self.id, clock, limits)
    const records = this.#nodeRecords = new RecordBook(crypto, limits.records)
    this.#init = init
    this.#providerRecords = new RecordBook(crypto, limits.records)
    this.#providers = new ProviderStore(init)
    this.#messenger = new Messenger({
      ...init,
      id: self.id,
      record: () => self.record,
      records,
      isOurs: ({ id, key, endpoint }) => {
        const contact = table.get(id, key)

        return contact != null && sameEndpoint(contact.endpoint, endpoint)
      },
      send: (datagram, to) => { socket.send(datagram, to) },
      onMessage: (session, message) => { this.#onMessage(session, message) },
      onProven: contact => { table.seen(contact) }
    })
    this.#questions = new Questions(crypto, clock, this.#messenger)
    this.#asker = new Asker({ ...init, self, table, records, questions: this.#questions, refresh: () => { this.refresh() } })
    this.#answers = new Answers({ ...init, self, table, providers: this.#providers, records: this.#providerRecords })
    this.#answerRate = new RateLimit(clock, limits.questions)
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
      ...this.#messenger.counters,
      ...this.#messenger.pending,
      nodes: this.table.size,
      waiting: this.table.waiting,
      sessions: this.#messenger.sessions.size,
      questions: this.#questions.size,
      records: this.#nodeRecords.size + this.#providerRecords.size,
      providers: this.#providers.size
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
      await this.#providers.open()
      this.self.bind(await socket.open((datagram, from) => { this.receive(datagram, from) }))
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
    this.#messenger.clear()
    this.table.clear()
    await this.#providers.close()
  }

  /** A datagram that came. */
  receive (datagram: Uint8Array, from: Endpoint): void {
    this.#messenger.receive(datagram, from)
  }

  /** Asks whether a node is there, and for its record when it has a newer one. */
  async ping (contact: Contact): Promise<boolean> {
    return this.#asker.ping(contact)
  }

  /** The nodes closest to a target that are there. */
  async lookup (target: Uint8Array, { signal }: AbortOptions = {}): Promise<LookupResult> {
    return this.#lookup(target, signal, async (contact, slow) => this.#asker.findNode(contact, target, { onSlow: slow }))
  }

  /** Those who have a content, as they are learnt of; a newer record of one that was given may follow. */
  async * findProviders (contentId: Uint8Array, { signal }: AbortOptions = {}): AsyncGenerator<FoundProvider> {
    const { crypto } = this.#init
    const controller = this.background.link(signal)
    const found = pushable<FoundProvider>({ objectMode: true })
    const given = new Map<string, bigint>()
    let looked = 0

    const give = (claimed: Known | undefined, round: number): void => {
      const known = claimed == null || looked++ >= MAX_FOUND ? undefined : this.#providerRecords.verify(claimed)

      if (known != null && known.key !== this.self.key && known.record.seq > (given.get(known.key) ?? -1n)) {
        given.set(known.key, known.record.seq)
        found.push({ record: known.record, round })
      }
    }

    this.#providers.get(contentId).forEach(record => { give(identify(crypto, record), 0) })
    this.#lookup(contentId, controller.signal, async (contact, slow, round) => {
      const [contacts] = await Promise.all([
        this.#asker.findNode(contact, contentId, { onSlow: slow }),
        this.#asker.getProviders(contact, contentId).then(records => {
          if (!controller.signal.aborted) {
            records.forEach(record => { give(identifyBytes(crypto, record), round) })
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

    if (last == null || closest.length < K || compareDistance(contentId, this.id, last.id) < 0) {
      this.#providers.add(contentId, record, 'self')
    }

    return closest.length
  }

  /** The contact with its record verified, or a newer one that is known. */
  verify (contact: Contact): Contact | undefined {
    return this.#asker.verify(contact)
  }

  /** Looks whether we are where our record says. A new record goes out with new sessions. */
  refresh (): void {
    if (this.self.refresh()) {
      this.#messenger.sessions.renewAll()
    }
  }

  /** Forgets announcements that have expired. */
  sweep (): void {
    this.#providers.sweep()
  }

  async #lookup (target: Uint8Array, signal: AbortSignal | undefined, ask: LookupInit['ask']): Promise<LookupResult> {
    const controller = this.background.link(signal)
    const near = this.table.closest(target, K)

    try {
      return await lookup({
        target,
        start: near.length < ALPHA ? [...near, ...this.#init.bootstrap] : near,
        ask,
        verify: contact => this.verify(contact),
        signal: controller.signal
      })
    } finally {
      controller.abort()
    }
  }

  #onMessage (session: Session, bytes: Uint8Array): void {
    this.#asker.heard()
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
    } else if (this.#answerRate.take(session.endpoint.host)) {
      for (const body of this.#answers.to(session, message)) {
        this.#messenger.answer(session, encodeMessage({ ...body, requestId: message.requestId } as Message))
      }
    }
  }
}
