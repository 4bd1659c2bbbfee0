import { chmod, open, readFile, rename, rm } from 'node:fs/promises'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { InvalidParametersError } from '../errors.ts'
import { hasCode } from './has-code.ts'
import type { Secp256k1PrivateKey } from '@libp2p/interface'

/** The reference node refuses a key that others may read. */
const OWNER_ONLY = 0o600

/**
 * Reads the identity kept in `file`, or makes one. The file is the libp2p protobuf form of a secp256k1 private key, 36
 * bytes, as the reference node keeps its own: it knows no other kind of key (docs/PROTOCOL.md).
 *
 * @throws {InvalidParametersError} when the file holds something else
 */
export async function loadIdentity (file: string): Promise<Secp256k1PrivateKey> {
  let bytes: Uint8Array

  try {
    bytes = await readFile(file)
  } catch (err) {
    if (hasCode(err, 'ENOENT')) {
      return createIdentity(file)
    }

    throw err
  }

  await chmod(file, OWNER_ONLY)

  return parseIdentity(file, bytes)
}

function parseIdentity (file: string, bytes: Uint8Array): Secp256k1PrivateKey {
  let type: string

  try {
    const key = privateKeyFromProtobuf(bytes)

    if (key.type === 'secp256k1') {
      return key
    }

    type = key.type
  } catch (err) {
    throw new InvalidParametersError(`${file} does not hold a private key`, { cause: err })
  }

  throw new InvalidParametersError(`${file} holds a key of type ${type}; the network knows secp256k1 only`)
}

/** Whoever finds the file finds all of it: it is written beside and renamed. The caller holds the directory's lock. */
async function createIdentity (file: string): Promise<Secp256k1PrivateKey> {
  const key = await generateKeyPair('secp256k1')
  const unfinished = `${file}.new`
  await rm(unfinished, { force: true })
  const handle = await open(unfinished, 'wx', OWNER_ONLY)

  try {
    await handle.writeFile(privateKeyToProtobuf(key))
    await handle.sync()
  } finally {
    await handle.close()
  }

  await rename(unfinished, file)

  return key
}
