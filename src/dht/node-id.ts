/**
 * Where nodes and contents are in the DHT: 256-bit numbers, big endian; distance is XOR (docs/PROTOCOL.md §8).
 */
import type { DhtCrypto } from './crypto.ts'
import type { CID } from 'multiformats/cid'

export const ID_BYTES = 32

/** The id of the node of a peer, whose id is given in its binary form. */
export function nodeIdOf (crypto: Pick<DhtCrypto, 'keccak256'>, peerId: Uint8Array): Uint8Array {
  return crypto.keccak256(peerId)
}

/** Where the providers of a CID are kept. */
export function contentIdOf (crypto: Pick<DhtCrypto, 'keccak256'>, cid: CID): Uint8Array {
  return crypto.keccak256(cid.bytes)
}

/** Bytes as the key of a map: one character a byte. Not for people. */
export function keyOf (bytes: Uint8Array): string {
  // not spread: iterating costs ten times as much
  return String.fromCharCode.apply(null, bytes as Uint8Array & number[])
}

/** 256 less the leading bits that both share: 0 for the same id. */
export function logDistance (a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) {
    const difference = a[i] ^ b[i]

    if (difference !== 0) {
      return (ID_BYTES - i) * 8 - (Math.clz32(difference) - 24)
    }
  }

  return 0
}

/** Negative when `a` is closer to the target than `b`. */
export function compareDistance (target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) {
    const difference = (a[i] ^ target[i]) - (b[i] ^ target[i])

    if (difference !== 0) {
      return difference
    }
  }

  return 0
}

/** An id at a distance, otherwise as the bytes say. */
export function idAtDistance (id: Uint8Array, distance: number, bytes: Uint8Array): Uint8Array {
  const shared = ID_BYTES * 8 - distance
  const result = new Uint8Array(bytes.subarray(0, ID_BYTES))

  for (let bit = 0; bit <= shared && bit < ID_BYTES * 8; bit++) {
    const mask = 0x80 >> (bit % 8)
    const at = Math.floor(bit / 8)
    const own = id[at] & mask
    result[at] = (result[at] & ~mask) | (bit < shared ? own : own ^ mask)
  }

  return result
}

/** What a lookup asks a node about a target at distance `d` of it: `d`, then its neighbours, never its own record. */
export function lookupDistances (d: number): number[] {
  const distances = d > 0 ? [d] : []

  for (let step = 1; distances.length < 3; step++) {
    distances.push(...[d + step, d - step].filter(distance => distance > 0 && distance < 256))
  }

  return distances.slice(0, 3)
}
