/**
 * The first block of the file that cannot be given. A lost block is proven by the smallest subtree of which the root is
 * known: from the proof of a block beside the subtree that is there, or as the root of all. All blocks of the subtree are
 * lost then, and each of them has to be recovered. `isLost` of each leaf; `isRecovered` of each that is lost.
 */
export function firstUnproven (blocks: number, leaves: number, isLost: (index: number) => boolean, isRecovered: (index: number) => boolean): number {
  for (let index = 0; index < blocks; index++) {
    if (isLost(index) && !range(...subtreeOf(index, leaves, isLost)).every(isRecovered)) {
      return index
    }
  }

  return blocks
}

/** First and end of the leaves of the smallest subtree over a lost block of which the root is known. */
function subtreeOf (index: number, leaves: number, isLost: (index: number) => boolean): [number, number] {
  let width = 1

  for (;;) {
    const start = index - index % width
    const beside = start % (2 * width) === 0 ? start + width : start - width

    if (width >= leaves || !range(beside, Math.min(beside + width, leaves)).every(isLost)) {
      return [start, Math.min(start + width, leaves)]
    }

    width *= 2
  }
}

function range (start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i)
}
