import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { KiB } from '../../../src/constants.ts'
import { int } from '../../../src/testing/random.ts'
import { frame, FrameDecoder } from '../../../src/wire/framing.ts'
import type { Random } from '../../../src/interfaces.ts'
import type { Target } from '../target.ts'
import type { Vectors } from '../vectors.ts'

/** Bytes of a message. */
const LIMIT = 256 * KiB

/** A stream cut as chance will have it, each piece in memory of its own, some of them lists. */
export function cut (bytes: Uint8Array, random: Random): Array<Uint8Array | Uint8ArrayList> {
  const pieces: Array<Uint8Array | Uint8ArrayList> = []
  const most = bytes.byteLength < 300 && random() < 0.2 ? 3 : 2_000

  for (let at = 0; at < bytes.byteLength;) {
    const piece = bytes.slice(at, at + int(random, 1, most))
    pieces.push(random() < 0.3 ? new Uint8ArrayList(piece.subarray(0, 1), piece.subarray(1)) : piece)
    at += piece.byteLength
  }

  return pieces
}

export function framingTarget (vectors: Vectors): Target {
  const framed = vectors.hex('blockexc_messages.json', 'framedHex')

  return {
    name: 'framing',
    weight: 10,
    goldens: [...framed, concat(framed)],
    // each byte a message
    heavy: () => new Uint8Array(64 * KiB),
    decode: (bytes, random) => {
      const decoder = new FrameDecoder({ limit: () => LIMIT, onMessage: assertReframed })
      cut(bytes, random).forEach(piece => { decoder.push(piece) })

      // as much as it holds of a message that is not whole, in its place: with it this would be held twice
      return new Uint8Array(decoder.heldBytes)
    }
  }
}

function assertReframed (message: Uint8Array): void {
  let again: Uint8Array | undefined
  const decoder = new FrameDecoder({ limit: () => LIMIT, onMessage: message => { again = message } })
  decoder.push(frame(message))

  if (again == null || Buffer.compare(again, message) !== 0) {
    throw new Error('a message changed')
  }
}
