import { loadCrypto } from '../../../src/dht/node-crypto.ts'
import { nodeIdOf } from '../../../src/dht/node-id.ts'
import { encodePublicKey } from '../../../src/dht/spr.ts'
import { checkRecord, peerIdText, rawKey } from './record-vector.ts'
import { hex, Tally } from './tally.ts'

interface SprVector {
  node: string
  privKeyFileHex: string
  peerId: string
  spr: string
  sprHex: string
  envelope: { publicKeyHex: string, payloadHex: string, signatureHex: string }
  peerRecord: { peerIdHex: string, seqNo: number, addressesHex: string[] }
  nodeIdHex: string
}

/** `spr.json`: the records of live nodes. */
export async function checkSprs (json: unknown): Promise<number> {
  const tally = new Tally()
  const crypto = await loadCrypto()

  for (const { node, privKeyFileHex, peerId, spr, sprHex, envelope, peerRecord, nodeIdHex } of json as SprVector[]) {
    const record = checkRecord(tally, node, crypto, { text: spr, bytesHex: sprHex, privateKey: rawKey(privKeyFileHex) })

    tally.equal(`${node} public key`, hex(encodePublicKey(record.publicKey)), envelope.publicKeyHex)
    tally.equal(`${node} payload`, hex(record.payload), envelope.payloadHex)
    tally.equal(`${node} signature`, hex(record.signature), envelope.signatureHex)
    tally.equal(`${node} peer id`, [hex(record.peerId), peerIdText(record.peerId)], [peerRecord.peerIdHex, peerId])
    tally.equal(`${node} number`, Number(record.seq), peerRecord.seqNo)
    tally.equal(`${node} addresses`, record.addresses.map(hex), peerRecord.addressesHex)
    tally.equal(`${node} node id`, hex(nodeIdOf(crypto, record.peerId)), nodeIdHex)
  }

  return tally.count
}
