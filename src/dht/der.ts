/**
 * Signatures as DER, the form that libp2p gives those of secp256k1, from and to the 64 bytes `r || s`.
 */
import { concat } from 'uint8arrays/concat'

const SEQUENCE = 0x30
const INTEGER = 0x02
const SCALAR_BYTES = 32

export function encodeDer (compact: Uint8Array): Uint8Array {
  const r = encodeInteger(compact.subarray(0, SCALAR_BYTES))
  const s = encodeInteger(compact.subarray(SCALAR_BYTES))

  return concat([Uint8Array.of(SEQUENCE, r.length + s.length), r, s])
}

/** `r || s`, or nothing when the bytes are no signature. As strict as DER is: one signature has one form. */
export function decodeDer (der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) {
    return undefined
  }

  const r = decodeInteger(der, 2)
  const s = r == null ? undefined : decodeInteger(der, r.end)

  if (r == null || s == null || s.end !== der.length) {
    return undefined
  }

  const compact = new Uint8Array(2 * SCALAR_BYTES)
  compact.set(r.value, SCALAR_BYTES - r.value.length)
  compact.set(s.value, 2 * SCALAR_BYTES - s.value.length)

  return compact
}

function encodeInteger (scalar: Uint8Array): Uint8Array {
  const first = scalar.findIndex(byte => byte !== 0)
  const value = first === -1 ? scalar.subarray(-1) : scalar.subarray(first)
  // a leading bit would make it negative
  const padded = value[0] >= 0x80 ? concat([Uint8Array.of(0), value]) : value

  return concat([Uint8Array.of(INTEGER, padded.length), padded])
}

function decodeInteger (der: Uint8Array, at: number): { value: Uint8Array, end: number } | undefined {
  const length = der[at + 1]
  const start = at + 2
  const end = start + length

  if (der[at] !== INTEGER || !(length > 0) || end > der.length || der[start] >= 0x80) {
    return undefined
  }

  const padded = der[start] === 0 && length > 1

  if (padded && der[start + 1] < 0x80) {
    return undefined
  }

  const value = der.subarray(padded ? start + 1 : start, end)

  return value.length > SCALAR_BYTES ? undefined : { value, end }
}
