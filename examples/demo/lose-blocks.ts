/** Deletes blocks of a file from a data directory, as a failing disk would: the index still says that they are there. */
import { parseCid } from '../../src/dataset/codecs.ts'
import { shapeOf } from '../../src/dataset/verify.ts'
import { ErasureLayout } from '../../src/erasure/layout.ts'
import { openDataDir } from '../../src/node/data-dir.ts'
import { LocalStore } from '../../src/stores/local-store.ts'
import { seededRandom, shuffle } from '../../src/testing/random.ts'
import type { DataDir } from '../../src/node/data-dir.ts'
import type { CID } from 'multiformats/cid'
import { hasher } from '#hasher'

/** Picks what is lost: indices of blocks. */
export type Losses = (layout: ErasureLayout) => number[]

/** So many blocks of every group, data or parity, at positions that the seed settles. */
export function ofEveryGroup (count: number, seed: number): Losses {
  return layout => {
    const random = seededRandom(seed)

    return Array.from({ length: layout.groups }, (_, group) => blocksOf(layout, group))
      .flatMap(indices => shuffle(random, indices).slice(0, count))
  }
}

/** Indices of the blocks of a group that are not empty. */
export function blocksOf (layout: ErasureLayout, group: number): number[] {
  return Array.from({ length: layout.data + layout.parity }, (_, position) => layout.indexOf({ group, position }))
    .filter(index => !layout.isPadding(index))
}

/** Resolves with how many blocks were deleted. No other process may have the directory open. */
export async function loseBlocks (dataDir: string, cid: string, losses: Losses): Promise<number> {
  const data = await openDataDir(dataDir)

  try {
    return await loseFrom(data, parseCid(cid), losses)
  } finally {
    await data.close()
  }
}

/** The same of stores that nobody uses. */
export async function loseFrom ({ blockstore, datastore }: Pick<DataDir, 'blockstore' | 'datastore'>, cid: CID, losses: Losses): Promise<number> {
  const local = new LocalStore({ blockstore, datastore, hasher, random: Math.random })
  await local.open()

  try {
    const manifest = await local.manifest(cid)
    const layout = manifest == null ? undefined : ErasureLayout.of(manifest)

    if (manifest == null || layout == null) {
      throw new Error(`there is no protected file ${cid.toString()}`)
    }

    const tree = await local.tree(shapeOf(manifest))
    const lost = losses(layout)

    for (const index of lost) {
      const block = await tree.get(index)

      if (block == null) {
        throw new Error(`block ${index} is not there`)
      }

      await blockstore.delete(block.cid)
    }

    tree.release()

    return lost.length
  } finally {
    await local.close()
  }
}
