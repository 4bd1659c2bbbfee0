/** secp256k1 by `tiny-secp256k1`: libsecp256k1's own arithmetic as WebAssembly. */
import { isPrivate, pointFromScalar, pointMultiply, sign, verify, isPoint } from 'tiny-secp256k1'
import { InvalidParametersError } from '../errors.ts'
import { decodeDer, encodeDer } from './der.ts'
import type { Secp256k1 } from './crypto.ts'

export const tinySecp256k1: Secp256k1 = {
  isPrivateKey: bytes => isPrivate(bytes),

  publicKey (privateKey) {
    const point = pointFromScalar(privateKey, true)

    if (point == null) {
      throw new InvalidParametersError('this is no private key of secp256k1')
    }

    return point
  },

  sign: (digest, privateKey) => encodeDer(sign(digest, privateKey)),

  verify (digest, signature, publicKey) {
    const compact = decodeDer(signature)

    try {
      return compact != null && verify(digest, publicKey, compact, true)
    } catch {
      // it throws for a key that is no point and for a scalar over the order
      return false
    }
  },

  sharedPoint (privateKey, publicKey) {
    return isPoint(publicKey) ? pointMultiply(publicKey, privateKey, true) ?? undefined : undefined
  }
}
