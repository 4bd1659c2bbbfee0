import { noise, pureJsCrypto } from '@libp2p/noise'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { noiseCrypto } from '../../src/node/noise-crypto.ts'
import { seededContent } from '../../src/testing/corpus.ts'
import { disconnect, startNode } from '../libp2p/nodes.ts'

const KEY = seededContent(1)(32)
const NONCE = seededContent(2)(12)
const TEXT = seededContent(3)(65_503)
const LENGTHS = [0, 1, 1_183, 1_184, 1_199, 1_200, 1_216, 20_000, TEXT.byteLength]
const NOTHING = new Uint8Array(0)

describe('node/noise-crypto', () => {
  it('is not what libp2p comes with', () => {
    expect(noiseCrypto.chaCha20Poly1305Decrypt).to.not.equal(defaultCrypto.chaCha20Poly1305Decrypt)
  })

  for (const [name, theirs] of Object.entries({ stock: defaultCrypto, 'pure JavaScript': pureJsCrypto })) {
    it(`encrypts as the ${name} one does, and each reads the other`, () => {
      for (const length of LENGTHS) {
        for (const ad of [NOTHING, TEXT.subarray(0, 32)]) {
          const text = TEXT.subarray(0, length)

          for (const plaintext of [text, inParts(text)]) {
            const ours = noiseCrypto.chaCha20Poly1305Encrypt(plaintext, NONCE, ad, KEY).subarray()
            const their = theirs.chaCha20Poly1305Encrypt(plaintext, NONCE, ad, KEY).subarray()
            expect(equal(ours, their), `${length} bytes`).to.equal(true)
          }

          const encrypted = theirs.chaCha20Poly1305Encrypt(text, NONCE, ad, KEY).subarray()

          for (const ciphertext of [Uint8Array.from(encrypted), inParts(Uint8Array.from(encrypted))]) {
            expect(equal(noiseCrypto.chaCha20Poly1305Decrypt(ciphertext, NONCE, ad, KEY).subarray(), text)).to.equal(true)
          }
        }
      }
    })
  }

  it('refuses what was changed, in the text, the tag, the nonce, the key or beside it', () => {
    for (const length of [100, 20_000]) {
      const encrypted = noiseCrypto.chaCha20Poly1305Encrypt(TEXT.subarray(0, length), NONCE, NOTHING, KEY).subarray()
      const decrypt = (bytes: Uint8Array, nonce = NONCE, ad = NOTHING, key = KEY) => () => noiseCrypto.chaCha20Poly1305Decrypt(bytes, nonce, ad, key)

      expect(decrypt(encrypted)).to.not.throw()
      expect(decrypt(flipped(encrypted, 7))).to.throw()
      expect(decrypt(flipped(encrypted, length + 3))).to.throw()
      expect(decrypt(encrypted.subarray(0, length))).to.throw()
      expect(decrypt(encrypted, flipped(NONCE, 5))).to.throw()
      expect(decrypt(encrypted, NONCE, Uint8Array.of(1))).to.throw()
      expect(decrypt(encrypted, NONCE, NOTHING, flipped(KEY, 0))).to.throw()
    }
  })

  it('gives memory back that is read to its end, and leaves all other', () => {
    const beside = TEXT.slice(0, 32)
    const encrypt = (length: number, ad = NOTHING): Uint8Array => noiseCrypto.chaCha20Poly1305Encrypt(TEXT.subarray(0, length), NONCE, ad, KEY).subarray().slice()
    const decrypt = (bytes: Uint8Array | Uint8ArrayList, ad = NOTHING, copy?: Uint8Array): Uint8Array => noiseCrypto.chaCha20Poly1305Decrypt(bytes, NONCE, ad, KEY, copy).subarray()
    const frame = encrypt(TEXT.byteLength)
    const [whole, copy, first, handshake] = [frame.slice(), frame.slice(0, -16), new Uint8Array(70_000), encrypt(20_000, beside)]
    first.set(frame.subarray(0, 40_000), 30_000)
    const second = new Uint8Array(70_000)
    second.set(frame.subarray(40_000), 0)
    const later = second.slice()

    expect(equal(decrypt(whole, NOTHING, copy), TEXT)).to.equal(true)
    expect([whole, copy].map(({ byteLength }) => byteLength)).to.deep.equal([0, 0])
    expect(equal(decrypt(new Uint8ArrayList(first.subarray(30_000), second.subarray(0, frame.byteLength - 40_000))), TEXT)).to.equal(true)
    expect(first.byteLength).to.equal(0)
    expect(equal(second, later)).to.equal(true)
    decrypt(handshake, beside)
    expect(handshake.byteLength).to.equal(20_016)
    // of a pool
    const pooled = Buffer.from(encrypt(3_000))
    decrypt(pooled)
    expect(pooled.byteLength).to.equal(3_016)
  })

  it('decrypts small frames into memory of their own: that of the ciphertext goes with the frames behind them', () => {
    const encrypted = noiseCrypto.chaCha20Poly1305Encrypt(TEXT.subarray(0, 100), NONCE, NOTHING, KEY).subarray().slice()
    const text = noiseCrypto.chaCha20Poly1305Decrypt(encrypted, NONCE, NOTHING, KEY, encrypted.subarray(0, -16)).subarray()
    expect(text.buffer).to.not.equal(encrypted.buffer)
  })

  for (const [from, to] of [[noiseCrypto, defaultCrypto], [defaultCrypto, noiseCrypto], [noiseCrypto, noiseCrypto]]) {
    it(`carries a stream ${from === noiseCrypto ? 'to' : 'from'} ${from === to ? 'its own kind' : 'a node with the stock crypto'}`, async () => {
      const [sender, receiver] = await Promise.all([from, to].map(async crypto => startNode('noise and mplex', { connectionEncrypters: [noise({ crypto })] })))

      try {
        const got = Promise.withResolvers<Uint8Array>()
        const bytes = seededContent(4)(300_000)
        await receiver.handle('/test', stream => {
          const list = new Uint8ArrayList()

          stream.addEventListener('message', ({ data }) => {
            list.append(data)

            if (list.byteLength === bytes.byteLength) {
              got.resolve(list.subarray())
            }
          })
        })
        const stream = await sender.dialProtocol(receiver.getMultiaddrs(), '/test')
        stream.send(bytes)
        expect(equal(await got.promise, bytes)).to.equal(true)
      } finally {
        await disconnect(sender, receiver)
        await Promise.all([sender.stop(), receiver.stop()])
      }
    })
  }
})

function inParts (bytes: Uint8Array): Uint8ArrayList {
  const third = Math.floor(bytes.byteLength / 3)

  return new Uint8ArrayList(bytes.slice(0, third), bytes.slice(third, third + 1), bytes.slice(third + 1))
}

function flipped (bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] ^= 1

  return copy
}

function equal (a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
