import { decodeChallenge, decodeHandshake, deriveKeys, encodeChallenge, encodeHandshake, proofDigest } from '../../../src/dht/handshake.ts'
import { decodePacket, encodePacket, HANDSHAKE, IV_BYTES, maskKey, WHOAREYOU } from '../../../src/dht/packet.ts'
import { decodePublicKey } from '../../../src/dht/spr.ts'
import { hex } from './tally.ts'
import type { Tally } from './tally.ts'
import type { DhtCrypto } from '../../../src/dht/crypto.ts'
import type { Challenge, Handshake, Keys } from '../../../src/dht/handshake.ts'
import type { Packet } from '../../../src/dht/packet.ts'

export interface Party {
  id: Uint8Array
  privateKey: Uint8Array
}

export interface Opened {
  packet: Packet
  challenge?: Challenge
  handshake?: Handshake
  /** Keys that a handshake agrees on, as its recipient finds them. */
  keys?: Keys
  sharedPoint?: Uint8Array
}

/**
 * Follows an exchange of two nodes: each packet is read and made again from its parts. A handshake is checked as its
 * recipient does, with the last challenge that went the other way; a message is opened with the keys agreed on.
 */
export class Exchange {
  readonly #tally: Tally
  readonly #crypto: DhtCrypto
  readonly #challenges = new Map<Party, Uint8Array>()
  readonly #agreed: Array<{ initiator: Party, keys: Keys }> = []

  constructor (tally: Tally, crypto: DhtCrypto) {
    this.#tally = tally
    this.#crypto = crypto
  }

  /** @throws {Error} when the packet cannot be read, or answers no challenge */
  read (name: string, datagram: Uint8Array, from: Party, to: Party): Opened {
    const mask = maskKey(this.#crypto, to.id)
    const packet = decodePacket(datagram, mask)

    if (packet == null) {
      throw new Error(`${name} cannot be read`)
    }

    const { flag, nonce, authdata, sealed } = packet
    const iv = datagram.subarray(0, IV_BYTES)
    this.#tally.equal(`${name} made again`, hex(encodePacket({ flag, iv, nonce, authdata, seal: () => sealed }, mask).datagram), hex(datagram))
    this.#tally.equal(`${name} read by another`, decodePacket(datagram, maskKey(this.#crypto, from.id)) == null, true)

    if (flag === WHOAREYOU) {
      const challenge = decodeChallenge(authdata)
      this.#challenges.set(to, packet.header)
      this.#tally.equal(`${name} challenge made again`, hex(encodeChallenge(challenge)), hex(authdata))

      return { packet, challenge }
    }

    return flag === HANDSHAKE ? this.#agree(name, packet, from, to) : { packet }
  }

  /** Opens the message of a packet, and seals it again. */
  open (name: string, { nonce, header, sealed }: Packet, from: Party, messageHex: string): void {
    const opened = this.#agreed.flatMap(({ initiator, keys }) => {
      const key = this.#crypto.aesKey(initiator === from ? keys.initiator : keys.recipient)
      const message = key.open(nonce, sealed, header)

      return message == null ? [] : [{ message: hex(message), sealed: hex(key.seal(nonce, message, header)) }]
    })

    this.#tally.equal(`${name} message`, opened, [{ message: messageHex, sealed: hex(sealed) }])
  }

  #agree (name: string, packet: Packet, from: Party, to: Party): Opened {
    const crypto = this.#crypto
    const challengeData = this.#challenges.get(from)
    const handshake = decodeHandshake(packet.authdata)

    if (handshake == null || challengeData == null) {
      throw new Error(`${name} is no handshake, or answers no challenge`)
    }

    const { sourceId, signature, ephemeralKey } = handshake
    const digest = proofDigest(crypto, challengeData, ephemeralKey, to.id)
    const sharedPoint = crypto.sharedPoint(to.privateKey, decodePublicKey(ephemeralKey))

    if (sharedPoint == null) {
      throw new Error(`${name} has no ephemeral key`)
    }

    const keys = deriveKeys(crypto, { sharedPoint, challengeData, initiatorId: from.id, recipientId: to.id })
    this.#agreed.push({ initiator: from, keys })
    this.#tally.equal(`${name} authdata made again`, hex(encodeHandshake(handshake)), hex(packet.authdata))
    this.#tally.equal(`${name} source`, hex(sourceId), hex(from.id))
    this.#tally.equal(`${name} signature verifies`, crypto.verify(digest, signature, crypto.publicKey(from.privateKey)), true)
    this.#tally.equal(`${name} signature made again`, hex(crypto.sign(digest, from.privateKey)), hex(signature))
    this.#tally.equal(`${name} signature of another`, crypto.verify(digest, signature, crypto.publicKey(to.privateKey)), false)

    return { packet, handshake, sharedPoint, keys }
  }
}
