/** Opens what recovers the missing blocks of a protected dataset. Loaded for one that is read, prefetched or repaired. */
import { rangesOf } from './dataset/ranges.ts'
import { shapeOf } from './dataset/verify.ts'
import { ErasureLayout } from './erasure/layout.ts'
import { openSource } from './retrieval.ts'
import { Recovery } from './streams/recovery.ts'
import type { Leopard } from './erasure/leopard/index.ts'
import type { Retrieved, RetrievalOptions, RetrievalParts } from './retrieval.ts'
import type { CID } from 'multiformats/cid'

export { erasureStream } from './streams/erasure-stream.ts'

let leopard: Promise<Leopard> | undefined

/** The code is loaded when a block is first missing: most downloads never need it. */
export async function loadLeopard (): Promise<Leopard> {
  leopard ??= import('./erasure/leopard/index.ts').then(async ({ createLeopard }) => createLeopard())

  try {
    return await leopard
  } catch (err) {
    // the next one tries again
    leopard = undefined
    throw err
  }
}

/**
 * Undefined for a dataset without parity, and for one of the linear strategy, of which nothing can be recovered.
 *
 * `use`: `recovered` is told which blocks were recovered and proven
 */
export async function openRecovery (cid: CID, retrieved: Retrieved, parts: RetrievalParts, options: RetrievalOptions, use: {
  recovered(indices: number[]): void
  /** Whether missing parity and empty blocks are made again, too. */
  repairs: boolean
}): Promise<Recovery | undefined> {
  const { manifest } = retrieved
  const layout = manifest == null ? undefined : ErasureLayout.of(manifest)

  if (manifest == null || layout == null) {
    return undefined
  }

  const { local, engine, emit, clock, hasher } = parts
  const shape = shapeOf(manifest)
  const recovery: Recovery = new Recovery({
    layout,
    blockSize: manifest.blockSize,
    tree: await local.tree(shape),
    hasher,
    keep: options.store && retrieved.refused == null,
    maxWaitingBytes: options.readAheadBytes,
    leopard: loadLeopard,
    repairs: use.repairs,
    open: async () => openSource(cid, retrieved, parts, options, { order: 'sequential', reads: true, picks: true, came: blocks => { recovery.came(blocks) } }),
    clock,
    patience: options.stallTimeout,
    recovered: (blocks, stored) => {
      const indices = blocks.map(({ index }) => index).sort((a, b) => a - b)
      use.recovered(indices)
      emit('codex:blocks:recovered', { root: shape.root, indices, stored })

      if (stored) {
        engine.stored(shape.root, rangesOf(indices))
      }
    },
    again: indices => { emit('codex:blocks:again', { root: shape.root, indices }) }
  })

  return recovery
}
