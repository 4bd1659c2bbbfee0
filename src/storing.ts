/** Files into the local store, with or without parity. */
import { CODEX_BLOCK, SHA2_256 } from './dataset/codecs.ts'
import { blockCount, fileSize } from './dataset/manifest.ts'
import { shapeOf } from './dataset/verify.ts'
import { inSteps } from './erasure/in-steps.ts'
import { ErasureLayout } from './erasure/layout.ts'
import { InvalidParametersError, StoreRefusedError } from './errors.ts'
import { loadLeopard } from './protected-retrieval.ts'
import { chunksOf } from './streams/byte-source.ts'
import type { Manifest } from './dataset/manifest.ts'
import type { Leopard } from './erasure/leopard/index.ts'
import type { Clock } from './interfaces.ts'
import type { LocalStore } from './stores/local-store.ts'
import type { StoredTree } from './stores/stored-tree.ts'
import type { ByteSource } from './streams/byte-source.ts'
import type { CID } from 'multiformats/cid'

/** Data and parity blocks of a group: any `data` of the `data + parity` give the others. */
export interface ErasureOptions {
  data: number
  parity: number
}

/** A dataset that is in the store. */
export interface Stored {
  manifestCid: CID
  manifest: Manifest
}

/**
 * Cuts a file into blocks and stores it, memory bounded. With `erasure`, only a file that can be protected so is stored.
 *
 * @throws {InvalidParametersError} for an empty file, and where the code cannot be had of these counts
 * @throws {StoreRefusedError} when the store takes no more; nothing is kept
 */
export async function storeFile (source: ByteSource, local: LocalStore, options: { blockSize: number, filename?: string, mimetype?: string, erasure?: ErasureOptions, signal: AbortSignal }): Promise<Stored> {
  const { blockSize, signal, erasure, ...named } = options
  let bytes = 0

  if (erasure != null) {
    assertCode(erasure, Infinity, blockSize)
  }

  const draft = await local.draft(blockSize)

  try {
    for await (const chunk of chunksOf(source, signal)) {
      bytes += chunk.byteLength
      await draft.append(chunk)
    }

    signal.throwIfAborted()

    if (erasure != null && bytes > 0) {
      assertCode(erasure, Math.ceil(bytes / blockSize), blockSize)
    }

    return await draft.finish(named)
  } catch (err) {
    // where that fails too, the next start deletes what is left
    await draft.abort().catch(() => {})
    throw err
  }
}

/**
 * Makes the protected dataset of a stored one: its blocks, empty ones that fill the last group up, and parity, as the
 * reference node would. docs/PROTOCOL.md §5.
 *
 * @throws {InvalidParametersError} when the code cannot be had of these counts, or the file has fewer blocks than `data`
 * @throws {StoreRefusedError} when the store takes no more; nothing of the protected dataset is kept
 */
export async function protect ({ manifest }: Stored, erasure: ErasureOptions, local: LocalStore, options: { clock: Clock, signal: AbortSignal }): Promise<Stored> {
  const { data: ecK, parity: ecM } = erasure
  const { blockSize } = manifest
  assertCode(erasure, blockCount(manifest), blockSize)
  const protection = { ecK, ecM, originalTreeCid: manifest.treeCid, originalDatasetSize: fileSize(manifest), strategy: 'stepped' as const }
  const layout = new ErasureLayout(protection, blockSize)
  const leopard = await loadLeopard()
  const tree = await local.tree(shapeOf(manifest))
  const draft = await local.protectedDraft(layout.blocks)

  try {
    for (let group = 0; group < layout.groups; group++) {
      options.signal.throwIfAborted()
      await draft.add(await encodeGroup(group, layout, tree, leopard, options.clock))
    }

    return await draft.finish(treeCid => ({
      ...manifest,
      treeCid,
      datasetSize: layout.blocks * blockSize,
      codec: CODEX_BLOCK,
      hcodec: SHA2_256,
      protection
    }))
  } catch (err) {
    await draft.abort().catch(() => {})
    throw err
  } finally {
    tree.release()
  }
}

/** All blocks of a group, by their index in the protected dataset. */
async function encodeGroup (group: number, layout: ErasureLayout, tree: StoredTree, leopard: Leopard, clock: Clock): Promise<Array<{ index: number, data: Uint8Array }>> {
  const { blockSize } = tree.shape
  const indices = Array.from({ length: layout.data + layout.parity }, (_, position) => layout.indexOf({ group, position }))
  const data = await Promise.all(indices.slice(0, layout.data).map(async index => layout.isPadding(index) ? new Uint8Array(0) : read(tree, index)))
  const steps = leopard.encodeSteps(data.map(block => block.byteLength === 0 ? new Uint8Array(blockSize) : block), layout.parity)
  const parity = await inSteps(steps, async () => new Promise<void>(resolve => { clock.setTimeout(resolve, 0) }))

  return [...data, ...parity].map((data, position) => ({ index: indices[position], data }))
}

async function read (tree: StoredTree, index: number): Promise<Uint8Array> {
  const block = await tree.get(index)

  if (block == null) {
    throw new StoreRefusedError(`Block ${index} was stored and lost`, { cid: tree.shape.root, index })
  }

  return block.data
}

function assertCode ({ data, parity }: ErasureOptions, blocks: number, blockSize: number): void {
  const power = (n: number): number => 2 ** Math.ceil(Math.log2(n))

  if (!Number.isSafeInteger(data) || !Number.isSafeInteger(parity) || parity < 1 || parity > data || data > blocks ||
    blockSize % 64 !== 0 || power(power(parity) + data) > 65_536) {
    throw new InvalidParametersError(`${Number.isFinite(blocks) ? blocks : 'A file of'} blocks of ${blockSize} bytes cannot be protected with ${parity} parity for ${data} data blocks: ` +
      'there must be 1 ≤ parity ≤ data ≤ blocks, and a block size that is a multiple of 64')
  }
}
