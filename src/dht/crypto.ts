/**
 * The cryptography that the DHT needs, as one small port (docs/PROTOCOL.md §8).
 */

/** Arithmetic on secp256k1. Private keys are 32 bytes, public keys 33 (compressed). */
export interface Secp256k1 {
  /** Whether 32 bytes are a private key: almost all are. */
  isPrivateKey(bytes: Uint8Array): boolean
  publicKey(privateKey: Uint8Array): Uint8Array
  /** Signs a digest of 32 bytes: DER, low s, the same each time. */
  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array
  /** False also for whatever is no signature or no key. */
  verify(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean
  /** The compressed point that both sides of a key agreement come to; nothing when it is no public key. */
  sharedPoint(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined
}

/** One AES-128 key, made ready once: that costs several times what using it does. */
export interface AesKey {
  /** AES-CTR, which masks and unmasks alike. */
  mask(iv: Uint8Array, bytes: Uint8Array): Uint8Array
  /** AES-GCM: the message encrypted, and its tag of 16 bytes. */
  seal(nonce: Uint8Array, message: Uint8Array, associated: Uint8Array): Uint8Array
  /** What was sealed; nothing when it was not sealed with this key. */
  open(nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined
}

export interface DhtCrypto extends Secp256k1 {
  /** Bytes that nobody can foretell. */
  randomBytes(length: number): Uint8Array
  sha256(bytes: Uint8Array): Uint8Array
  keccak256(bytes: Uint8Array): Uint8Array
  /** HKDF with SHA-256. */
  hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array
  /** @param bytes - 16 of them */
  aesKey(bytes: Uint8Array): AesKey
}

/** A new private key. */
export function createPrivateKey (crypto: DhtCrypto): Uint8Array {
  let key: Uint8Array

  do {
    key = crypto.randomBytes(32)
  } while (!crypto.isPrivateKey(key))

  return key
}
