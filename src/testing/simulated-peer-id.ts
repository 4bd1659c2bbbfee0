import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { PeerId } from '@libp2p/interface'

/** By index; a key takes about a millisecond to make. */
const made: PeerId[] = []

/**
 * The id of the simulated peer `index`, always the same: a secp256k1 id (`16Uiu2HA…`) like those of the network, whose
 * private key is the number `index + 1`.
 */
export function simulatedPeerId (index: number): PeerId {
  made[index] ??= makePeerId(index)

  return made[index]
}

function makePeerId (index: number): PeerId {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(28, index + 1)

  return peerIdFromPrivateKey(privateKeyFromRaw(key))
}
