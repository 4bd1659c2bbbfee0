import { createHash } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { nodeCrypto } from '../../src/dht/node-crypto.ts'
import { int } from '../../src/testing/index.ts'
import type { DhtCrypto, Secp256k1 } from '../../src/dht/crypto.ts'
import type { Random } from '../../src/interfaces.ts'

/**
 * Stands in for the curve where a thousand nodes are simulated: as long, as repeatable, and as good as nothing against an
 * attacker. Who knows a public key can do all that the private key can.
 */
const toySecp256k1: Secp256k1 = {
  isPrivateKey: bytes => bytes.length === 32,
  publicKey: privateKey => concat([Uint8Array.of(2), hash('public', privateKey)]),
  sign: (digest, privateKey) => concat([Uint8Array.of(0x30), hash('signature', digest, toySecp256k1.publicKey(privateKey)), new Uint8Array(38)]),
  verify: (digest, signature, publicKey) => equals(signature.subarray(1, 33), hash('signature', digest, publicKey)),
  sharedPoint (privateKey, publicKey) {
    const own = toySecp256k1.publicKey(privateKey)

    return concat([Uint8Array.of(3), own.map((byte, i) => byte ^ publicKey[i]).subarray(1)])
  }
}

/** Everything but the curve is real; the random bytes come from `random`, so that a seed repeats a run. */
export function toyCrypto (random: Random): DhtCrypto {
  const crypto = nodeCrypto(toySecp256k1)

  return { ...crypto, keccak256: remembered(crypto.keccak256), randomBytes: randomBytes(random) }
}

/** `crypto` with random bytes that a seed repeats. */
export function seededCrypto (crypto: DhtCrypto, random: Random): DhtCrypto {
  return { ...crypto, randomBytes: randomBytes(random) }
}

/** The same, computed once for each input: nodes come to know the same ids again and again. */
function remembered (digest: (bytes: Uint8Array) => Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const known = new Map<string, Uint8Array>()

  return bytes => {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const result = known.get(key) ?? digest(bytes)
    known.set(key, result)

    return result
  }
}

function randomBytes (random: Random): (length: number) => Uint8Array {
  return length => Uint8Array.from({ length }, () => int(random, 0, 256))
}

function hash (...parts: Array<string | Uint8Array>): Uint8Array {
  const digest = createHash('sha256')
  parts.forEach(part => digest.update(part))

  return digest.digest()
}
