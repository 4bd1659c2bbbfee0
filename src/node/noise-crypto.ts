import { createCipheriv, createDecipheriv, createSecretKey, getCiphers } from 'node:crypto'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { KiB } from '../constants.ts'
import type { ICryptoInterface } from '@libp2p/noise'
import type { Cipheriv, Decipheriv, KeyObject } from 'node:crypto'

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
/** Bytes; below, the cipher in WebAssembly that libp2p comes with is faster than a call of OpenSSL. */
const SMALL = 1_200

/** Bytes of memory that is nobody else's: what is smaller may be cut from a pool. */
const OWN_BYTES = 16 * KiB

/** By the key that noise holds as long as its connection. A cipher made of bytes costs four times as much as one of these. */
const keys = new WeakMap<Uint8Array, KeyObject>()

/** The crypto of noise as libp2p does it, but that the keys of a connection are made ready once, not for every frame, and memory is given back. */
export const noiseCrypto: ICryptoInterface = getCiphers().includes(CIPHER)
  ? {
      ...defaultCrypto,

      chaCha20Poly1305Encrypt (plaintext, nonce, ad, k) {
        if (plaintext.byteLength < SMALL) {
          return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, k)
        }

        const cipher = createCipheriv(CIPHER, keyOf(k), nonce, { authTagLength: TAG_BYTES })

        if (ad.byteLength > 0) {
          cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
        }

        const output = updated(cipher, plaintext)
        cipher.final()
        output.append(cipher.getAuthTag())

        return output
      },

      // not into the memory of the ciphertext, as noise suggests, which is given back
      chaCha20Poly1305Decrypt (ciphertext, nonce, ad, k, copy) {
        if (ciphertext.byteLength < SMALL) {
          return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k)
        }

        const length = ciphertext.byteLength - TAG_BYTES
        const decipher = createDecipheriv(CIPHER, keyOf(k), nonce, { authTagLength: TAG_BYTES })
        decipher.setAuthTag(ciphertext.subarray(length))

        if (ad.byteLength > 0) {
          decipher.setAAD(ad, { plaintextLength: length })
        }

        const output = updated(decipher, ciphertext instanceof Uint8Array ? ciphertext.subarray(0, length) : ciphertext.sublist(0, length))
        decipher.final()

        // a handshake, which has such data, looks at the ciphertext once more
        if (ad.byteLength === 0) {
          giveBack(ciphertext, copy)
        }

        return output
      }
    }
  : defaultCrypto

function updated (cipher: Cipheriv | Decipheriv, bytes: Uint8Array | Uint8ArrayList): Uint8ArrayList {
  const output = new Uint8ArrayList()

  for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) {
    output.append(cipher.update(part))
  }

  return output
}

/**
 * Gives the memory of a frame back at once. As garbage it makes V8 mark the whole heap for every few frames, which takes a
 * quarter of the processor. A piece that the socket gave is done with when it is read to its end: what came before is decrypted,
 * and nobody else has it. So is a copy, which noise makes of a frame that came in pieces.
 */
function giveBack (ciphertext: Uint8Array | Uint8ArrayList, copy?: Uint8Array): void {
  for (const { buffer, byteOffset, byteLength } of ciphertext instanceof Uint8Array ? [ciphertext] : ciphertext) {
    if (byteOffset + byteLength === buffer.byteLength) {
      detach(buffer)
    }
  }

  if (copy?.byteOffset === 0 && copy.byteLength === copy.buffer.byteLength) {
    detach(copy.buffer)
  }
}

function detach (buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= OWN_BYTES) {
    buffer.transfer(0)
  }
}

function keyOf (bytes: Uint8Array): KeyObject {
  let key = keys.get(bytes)

  if (key == null) {
    key = createSecretKey(bytes)
    keys.set(bytes, key)
  }

  return key
}
