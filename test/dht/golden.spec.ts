import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { CHECKS } from '../interop/checks/index.ts'

/** One thing changed in a file of golden vectors, which its check must notice. */
const changes: Array<[file: string, from: RegExp, to: string]> = [
  ['spr.json', /"seqNo":1795376500/, '"seqNo":1795376501'],
  ['spr.json', /"sprHex":"0a25/, '"sprHex":"0a24'],
  ['spr.json', /"spr":"spr:C/, '"spr":"spr:D'],
  ['spr.json', /"nodeIdHex":"e8/, '"nodeIdHex":"e9'],
  ['dht.json', /"nodeIdHex":\s*"f778/, '"nodeIdHex": "f779'],
  ['dht.json', /"sprSeq":\s*1/, '"sprSeq": 2'],
  ['dht.json', /"ip":\s*"127.0.0.1"/, '"ip": "127.0.0.2"'],
  ['dht.json', /"distances":\s*\[\s*256/, '"distances": [250'],
  ['dht.json', /"idNonceHex":\s*"f3/, '"idNonceHex": "f4'],
  ['dht.json', /"initiatorKeyHex":\s*"3a/, '"initiatorKeyHex": "3b'],
  ['dht.json', /"nonceHex":\s*"3272/, '"nonceHex": "3273'],
  ['dht_capture.json', /"packetHex":\s*"239681/, '"packetHex": "239682'],
  ['dht_capture.json', /"sharedSecretHex":\s*"0366/, '"sharedSecretHex": "0266'],
  ['dht_capture.json', /"kind":\s*"pong"/, '"kind": "ping"'],
  ['dht_capture.json', /"recordSeq":\s*0/, '"recordSeq": 1'],
  ['dht_capture.json', /"messageHex":\s*"04/, '"messageHex": "03']
]

async function read (file: string): Promise<string> {
  return readFile(new URL(`../interop/vectors/${file}`, import.meta.url), 'utf8')
}

async function expectNoticed (file: string, from: RegExp, to: string): Promise<void> {
  const text = await read(file)
  expect(text).to.match(from)

  await expect(Promise.resolve(CHECKS[file](JSON.parse(text.replace(from, to))))).to.be.rejectedWith(Error)
}

describe('dht/golden vectors', () => {
  for (const [file, least] of [['spr.json', 20], ['dht.json', 90], ['dht_capture.json', 300]] as Array<[string, number]>) {
    it(`of ${file} are checked in full`, async () => {
      expect(await CHECKS[file](JSON.parse(await read(file)))).to.be.at.least(least)
    })
  }

  for (const [file, from, to] of changes) {
    it(`notice ${to} in ${file}`, async () => { await expectNoticed(file, from, to) })
  }
})
