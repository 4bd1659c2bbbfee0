import { CID } from 'multiformats/cid'
import { formatCid, parseCid } from '../../../src/dataset/codecs.ts'
import { loadCrypto } from '../../../src/dht/node-crypto.ts'
import { contentIdOf, nodeIdOf } from '../../../src/dht/node-id.ts'
import { checkMessage } from './dht-message.ts'
import { Exchange } from './dht-packet.ts'
import { addressTexts, checkRecord, peerIdText } from './record-vector.ts'
import { bytesOf, hex, Tally } from './tally.ts'
import type { MessageFields } from './dht-message.ts'
import type { Party } from './dht-packet.ts'
import type { DhtCrypto } from '../../../src/dht/crypto.ts'

interface SprVector {
  uri: string
  encodedHex: string
  peerId: string
  seqNo: number
  addresses: string[]
  payloadHex: string
  nodeIdHex: string
}

interface PeerVector {
  name: string
  privKeyRawHex: string
  privKeyProtoHex: string
  pubKeyRawHex: string
  peerId: string
  peerIdHex: string
  nodeIdHex: string
  spr: SprVector
}

interface StepVector {
  step: number
  from: string
  to: string
  packetHex: string
  nonceHex?: string
  idNonceHex?: string
  recordSeq?: number
  challengeDataHex?: string
  messageHex?: string
  initiatorKeyHex?: string
  recipientKeyHex?: string
}

interface DhtVectors {
  cidToNodeId: Array<{ cid: string, cidHex: string, nodeIdHex: string }>
  peers: PeerVector[]
  providerRecordA: SprVector
  messages: Array<{ name: string, reqIdHex: string, encodedHex: string, fields: MessageFields }>
  handshakeExchange: StepVector[]
}

/** `dht.json`: ids, records, messages, and a whole handshake. */
export async function checkDht (json: unknown): Promise<number> {
  const tally = new Tally()
  const crypto = await loadCrypto()
  const { cidToNodeId, peers, providerRecordA, messages, handshakeExchange } = json as DhtVectors

  for (const { cid, cidHex, nodeIdHex } of cidToNodeId) {
    tally.equal(`${cid} bytes`, hex(parseCid(cid).bytes), cidHex)
    tally.equal(`${cid} as text`, formatCid(CID.decode(bytesOf(cidHex))), cid)
    tally.equal(`${cid} content id`, hex(contentIdOf(crypto, parseCid(cid))), nodeIdHex)
  }

  peers.forEach(peer => { checkPeer(tally, crypto, peer) })
  checkSpr(tally, 'provider record A', crypto, providerRecordA, peers[0])
  messages.forEach(({ name, reqIdHex, encodedHex, fields }) => { checkMessage(tally, name, encodedHex, reqIdHex, fields) })
  checkExchange(tally, crypto, handshakeExchange, new Map(peers.map(({ name, nodeIdHex, privKeyRawHex }) => {
    return [name, { id: bytesOf(nodeIdHex), privateKey: bytesOf(privKeyRawHex) }]
  })))

  return tally.count
}

function checkPeer (tally: Tally, crypto: DhtCrypto, peer: PeerVector): void {
  const { name, privKeyRawHex, privKeyProtoHex, pubKeyRawHex, peerId, peerIdHex, nodeIdHex, spr } = peer

  tally.equal(`${name} private key`, privKeyProtoHex.endsWith(privKeyRawHex), true)
  tally.equal(`${name} public key`, hex(crypto.publicKey(bytesOf(privKeyRawHex))), pubKeyRawHex)
  tally.equal(`${name} peer id as text`, peerIdText(bytesOf(peerIdHex)), peerId)
  tally.equal(`${name} node id`, hex(nodeIdOf(crypto, bytesOf(peerIdHex))), nodeIdHex)
  checkSpr(tally, `${name} record`, crypto, spr, peer)
}

function checkSpr (tally: Tally, name: string, crypto: DhtCrypto, spr: SprVector, { privKeyRawHex }: PeerVector): void {
  const record = checkRecord(tally, name, crypto, { text: spr.uri, bytesHex: spr.encodedHex, privateKey: bytesOf(privKeyRawHex) })

  tally.equal(`${name} peer`, peerIdText(record.peerId), spr.peerId)
  tally.equal(`${name} number`, Number(record.seq), spr.seqNo)
  tally.equal(`${name} addresses`, addressTexts(record.addresses), spr.addresses)
  tally.equal(`${name} payload`, hex(record.payload), spr.payloadHex)
  tally.equal(`${name} node id`, hex(nodeIdOf(crypto, record.peerId)), spr.nodeIdHex)
}

function checkExchange (tally: Tally, crypto: DhtCrypto, steps: StepVector[], parties: Map<string, Party>): void {
  const exchange = new Exchange(tally, crypto)

  for (const vector of steps) {
    const name = `handshake step ${vector.step}`
    const [from, to] = [vector.from, vector.to].map(party => parties.get(party))

    if (from == null || to == null) {
      throw new Error(`${name} is between strangers`)
    }

    const { packet, challenge, handshake, keys } = exchange.read(name, bytesOf(vector.packetHex), from, to)
    tally.equalIfGiven(`${name} nonce`, hex(packet.nonce), vector.nonceHex)

    if (challenge != null) {
      tally.equal(`${name} id nonce`, hex(challenge.idNonce), vector.idNonceHex)
      tally.equal(`${name} number of the record`, Number(challenge.recordSeq), vector.recordSeq)
      tally.equal(`${name} challenge data`, hex(packet.header), vector.challengeDataHex)
    }

    if (keys != null) {
      tally.equal(`${name} has a record`, handshake?.record != null, true)
      tally.equal(`${name} initiator key`, hex(keys.initiator), vector.initiatorKeyHex)
      tally.equal(`${name} recipient key`, hex(keys.recipient), vector.recipientKeyHex)
    }

    if (vector.messageHex != null) {
      exchange.open(name, packet, from, vector.messageHex)
    }
  }
}
