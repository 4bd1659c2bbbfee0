import { createPrivateKey } from './crypto.ts'
import { sameEndpoint } from './endpoint.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { decodeChallenge, deriveKeys, encodeHandshake, proofDigest } from './handshake.ts'
import { CHALLENGE_MS } from './limits.ts'
import { keyOf } from './node-id.ts'
import { decodePacket, encodePacket, HANDSHAKE, IV_BYTES, maskKey, MESSAGE, NONCE_BYTES, WHOAREYOU } from './packet.ts'
import { isContact } from './record-book.ts'
import { openPacket, peerKey, Sessions } from './sessions.ts'
import { encodePublicKey } from './spr.ts'
import type { AesKey, DhtCrypto } from './crypto.ts'
import type { Endpoint } from './endpoint.ts'
import type { DhtLimits } from './limits.ts'
import type { Packet } from './packet.ts'
import type { Contact, RecordBook } from './record-book.ts'
import type { Peer, Session } from './sessions.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Clock } from '../interfaces.ts'

/** Handshakes that one question may lead to. */
const MAX_HANDSHAKES = 2
/** Random bytes in place of a message where there is no session: as many as the smallest message takes. */
const RANDOM_MESSAGE_BYTES = 20

/** A question on its way: until it is settled, a WHOAREYOU for it is answered. */
export interface Outgoing {
  readonly contact: Contact
  readonly message: Uint8Array
  /** Of the packets that it was sent in, as keys. Filled in by the messenger. */
  readonly nonces: string[]
  /** Handshakes that it led to. Counted by the messenger. */
  handshakes: number
}

export interface MessengerInit {
  crypto: DhtCrypto
  clock: Clock
  limits: DhtLimits
  /** Our own. */
  id: Uint8Array
  privateKey: Uint8Array
  record(): SignedPeerRecord
  records: RecordBook
  /** Whether it is a node of our table. */
  isOurs(peer: Peer): boolean
  send(datagram: Uint8Array, to: Endpoint): void
  /** A message of a session: whoever sent it is who it says and where. */
  onMessage(session: Session, message: Uint8Array): void
  /** A node has proven that it is where its record says. */
  onProven(contact: Contact): void
}

/** We are about to begin a session, and these questions wait for it. */
interface Knock {
  until: number
  waiting: Set<Outgoing>
}

/** Datagrams to and from messages: makes sessions where there are none, on both sides (docs/PROTOCOL.md §8). */
export class Messenger {
  readonly sessions: Sessions
  /** Datagrams that came, by what became of them. */
  readonly counters = { messages: 0, garbage: 0, unreadable: 0, challenged: 0, admitted: 0, refused: 0, answered: 0 }
  readonly #init: MessengerInit
  readonly #mask: AesKey
  readonly #gate: Gatekeeper
  readonly #byNonce = new Map<string, Outgoing>()
  readonly #knocks = new Map<string, Knock>()

  constructor (init: MessengerInit) {
    const { crypto, limits, id } = init
    this.#init = init
    this.#mask = maskKey(crypto, id)
    this.sessions = new Sessions(crypto, limits.sessions)
    this.#gate = new Gatekeeper({ ...init, sessions: this.sessions })
  }

  /** Challenges, and questions on their way. */
  get pending (): { challenges: number, nonces: number, knocks: number } {
    return { challenges: this.#gate.size, nonces: this.#byNonce.size, knocks: this.#knocks.size }
  }

  /** A datagram that came. Never throws for what is in it. */
  receive (datagram: Uint8Array, from: Endpoint): void {
    const packet = decodePacket(datagram, this.#mask)

    switch (packet?.flag) {
      case MESSAGE: this.#onMessage(packet, from); break
      case WHOAREYOU: this.#onChallenge(packet, from); break
      case HANDSHAKE: this.#onHandshake(packet, from); break
      default: this.counters.garbage++
    }
  }

  /** Sends a question, as soon as there is a session. To be called again when no answer comes. */
  ask (outgoing: Outgoing): void {
    const session = this.sessions.get(outgoing.contact)

    if (session != null && !session.renew) {
      this.#sendSealed(session, outgoing.message, outgoing)
      return
    }

    const name = peerKey(outgoing.contact)
    const now = this.#init.clock.now()
    const knock = this.#knocks.get(name) ?? { until: now, waiting: new Set() }
    this.#knocks.set(name, knock)
    knock.waiting.add(outgoing)

    if (knock.until <= now) {
      knock.until = now + CHALLENGE_MS
      this.#sendRandom(outgoing)
    }
  }

  /** Sends an answer. */
  answer (session: Session, message: Uint8Array): void {
    this.#sendSealed(session, message)
  }

  /** The question is answered or given up. */
  settle (outgoing: Outgoing): void {
    outgoing.nonces.splice(0).forEach(nonce => this.#byNonce.delete(nonce))
    const name = peerKey(outgoing.contact)
    const knock = this.#knocks.get(name)

    if (knock?.waiting.delete(outgoing) === true && knock.waiting.size === 0) {
      this.#knocks.delete(name)
    }
  }

  clear (): void {
    this.sessions.clear()
    this.#gate.clear()
    this.#byNonce.clear()
    this.#knocks.clear()
  }

  #onMessage (packet: Packet, from: Endpoint): void {
    const session = this.sessions.get({ key: keyOf(packet.authdata), endpoint: from })
    const message = session == null ? undefined : openPacket(session, packet)

    if (session != null && message != null) {
      this.counters.messages++
      this.#init.onMessage(session, message)
      return
    }

    this.counters.unreadable++
    const challenge = this.#gate.challenge(packet, from)

    if (challenge != null) {
      this.counters.challenged++
      this.#init.send(challenge, from)
    }
  }

  #onHandshake (packet: Packet, from: Endpoint): void {
    const admitted = this.#gate.admit(packet, from)

    if (admitted == null) {
      this.counters.refused++
      return
    }

    const { session, known, message } = admitted
    this.counters.admitted++

    if (isContact(known) && sameEndpoint(known.endpoint, from)) {
      this.#init.onProven(known)
    }

    this.#init.onMessage(session, message)
    this.#flush(session)
  }

  /** Answers a challenge with the question that it is for, and sends what waited for the session. */
  #onChallenge (packet: Packet, from: Endpoint): void {
    const outgoing = this.#byNonce.get(keyOf(packet.nonce))

    if (outgoing == null || !sameEndpoint(outgoing.contact.endpoint, from) || outgoing.handshakes >= MAX_HANDSHAKES) {
      this.counters.refused++
      return
    }

    outgoing.handshakes++
    this.#byNonce.delete(keyOf(packet.nonce))
    const session = this.#sendHandshake(outgoing, packet)

    if (session != null) {
      this.counters.answered++
      this.#flush(session, outgoing)
    }
  }

  #sendHandshake ({ contact, message }: Outgoing, { authdata, header: challengeData }: Packet): Session | undefined {
    const { crypto, id, privateKey, record } = this.#init
    const ephemeral = createPrivateKey(crypto)
    const sharedPoint = crypto.sharedPoint(ephemeral, contact.record.publicKey)

    if (sharedPoint == null) {
      return undefined
    }

    const keys = deriveKeys(crypto, { sharedPoint, challengeData, initiatorId: id, recipientId: contact.id })
    const session = this.sessions.put({ ...contact, write: keys.initiator, read: keys.recipient, ours: true })
    const ephemeralKey = encodePublicKey(crypto.publicKey(ephemeral))
    const own = record()

    this.#send(contact.endpoint, session.mask, {
      flag: HANDSHAKE,
      authdata: encodeHandshake({
        sourceId: id,
        signature: crypto.sign(proofDigest(crypto, challengeData, ephemeralKey, contact.id), privateKey),
        ephemeralKey,
        record: decodeChallenge(authdata).recordSeq < own.seq ? own.bytes : undefined
      }),
      seal: (nonce, header) => session.write.seal(nonce, message, header)
    })

    return session
  }

  #flush (session: Session, except?: Outgoing): void {
    const name = peerKey(session)
    const knock = this.#knocks.get(name)

    if (knock != null) {
      this.#knocks.delete(name)
      knock.waiting.delete(except as Outgoing)
      knock.waiting.forEach(outgoing => { this.#sendSealed(session, outgoing.message, outgoing) })
    }
  }

  #sendSealed (session: Session, message: Uint8Array, outgoing?: Outgoing): void {
    this.#register(outgoing, this.#send(session.endpoint, session.mask, {
      flag: MESSAGE,
      authdata: this.#init.id,
      seal: (nonce, header) => session.write.seal(nonce, message, header)
    }))
  }

  /** What nobody can read, to be asked who we are. */
  #sendRandom (outgoing: Outgoing): void {
    const { crypto, id } = this.#init
    const { contact } = outgoing

    this.#register(outgoing, this.#send(contact.endpoint, this.sessions.get(contact)?.mask ?? maskKey(crypto, contact.id), {
      flag: MESSAGE,
      authdata: id,
      seal: () => crypto.randomBytes(RANDOM_MESSAGE_BYTES)
    }))
  }

  #register (outgoing: Outgoing | undefined, nonce: Uint8Array): void {
    if (outgoing != null) {
      const key = keyOf(nonce)
      this.#byNonce.set(key, outgoing)
      outgoing.nonces.push(key)
    }
  }

  #send (to: Endpoint, mask: AesKey, { flag, authdata, seal }: {
    flag: number
    authdata: Uint8Array
    seal(nonce: Uint8Array, header: Uint8Array): Uint8Array
  }): Uint8Array {
    const random = this.#init.crypto.randomBytes(IV_BYTES + NONCE_BYTES)
    const iv = random.subarray(0, IV_BYTES)
    const nonce = random.subarray(IV_BYTES)
    const { datagram } = encodePacket({ flag, iv, nonce, authdata, seal: header => seal(nonce, header) }, mask)
    this.#init.send(datagram, to)

    return nonce
  }
}
