/** Blocks of pseudo-random bytes for the tests of the code; the same for the same seed. */
export function makeBlocks (count: number, bytes: number, seed = 1): Uint8Array[] {
  let state = seed

  return Array.from({ length: count }, () => Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0

    return state >>> 24
  }))
}

/** The blocks with those at `lost` taken away. */
export function without (blocks: Uint8Array[], lost: Iterable<number>): Array<Uint8Array | undefined> {
  const left: Array<Uint8Array | undefined> = blocks.slice()

  for (const i of lost) {
    left[i] = undefined
  }

  return left
}
