import { decodeMessage, encodeMessage } from '../../../src/dht/messages.ts'
import { loadCrypto } from '../../../src/dht/node-crypto.ts'
import { nodeIdOf } from '../../../src/dht/node-id.ts'
import { decodeSpr, peerIdOf, verifySpr } from '../../../src/dht/spr.ts'
import { Exchange } from './dht-packet.ts'
import { bytesOf, hex, Tally } from './tally.ts'
import type { Opened, Party } from './dht-packet.ts'
import type { DhtCrypto } from '../../../src/dht/crypto.ts'

interface NodeVector {
  privKeyHex: string
  pubKeyHex: string
  peerIdHex: string
  nodeIdHex: string
}

interface PacketVector {
  t: number
  from: string
  to: string
  flag: 'ordinary' | 'whoareyou' | 'handshake'
  size: number
  packetHex: string
  staticHeaderHex: string
  nonceHex: string
  authdataHex: string
  challengeDataHex?: string
  idNonceHex?: string
  recordSeq?: number
  srcIdHex?: string
  idSignatureDerHex?: string
  ephPubHex?: string
  recordHex?: string
  sharedSecretHex?: string
  initiatorKeyHex?: string
  recipientKeyHex?: string
  messageHex?: string
  kind?: string
}

const FLAGS = ['ordinary', 'whoareyou', 'handshake']

/** `dht_capture.json`: what two live nodes sent each other, opened, and made again byte for byte. */
export async function checkDhtCapture (json: unknown): Promise<number> {
  const tally = new Tally()
  const crypto = await loadCrypto()
  const { nodes, packets } = json as { nodes: Record<string, NodeVector>, packets: PacketVector[] }
  const exchange = new Exchange(tally, crypto)
  const parties = new Map<string, Party>()

  for (const [name, { privKeyHex, pubKeyHex, peerIdHex, nodeIdHex }] of Object.entries(nodes)) {
    const publicKey = crypto.publicKey(bytesOf(privKeyHex))

    tally.equal(`${name} public key`, hex(publicKey), pubKeyHex)
    tally.equal(`${name} peer id`, hex(peerIdOf(publicKey)), peerIdHex)
    tally.equal(`${name} node id`, hex(nodeIdOf(crypto, peerIdOf(publicKey))), nodeIdHex)
    parties.set(name, { id: bytesOf(nodeIdHex), privateKey: bytesOf(privKeyHex) })
  }

  for (const [i, vector] of packets.entries()) {
    const name = `packet ${i}`
    const [from, to] = [vector.from, vector.to].map(node => parties.get(node))

    if (from == null || to == null) {
      throw new Error(`${name} is between strangers`)
    }

    const opened = exchange.read(name, bytesOf(vector.packetHex), from, to)
    const { packet, challenge } = opened

    tally.equal(`${name} size`, vector.packetHex.length / 2, vector.size)
    tally.equal(`${name} flag`, FLAGS[packet.flag], vector.flag)
    tally.equal(`${name} nonce`, hex(packet.nonce), vector.nonceHex)
    tally.equal(`${name} authdata`, hex(packet.authdata), vector.authdataHex)
    tally.equal(`${name} header`, hex(packet.header.subarray(16)), vector.staticHeaderHex + vector.authdataHex)

    if (challenge != null) {
      tally.equal(`${name} challenge data`, hex(packet.header), vector.challengeDataHex)
      tally.equal(`${name} challenge`, [hex(challenge.idNonce), Number(challenge.recordSeq)], [vector.idNonceHex, vector.recordSeq])
    }

    if (opened.keys != null) {
      checkHandshake(tally, name, crypto, vector, opened)
    }

    if (vector.messageHex != null) {
      const message = decodeMessage(bytesOf(vector.messageHex))

      exchange.open(name, packet, from, vector.messageHex)
      tally.equal(`${name} kind`, message.type, vector.kind)
      tally.equal(`${name} message made again`, hex(encodeMessage(message)), vector.messageHex)
    }
  }

  return tally.count
}

function checkHandshake (tally: Tally, name: string, crypto: DhtCrypto, vector: PacketVector, { handshake, keys, sharedPoint }: Opened): void {
  const read = (bytes?: Uint8Array): string | undefined => bytes == null ? undefined : hex(bytes)

  tally.equal(`${name} source`, read(handshake?.sourceId), vector.srcIdHex)
  tally.equal(`${name} signature`, read(handshake?.signature), vector.idSignatureDerHex)
  tally.equal(`${name} ephemeral key`, read(handshake?.ephemeralKey), vector.ephPubHex)
  tally.equal(`${name} record`, read(handshake?.record), vector.recordHex)
  tally.equal(`${name} shared point`, read(sharedPoint), vector.sharedSecretHex)
  tally.equal(`${name} initiator key`, read(keys?.initiator), vector.initiatorKeyHex)
  tally.equal(`${name} recipient key`, read(keys?.recipient), vector.recipientKeyHex)

  if (handshake?.record != null) {
    tally.equal(`${name} record verifies`, verifySpr(crypto, decodeSpr(handshake.record)), true)
  }
}
