import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Hasher } from '../dataset/hasher.ts'

const scratch = Buffer.alloc(32)

/**
 * A digest taken as a one-byte string and written into a plain array: asking for a `Buffer` costs two to three times
 * the hash of a tree node, because each has backing memory of its own.
 */
function sha256 (bytes: Uint8Array): Uint8Array {
  scratch.write(hash('sha256', bytes, 'latin1'), 'latin1')

  return new Uint8Array(scratch)
}

/** sha2-256 by Node's own crypto, synchronously. */
export const hasher: Hasher = {
  digest: sha256,
  digestNode: sha256
}
