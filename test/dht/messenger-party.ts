import { createPrivateKey } from '../../src/dht/crypto.ts'
import { udpAddress } from '../../src/dht/endpoint.ts'
import { DEFAULT_DHT_LIMITS } from '../../src/dht/limits.ts'
import { Messenger } from '../../src/dht/messenger.ts'
import { decodePacket, maskKey } from '../../src/dht/packet.ts'
import { identify, isContact, RecordBook } from '../../src/dht/record-book.ts'
import { createSpr } from '../../src/dht/spr.ts'
import type { DatagramNetwork } from './datagram-network.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'
import type { DhtLimits } from '../../src/dht/limits.ts'
import type { Outgoing } from '../../src/dht/messenger.ts'
import type { Packet } from '../../src/dht/packet.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Session } from '../../src/dht/sessions.ts'
import type { DatagramSocket } from '../../src/dht/socket.ts'
import type { Clock } from '../../src/interfaces.ts'

export interface PartyInit {
  crypto: DhtCrypto
  clock: Clock
  network: DatagramNetwork
  endpoint: Endpoint
  limits?: Partial<DhtLimits>
  /** Where the record says that it is. */
  claims?: Endpoint
}

/** A messenger at an address, and what it is told. */
export class MessengerParty {
  readonly messenger: Messenger
  readonly messages: string[] = []
  readonly sessions: Session[] = []
  readonly proven: Contact[] = []
  readonly endpoint: Endpoint
  readonly privateKey: Uint8Array
  /** Nodes that count as known, by their key. */
  readonly known = new Set<string>()
  readonly records: RecordBook
  #contact: Contact
  readonly #init: PartyInit
  readonly #socket: DatagramSocket

  constructor (init: PartyInit) {
    const { crypto, clock, network, endpoint, claims = endpoint } = init
    this.#init = init
    this.endpoint = endpoint
    this.privateKey = createPrivateKey(crypto)
    this.#contact = this.#sign(1n, claims)
    this.records = new RecordBook(crypto, 100)
    this.#socket = network.socket(endpoint)
    this.messenger = new Messenger({
      crypto,
      clock,
      limits: { ...DEFAULT_DHT_LIMITS, ...init.limits },
      id: this.#contact.id,
      privateKey: this.privateKey,
      record: () => this.#contact.record,
      records: this.records,
      isOurs: ({ key }) => this.known.has(key),
      send: (datagram, to) => { this.#socket.send(datagram, to) },
      onMessage: (session, message) => {
        this.sessions.push(session)
        this.messages.push(Buffer.from(message).toString())
      },
      onProven: contact => { this.proven.push(contact) }
    })
  }

  /** How others reach it. */
  get contact (): Contact {
    return { ...this.#contact, endpoint: this.endpoint }
  }

  async open (): Promise<this> {
    await this.#socket.open((datagram, from) => { this.messenger.receive(datagram, from) })

    return this
  }

  /** Makes a new record, with another number. */
  renew (seq: bigint): void {
    this.#contact = this.#sign(seq, this.#contact.endpoint)
  }

  ask (to: MessengerParty, text: string): Outgoing {
    const outgoing: Outgoing = { contact: to.contact, message: Buffer.from(text), nonces: [], handshakes: 0 }
    this.messenger.ask(outgoing)

    return outgoing
  }

  /** Reads the header of a datagram that was sent to it. */
  read (datagram: Uint8Array): Packet | undefined {
    return decodePacket(datagram, maskKey(this.#init.crypto, this.#contact.id))
  }

  #sign (seq: bigint, claims: Endpoint): Contact {
    const { crypto } = this.#init
    const contact = identify(crypto, createSpr(crypto, { privateKey: this.privateKey, seq, addresses: [udpAddress(claims)] }))

    if (!isContact(contact)) {
      throw new Error('the record has no address')
    }

    return contact
  }
}
