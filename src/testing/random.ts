import { InvalidParametersError } from '../errors.ts'
import type { Random } from '../interfaces.ts'

/**
 * A repeatable generator: xoshiro128** (Blackman and Vigna), its state filled from the seed by splitmix32. Period
 * 2^128 - 1, 32 bits of randomness a number. Not for secrets.
 *
 * @param seed - an integer; its low 32 bits count
 */
export function seededRandom (seed: number): Random {
  const split = splitmix32(seed)
  let [a, b, c, d] = [split(), split(), split(), split()]

  return () => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)

    return (scrambled >>> 0) / 2 ** 32
  }
}

/** An integer from `min` up to and without `max`. */
export function int (random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min))
}

/**
 * One of the items.
 *
 * @throws {InvalidParametersError} when there is none
 */
export function pick<T> (random: Random, items: readonly T[]): T {
  if (items.length === 0) {
    throw new InvalidParametersError('There is nothing to pick from')
  }

  return items[int(random, 0, items.length)]
}

/** The items in another order (Fisher-Yates), as a new array. */
export function shuffle<T> (random: Random, items: readonly T[]): T[] {
  const shuffled = [...items]

  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = int(random, 0, i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]]
  }

  return shuffled
}

/** Successive well-mixed 32-bit integers. */
export function splitmix32 (seed: number): () => number {
  let state = seed | 0

  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)

    return mixed ^ (mixed >>> 15)
  }
}

function rotate (value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
