/** How the loops over bytes are run: WebAssembly with relaxed SIMD, WebAssembly with SIMD, or TypeScript. */
export type KernelName = 'relaxed' | 'simd' | 'plain'

/**
 * The loops over bytes. They work on the kernel's own memory, in place. Addresses are in bytes; so are lengths, which
 * are multiples of 64. Blocks adjoin: where a loop takes several, the next begins `length` after the one before. A
 * factor is given by the address of its row (rows.ts).
 */
export interface Kernel {
  readonly name: KernelName

  /**
   * Bytes that the columns of all blocks may take together: what a processor's cache holds, and what the kernel works
   * through in about a millisecond, so that a step holds nobody up. And bytes below which a column costs more in calls
   * than in work.
   */
  readonly columns: { budget: number, least: number }

  /** The memory, grown to at least `bytes`; content stays. An array that it gave before may be detached. */
  reserve (bytes: number): Uint8Array

  /** XORs `length` bytes into others. */
  xor (to: number, from: number, length: number): void

  /** Formal derivative of the polynomial whose coefficients are `count` blocks; a power of two. */
  derive (at: number, length: number, count: number): void

  /** The loops of each field, by its bits. */
  readonly in: Record<8 | 16, FieldLoops>
}

/**
 * The loops that multiply. A butterfly of blocks x and y with factor f is, inverse: `y += x, x += f·y`; forward:
 * `x += f·y, y += x`. Four blocks take two layers at a time, with the factors of blocks 0 and 1, of 2 and 3, and of
 * the pairs (0, 2) and (1, 3). In the `zero` form only the second of the three is not zero.
 */
export interface FieldLoops {
  multiply (at: number, length: number, row: number): void
  inverse2 (at: number, length: number, row: number): void
  forward2 (at: number, length: number, row: number): void
  inverse4 (at: number, length: number, row01: number, row23: number, row02: number): void
  forward4 (at: number, length: number, row01: number, row23: number, row02: number): void
  inverse4zero (at: number, length: number, row23: number): void
  forward4zero (at: number, length: number, row23: number): void

  /**
   * Linear combinations: each of `outputs` blocks becomes the sum of the products of `inputs` blocks with the rows of
   * its factors. Rows are ordered by input, then by output.
   */
  combine (to: number, outputs: number, length: number, from: number, inputs: number, rows: number): void
}
