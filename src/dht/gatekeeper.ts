import { ProtocolError } from '../errors.ts'
import { decodeHandshake, deriveKeys, encodeChallenge, ID_NONCE_BYTES, proofDigest } from './handshake.ts'
import { CHALLENGE_MS } from './limits.ts'
import { keyOf } from './node-id.ts'
import { encodePacket, IV_BYTES, maskKey, WHOAREYOU } from './packet.ts'
import { RateLimit } from './rate-limit.ts'
import { identifyBytes } from './record-book.ts'
import { peerKey } from './sessions.ts'
import { decodePublicKey } from './spr.ts'
import type { DhtCrypto } from './crypto.ts'
import type { Endpoint } from './endpoint.ts'
import type { Handshake } from './handshake.ts'
import type { DhtLimits } from './limits.ts'
import type { Packet } from './packet.ts'
import type { Known, RecordBook } from './record-book.ts'
import type { Peer, Session, Sessions } from './sessions.ts'
import type { Clock } from '../interfaces.ts'

/** Handshakes that one challenge is good for, so that a forged one does not spoil that of its node. */
const MAX_TRIES = 2

interface Pending {
  /** The unmasked header of the WHOAREYOU. */
  data: Uint8Array
  /** Who we take the node for: with a record that it need not send again. */
  known?: Known
  /** In milliseconds of the clock. */
  until: number
  tries: number
}

export interface GatekeeperInit {
  crypto: DhtCrypto
  clock: Clock
  limits: DhtLimits
  /** Our own. */
  id: Uint8Array
  privateKey: Uint8Array
  records: RecordBook
  sessions: Sessions
  /** Whether it is a node of ours, which a flood of strangers must not lock out. */
  isOurs(peer: Peer): boolean
}

/** A node that has proven who it is and where. */
export interface Admitted {
  session: Session
  known: Known
  /** What it said with its handshake. */
  message: Uint8Array
}

/** The challenger's side of the handshake: says WHOAREYOU, and lets in who answers it rightly. */
export class Gatekeeper {
  readonly #init: GatekeeperInit
  /** By node and endpoint, in the order of their time. */
  readonly #challenges = new Map<string, Pending>()
  readonly #challengeRate: RateLimit
  readonly #rate: RateLimit
  readonly #reserve: RateLimit

  constructor (init: GatekeeperInit) {
    const { clock, limits } = init
    this.#init = init
    this.#challengeRate = new RateLimit(clock, limits.challenges)
    this.#rate = new RateLimit(clock, limits.handshakes)
    this.#reserve = new RateLimit(clock, limits.reservedHandshakes)
  }

  /** Challenges under way. */
  get size (): number {
    return this.#challenges.size
  }

  clear (): void {
    this.#challenges.clear()
  }

  /** The WHOAREYOU for a message that we cannot read: shorter than it. Nothing while the last one is good, or when there are too many. */
  challenge ({ authdata: id, nonce }: Packet, endpoint: Endpoint): Uint8Array | undefined {
    const { crypto, clock, records, isOurs } = this.#init
    const key = keyOf(id)
    const peer = { id, key, endpoint }
    const name = peerKey(peer)
    const now = clock.now()

    for (const [old, { until }] of this.#challenges) {
      if (until > now) {
        break
      }

      this.#challenges.delete(old)
    }

    if (this.#challenges.has(name) || !(this.#challengeRate.take(endpoint.host) || (isOurs(peer) && this.#reserve.take(endpoint.host)))) {
      return undefined
    }

    const known = records.get(key)
    const random = crypto.randomBytes(IV_BYTES + ID_NONCE_BYTES)
    const { datagram, header } = encodePacket({
      flag: WHOAREYOU,
      iv: random.subarray(0, IV_BYTES),
      nonce,
      authdata: encodeChallenge({ idNonce: random.subarray(IV_BYTES), recordSeq: known?.record.seq ?? 0n })
    }, maskKey(crypto, id))
    this.#challenges.set(name, { data: header, known, until: now + CHALLENGE_MS, tries: 0 })

    return datagram
  }

  /** Makes a session with who answers a challenge. What costs least is checked first, the key agreement comes last. */
  admit ({ authdata, nonce, sealed, header }: Packet, endpoint: Endpoint): Admitted | undefined {
    const { crypto, clock, sessions } = this.#init
    const handshake = decodeHandshake(authdata)

    if (handshake == null) {
      return undefined
    }

    const key = keyOf(handshake.sourceId)
    const name = peerKey({ key, endpoint })
    const pending = this.#challenges.get(name)

    if (pending == null || pending.until <= clock.now() || pending.tries++ >= MAX_TRIES || !this.#mayTry({ id: handshake.sourceId, key, endpoint })) {
      return undefined
    }

    const known = this.#prove(handshake, pending)
    const keys = known == null ? undefined : this.#agree(handshake, pending)
    const message = keys == null ? undefined : crypto.aesKey(keys.initiator).open(nonce, sealed, header)

    if (known == null || keys == null || message == null) {
      return undefined
    }

    this.#challenges.delete(name)

    return {
      known,
      message,
      session: sessions.put({ id: known.id, key: known.key, endpoint, write: keys.recipient, read: keys.initiator, ours: false })
    }
  }

  #mayTry (peer: Peer): boolean {
    const { host } = peer.endpoint

    return this.#init.isOurs(peer) ? this.#reserve.take(host) || this.#rate.take(host) : this.#rate.take(host)
  }

  /** Who it is; nothing when a signature is wrong. */
  #prove ({ sourceId, signature, ephemeralKey, record }: Handshake, pending: Pending): Known | undefined {
    const { crypto, id, records } = this.#init
    const claimed = record == null ? pending.known : identifyBytes(crypto, record)

    if (claimed == null || claimed.key !== keyOf(sourceId) ||
      !crypto.verify(proofDigest(crypto, pending.data, ephemeralKey, id), signature, claimed.record.publicKey)) {
      return undefined
    }

    return records.verify(claimed)
  }

  #agree ({ sourceId, ephemeralKey }: Handshake, { data }: Pending): ReturnType<typeof deriveKeys> | undefined {
    const { crypto, id, privateKey } = this.#init

    try {
      const sharedPoint = crypto.sharedPoint(privateKey, decodePublicKey(ephemeralKey))

      return sharedPoint == null
        ? undefined
        : deriveKeys(crypto, { sharedPoint, challengeData: data, initiatorId: sourceId, recipientId: id })
    } catch (err) {
      if (err instanceof ProtocolError) {
        return undefined
      }

      throw err
    }
  }
}
