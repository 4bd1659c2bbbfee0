/** The DHT's cryptography on Node.js. */
import { createCipheriv, createDecipheriv, createSecretKey, hash, hkdfSync, randomBytes } from 'node:crypto'
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js'
import { concat } from 'uint8arrays/concat'
import type { AesKey, DhtCrypto, Secp256k1 } from './crypto.ts'

const TAG_BYTES = 16

/** What Node.js has built in, with the arithmetic of the curve given. */
export function nodeCrypto (secp256k1: Secp256k1): DhtCrypto {
  return {
    ...secp256k1,
    randomBytes: length => randomBytes(length),
    sha256: bytes => hash('sha256', bytes, 'buffer'),
    keccak256: bytes => keccak256(bytes),
    hkdf: (secret, salt, info, length) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
    aesKey
  }
}

/** `nodeCrypto` with the fastest arithmetic that this runtime can load. */
export async function loadCrypto (): Promise<DhtCrypto> {
  return nodeCrypto(await loadSecp256k1())
}

async function loadSecp256k1 (): Promise<Secp256k1> {
  try {
    return (await import('./secp256k1-tiny.ts')).tinySecp256k1
  } catch {
    return (await import('./secp256k1-noble.ts')).nobleSecp256k1
  }
}

function aesKey (bytes: Uint8Array): AesKey {
  const key = createSecretKey(bytes)

  return {
    mask: (iv, bytes) => createCipheriv('aes-128-ctr', key, iv).update(bytes),

    seal (nonce, message, associated) {
      const cipher = createCipheriv('aes-128-gcm', key, nonce)
      cipher.setAAD(associated)
      const encrypted = cipher.update(message)
      cipher.final()

      return concat([encrypted, cipher.getAuthTag()])
    },

    open (nonce, sealed, associated) {
      if (sealed.length < TAG_BYTES) {
        return undefined
      }

      const decipher = createDecipheriv('aes-128-gcm', key, nonce)
      decipher.setAAD(associated)
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
      const message = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))

      try {
        decipher.final()
      } catch {
        return undefined
      }

      return message
    }
  }
}
