import { blockCid } from './codecs.ts'
import type { Hasher } from './hasher.ts'
import type { CID } from 'multiformats/cid'

/** Bytes and the CID made of them. docs/PROTOCOL.md §2. */
export interface Block {
  cid: CID
  data: Uint8Array
}

/**
 * Makes a data block of bytes. The bytes are not copied: they must not change afterwards.
 */
export function createBlock (data: Uint8Array, hasher: Hasher): Block | Promise<Block> {
  const digest = hasher.digest(data)

  return digest instanceof Uint8Array
    ? { cid: blockCid(digest), data }
    : digest.then(digest => ({ cid: blockCid(digest), data }))
}
