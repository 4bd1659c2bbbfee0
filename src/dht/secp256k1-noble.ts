/** secp256k1 in JavaScript, for where WebAssembly is not to be had: a handshake takes several times as long. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { decodeDer, encodeDer } from './der.ts'
import type { Secp256k1 } from './crypto.ts'

export const nobleSecp256k1: Secp256k1 = {
  isPrivateKey: bytes => secp256k1.utils.isValidSecretKey(bytes),

  publicKey: privateKey => secp256k1.getPublicKey(privateKey, true),

  sign: (digest, privateKey) => encodeDer(secp256k1.sign(digest, privateKey, { prehash: false })),

  verify (digest, signature, publicKey) {
    const compact = decodeDer(signature)

    try {
      return compact != null && secp256k1.verify(compact, digest, publicKey, { prehash: false })
    } catch {
      // it throws for a key that is no point
      return false
    }
  },

  sharedPoint (privateKey, publicKey) {
    try {
      return secp256k1.getSharedSecret(privateKey, publicKey, true)
    } catch {
      return undefined
    }
  }
}
