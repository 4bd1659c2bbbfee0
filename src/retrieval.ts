/**
 * From a CID to an open source: the manifest first, then the dataset that it describes. Shared by downloads and
 * prefetches.
 */
import { MAX_BLOCK_SIZE, MAX_MANIFEST_BYTES } from './constants.ts'
import { formatCid, isManifestCid, isTreeCid } from './dataset/codecs.ts'
import { decodeManifest, fileBlocks, fileSize } from './dataset/manifest.ts'
import { shapeOf, standaloneShape } from './dataset/verify.ts'
import { InvalidParametersError } from './errors.ts'
import type { Manifest } from './dataset/manifest.ts'
import type { VerifiedBlock } from './dataset/verify.ts'
import type { Emit } from './events.ts'
import type { Engine } from './exchange/engine.ts'
import type { Clock, Hasher, Provider } from './interfaces.ts'
import type { LocalStore } from './stores/local-store.ts'
import type { NetworkSource } from './stores/network-source.ts'
import type { NetworkStore } from './stores/network-store.ts'
import type { CID } from 'multiformats/cid'

/** The parts that a retrieval needs. */
export interface RetrievalParts {
  local: LocalStore
  network: NetworkStore
  engine: Engine
  serve: boolean
  emit: Emit
  clock: Clock
  hasher: Hasher
}

export interface RetrievalOptions {
  signal: AbortSignal
  providers: Provider[]
  offline: boolean
  store: boolean
  /** Milliseconds. */
  stallTimeout: number
  readAheadBytes: number
}

/** What a manifest CID stands for, or a single block's. */
export interface Retrieved {
  /** Absent for a single block. */
  manifest?: Manifest
  /** Ids of the peers that sent the manifest. */
  likely: string[]
  /** Why the local store would not take the manifest; then nothing more is put before it. */
  refused?: Error
}

/**
 * Fetches the manifest, verified, remembers it in the local store and announces it. A single block has none.
 *
 * @throws {InvalidParametersError} for a tree's CID: without a manifest its size is unknown
 * @throws {InvalidManifestError}
 */
export async function retrieve (cid: CID, parts: RetrievalParts, options: RetrievalOptions): Promise<Retrieved> {
  if (isTreeCid(cid)) {
    throw new InvalidParametersError(`${formatCid(cid)} is the root of a tree; download its manifest`, { cid })
  }

  if (!isManifestCid(cid)) {
    return { likely: [] }
  }

  const { signal, providers, offline, store, stallTimeout } = options
  // it is kept when it has been read: as a dataset, not as any block
  const { block, peers } = await parts.network.block(cid, MAX_MANIFEST_BYTES, { providers, offline, store: false, patience: stallTimeout }, signal)
  const manifest = decodeManifest(block.data)
  const refused = store ? await remember(cid, block, parts) : undefined

  if (store && refused == null && parts.serve && !offline) {
    void parts.engine.provide(cid)
    void parts.engine.provide(manifest.treeCid)
  }

  return { manifest, likely: peers, refused }
}

/** Gives back why the local store would not take it. */
async function remember (cid: CID, block: VerifiedBlock, parts: RetrievalParts): Promise<Error | undefined> {
  try {
    await parts.local.addDataset(block)
  } catch (err) {
    const error = err instanceof Error ? err : new Error(String(err))
    parts.emit('codex:store:refused', { root: cid, error })
    return error
  }

  parts.engine.stored(cid, [{ start: 0, end: 1 }])
}

/** Opens the blocks of what was retrieved. `end`: the first byte that is not wanted, where that is known. */
export async function openSource (cid: CID, { manifest, likely, refused }: Retrieved, parts: RetrievalParts, options: RetrievalOptions, use: {
  order: 'sequential' | 'rarest'
  reads: boolean
  /** Blocks are picked here and there, any of the dataset's. */
  picks?: boolean
  end?: number
  /** Told which blocks came from peers, as they come. */
  came?(blocks: VerifiedBlock[]): void
}): Promise<NetworkSource> {
  const { providers, offline, store, stallTimeout, readAheadBytes } = options
  const shape = manifest == null ? standaloneShape(cid, MAX_BLOCK_SIZE) : shapeOf(manifest)
  const blocks = manifest == null ? 1 : fileBlocks(manifest)
  const end = use.end == null ? blocks : Math.min(blocks, Math.ceil(use.end / shape.blockSize))

  return parts.network.open({
    shape,
    names: manifest == null ? [] : [cid],
    likely,
    readAheadBytes,
    options: { providers, offline, store: store && refused == null, patience: stallTimeout, horizon: use.picks === true ? 0 : end, order: use.order, reads: use.reads, came: use.came }
  })
}

/** Bytes of the file; undefined for a single block, whose length is known when it is here. */
export function sizeOf ({ manifest }: Retrieved): number | undefined {
  return manifest == null ? undefined : fileSize(manifest)
}
