import { createPrivateKey } from '../../src/dht/crypto.ts'
import { udpAddress } from '../../src/dht/endpoint.ts'
import { DEFAULT_DHT_LIMITS } from '../../src/dht/limits.ts'
import { decodeMessage, encodeMessage } from '../../src/dht/messages.ts'
import { Messenger } from '../../src/dht/messenger.ts'
import { identify, isContact, RecordBook } from '../../src/dht/record-book.ts'
import { createSpr } from '../../src/dht/spr.ts'
import type { DatagramNetwork } from './datagram-network.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'
import type { Body, Message } from '../../src/dht/messages.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Clock } from '../../src/interfaces.ts'

export interface ScriptedNodeInit {
  crypto: DhtCrypto
  clock: Clock
  network: DatagramNetwork
  endpoint: Endpoint
  /** What it answers; a pong and empty lists by default. */
  answer?(question: Message): Body[] | undefined
}

/** A node that makes sessions as it should and then says whatever it likes. */
export class ScriptedNode {
  readonly contact: Contact
  readonly privateKey: Uint8Array
  /** What it was told, in order. */
  readonly heard: Message[] = []
  answer?: (question: Message) => Body[] | undefined
  /** What it answers byte for byte, besides. */
  answerBytes?: (question: Message) => Uint8Array[]
  readonly #messenger: Messenger
  readonly #init: ScriptedNodeInit

  constructor (init: ScriptedNodeInit) {
    const { crypto, clock, network, endpoint } = init
    const socket = network.socket(endpoint)
    this.#init = init
    this.answer = init.answer
    this.privateKey = createPrivateKey(crypto)
    const contact = identify(crypto, createSpr(crypto, { privateKey: this.privateKey, seq: 5n, addresses: [udpAddress(endpoint)] }))

    if (!isContact(contact)) {
      throw new Error('the record has no address')
    }

    this.contact = contact
    this.#messenger = new Messenger({
      crypto,
      clock,
      limits: DEFAULT_DHT_LIMITS,
      id: contact.id,
      privateKey: this.privateKey,
      record: () => contact.record,
      records: new RecordBook(crypto, 100),
      isOurs: () => false,
      send: (datagram, to) => { socket.send(datagram, to) },
      onProven: () => {},
      onMessage: (session, bytes) => {
        const message = decodeMessage(bytes)
        this.heard.push(message)
        this.answerBytes?.(message).forEach(bytes => { this.#messenger.answer(session, bytes) })
        this.#answerTo(message).forEach(body => {
          this.#messenger.answer(session, encodeMessage({ requestId: message.requestId, ...body } as Message))
        })
      }
    })
    void socket.open((datagram, from) => { this.#messenger.receive(datagram, from) })
  }

  /** Puts a question, once. What answers it is in `heard`. */
  ask (contact: Contact, body: Body, requestId = this.#init.crypto.randomBytes(8)): void {
    this.#messenger.ask({ contact, message: encodeMessage({ requestId, ...body } as Message), nonces: [], handshakes: 0 })
  }

  #answerTo (message: Message): Body[] {
    const scripted = this.answer?.(message)

    if (scripted != null) {
      return scripted
    }

    switch (message.type) {
      case 'ping': return [{ type: 'pong', sprSeq: 5n, ip: Uint8Array.of(192, 0, 2, 1), port: 8090 }]
      case 'findNode': return [{ type: 'nodes', total: 1, records: [] }]
      case 'getProviders': return [{ type: 'providers', total: 1, records: [] }]
      default: return []
    }
  }
}
