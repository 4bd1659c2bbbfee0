import { sha256 } from '@noble/hashes/sha2.js'
import type { Hasher } from '../dataset/hasher.ts'

/** Bytes; below it a call of WebCrypto costs more than hashing in JavaScript. */
const SMALL = 2048

/** sha2-256 by WebCrypto for blocks, in JavaScript for what is small. */
export const hasher: Hasher = {
  digest (bytes) {
    if (bytes.byteLength <= SMALL) {
      return sha256(bytes)
    }

    return crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>).then(digest => new Uint8Array(digest))
  },

  digestNode (bytes) {
    return sha256(bytes)
  }
}
