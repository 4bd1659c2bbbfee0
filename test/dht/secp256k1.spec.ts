import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { createPrivateKey } from '../../src/dht/crypto.ts'
import { decodeDer, encodeDer } from '../../src/dht/der.ts'
import { loadCrypto, nodeCrypto } from '../../src/dht/node-crypto.ts'
import { nobleSecp256k1 } from '../../src/dht/secp256k1-noble.ts'
import { tinySecp256k1 } from '../../src/dht/secp256k1-tiny.ts'
import type { Secp256k1 } from '../../src/dht/crypto.ts'

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const key = bytes32.filter(bytes => tinySecp256k1.isPrivateKey(bytes))

function hex (bytes: Uint8Array | undefined): string {
  return bytes == null ? 'nothing' : Buffer.from(bytes).toString('hex')
}

describe('dht/secp256k1', () => {
  it('is loaded as WebAssembly', async () => {
    const crypto = await loadCrypto()

    expect(crypto.sign).to.equal(tinySecp256k1.sign)
  })

  it('is the same by both implementations', () => {
    fc.assert(fc.property(key, key, bytes32, (a, b, digest) => {
      const [tiny, noble] = [tinySecp256k1, nobleSecp256k1].map(curve => {
        const signature = curve.sign(digest, a)

        return [curve.publicKey(a), signature, curve.sharedPoint(a, curve.publicKey(b))].map(hex)
      })

      expect(tiny).to.deep.equal(noble)
      expect(hex(tinySecp256k1.sharedPoint(a, tinySecp256k1.publicKey(b)))).to.equal(hex(tinySecp256k1.sharedPoint(b, tinySecp256k1.publicKey(a))))
    }), { numRuns: 10 })
  })

  for (const [name, curve] of [['tiny', tinySecp256k1], ['noble', nobleSecp256k1]] as Array<[string, Secp256k1]>) {
    describe(name, () => {
      const crypto = nodeCrypto(curve)
      const privateKey = createPrivateKey(crypto)
      const publicKey = curve.publicKey(privateKey)
      const digest = crypto.sha256(privateKey)
      const signature = curve.sign(digest, privateKey)

      it('verifies what it signs, and nothing else', () => {
        expect(curve.verify(digest, signature, publicKey)).to.equal(true)
        expect(curve.verify(crypto.sha256(digest), signature, publicKey)).to.equal(false)
        expect(curve.verify(digest, signature, curve.publicKey(createPrivateKey(crypto)))).to.equal(false)
        expect(curve.verify(digest, signature.subarray(1), publicKey)).to.equal(false)
      })

      it('refuses a signature with a high s', () => {
        const compact = decodeDer(signature) ?? new Uint8Array()
        const s = BigInt(`0x${hex(compact.subarray(32))}`)
        const high = BigInt(`0x${ORDER}`) - s
        const forged = encodeDer(Uint8Array.of(...compact.subarray(0, 32), ...Buffer.from(high.toString(16).padStart(64, '0'), 'hex')))

        expect(forged).to.not.deep.equal(signature)
        expect(curve.verify(digest, forged, publicKey)).to.equal(false)
      })

      it('takes what is no key for what it is', () => {
        expect(curve.isPrivateKey(new Uint8Array(32))).to.equal(false)
        expect(curve.isPrivateKey(Buffer.from(ORDER, 'hex'))).to.equal(false)
        expect(curve.sharedPoint(privateKey, new Uint8Array(33))).to.equal(undefined)
        expect(curve.sharedPoint(privateKey, publicKey.subarray(1))).to.equal(undefined)
        expect(curve.verify(digest, signature, new Uint8Array(33))).to.equal(false)
      })
    })
  }
})

describe('dht/der', () => {
  it('comes back as it went', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), compact => {
      expect(decodeDer(encodeDer(compact))).to.deep.equal(compact)
    }))
  })

  it('has one form for each signature', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      const compact = decodeDer(bytes)

      expect(compact == null ? bytes : encodeDer(compact)).to.deep.equal(bytes)
    }))
  })

  it('refuses what is altered in its form', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(71), fc.integer({ min: 1, max: 255 }), (compact, at, flip) => {
      const der = encodeDer(compact)
      const altered = der.map((byte, i) => i === at % der.length ? byte ^ flip : byte)
      const read = decodeDer(altered)

      expect(read == null ? altered : encodeDer(read)).to.deep.equal(altered)
    }))
  })
})
