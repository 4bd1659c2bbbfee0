import { sha256 } from '@noble/hashes/sha2.js'
import type { Hasher } from '../dataset/hasher.ts'

/** Bytes; up to here hashing in JavaScript takes no longer than a call of WebCrypto does. */
const SMALL = 8192

/** sha2-256 by WebCrypto for blocks, in JavaScript for what is small. */
export const hasher: Hasher = {
  digest (bytes) {
    // a page that did not come over https has no WebCrypto
    if (bytes.byteLength <= SMALL || crypto.subtle == null) {
      return sha256(bytes)
    }

    return crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>).then(digest => new Uint8Array(digest))
  },

  digestNode (bytes) {
    return sha256(bytes)
  }
}
