/**
 * sha2-256, as the runtime does it best. Blocks may be hashed asynchronously (WebCrypto), tree nodes are hashed
 * synchronously: there are many of them and each is only 65 bytes.
 */
export interface Hasher {
  /** Digest of a block's bytes: 32 bytes. */
  digest(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Digest of a tree node's bytes: 32 bytes. The input buffer may be reused by the caller afterwards. */
  digestNode(bytes: Uint8Array): Uint8Array
}
