import type { Random } from '../interfaces.ts'

/** Bits of a mark. */
const BITS = 4
/**
 * 2^27 slots for bits: 16 MiB. Of what was never marked 1 in a million is taken for marked with a million marks, 1 in 40
 * with 16 million: those of 1 TiB in blocks of 64 KiB.
 */
const SLOTS_LOG2 = 27

/**
 * Which ids need which blocks, in bounded memory (a Bloom filter): what was marked is always found; a little of what was
 * not is, too, another part each time.
 */
export class Marks {
  readonly #log2: number
  readonly #slots: Uint8Array
  readonly #seeds: [number, number]

  /** With 2^log2 slots. */
  constructor (random: Random, log2: number = SLOTS_LOG2) {
    this.#log2 = log2
    this.#slots = new Uint8Array(2 ** log2 / 8)
    this.#seeds = [random() * 2 ** 32, random() * 2 ** 32]
  }

  add (id: string, digest: string): void {
    for (const slot of this.#slotsOf(id, digest)) {
      this.#slots[slot >>> 3] |= 1 << (slot & 7)
    }
  }

  has (id: string, digest: string): boolean {
    return this.#slotsOf(id, digest).every(slot => (this.#slots[slot >>> 3] & 1 << (slot & 7)) !== 0)
  }

  #slotsOf (id: string, digest: string): number[] {
    let [a, b] = this.#seeds

    for (const text of [id, digest]) {
      for (let i = 0; i < text.length; i++) {
        a = Math.imul(a ^ text.charCodeAt(i), 0x01000193)
        b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b)
      }
    }

    return Array.from({ length: BITS }, (_, i) => (a + Math.imul(b | 1, i + 1)) >>> (32 - this.#log2))
  }
}
