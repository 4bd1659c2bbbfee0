/** Datasets, stores over memory and disk, and what must hold of a store whatever happened to it. */
import { MemoryBlockstore } from 'blockstore-core'
import { FsBlockstore } from 'blockstore-fs'
import { MemoryDatastore } from 'datastore-core'
import { LevelDatastore } from 'datastore-level'
import { Key } from 'interface-datastore'
import { equals } from 'uint8arrays/equals'
import { blockCid, CODEX_BLOCK, manifestCid, SHA2_256, treeCid } from '../../src/dataset/codecs.ts'
import { encodeManifest } from '../../src/dataset/encode-manifest.ts'
import { encodeProof } from '../../src/dataset/merkle-proof.ts'
import { MerkleTree } from '../../src/dataset/merkle-tree.ts'
import { ownBlock, shapeOf, verify } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { PackBlockstore } from '../../src/node/pack-blockstore.ts'
import { LocalStore } from '../../src/stores/local-store.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { withTempDir } from '../temp-dir.ts'
import type { Manifest } from '../../src/dataset/manifest.ts'
import type { DatasetShape, VerifiedBlock } from '../../src/dataset/verify.ts'
import type { GarbageFigures } from '../../src/stores/garbage.ts'
import type { StoredTree } from '../../src/stores/stored-tree.ts'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

export const BLOCK_SIZE = 64

export interface Stores {
  blockstore: Blockstore
  datastore: Datastore
}

export interface TestDataset {
  shape: DatasetShape
  manifest: Manifest
  /** The manifest's block. */
  block: VerifiedBlock
  cid: CID
  tree: MerkleTree
  data: Uint8Array[]
}

/** A block of `BLOCK_SIZE` bytes; the same one for the same seed. */
export function blockOf (seed: number): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE)
  new DataView(block.buffer).setUint32(0, seed + 1)

  return block
}

/** A dataset of the blocks that the seeds stand for. */
export async function makeDataset (seeds: number[], filename?: string): Promise<TestDataset> {
  const data = seeds.map(blockOf)
  const tree = new MerkleTree(data.map(bytes => hasher.digestNode(bytes)), hasher)
  const manifest: Manifest = {
    treeCid: treeCid(tree.root),
    blockSize: BLOCK_SIZE,
    datasetSize: data.length * BLOCK_SIZE,
    codec: CODEX_BLOCK,
    hcodec: SHA2_256,
    version: 2,
    filename
  }
  const block = await ownBlock(encodeManifest(manifest), hasher, manifestCid)

  return { shape: shapeOf(manifest), manifest, block, cid: block.cid, tree, data }
}

/** Blocks of a dataset as they come from a peer: proven against what the stored tree knows, which learns from it. */
export async function verified ({ shape, tree, data }: TestDataset, indices: number[], stored: StoredTree): Promise<VerifiedBlock[]> {
  await stored.load(indices.map(index => ({ start: index, end: index + 1 })))

  return Promise.all(indices.map(async index => verify(shape, {
    root: shape.root,
    index,
    cid: blockCid(hasher.digestNode(data[index])).bytes,
    data: data[index],
    proof: encodeProof(tree.proof(index))
  }, stored.proofs, hasher)))
}

/** Puts blocks of a dataset, all of them by default. */
export async function put (store: LocalStore, dataset: TestDataset, indices: number[] = [...dataset.data.keys()]): Promise<void> {
  const tree = await store.tree(dataset.shape)

  try {
    await tree.put(await verified(dataset, indices, tree))
  } finally {
    tree.release()
  }
}

export async function add (store: LocalStore, dataset: TestDataset): Promise<void> {
  await store.addDataset(dataset.block)
}

/** Indices of the blocks that are said to be here. */
export async function present (store: LocalStore, dataset: TestDataset): Promise<number[]> {
  const tree = await store.findTree(dataset.shape.root)

  try {
    const ranges = await tree?.presentIn({ start: 0, end: dataset.shape.leaves }) ?? []

    return ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
  } finally {
    tree?.release()
  }
}

export async function get (store: LocalStore, dataset: TestDataset, index: number): Promise<Uint8Array | undefined> {
  const tree = await store.tree(dataset.shape)

  try {
    return (await tree.get(index))?.data
  } finally {
    tree.release()
  }
}

export function newStore (stores: Stores, more: { seed?: number, maxPages?: number } = {}): LocalStore {
  return new LocalStore({ ...stores, hasher, random: seededRandom(more.seed ?? 1), limits: { maxPages: more.maxPages } })
}

export async function openStore (stores: Stores, more: { seed?: number, maxPages?: number } = {}): Promise<LocalStore> {
  const store = newStore(stores, more)
  await store.open()

  return store
}

/** Closes a store and opens another one over the same stores. */
export async function reopen (store: LocalStore, stores: Stores): Promise<LocalStore> {
  await store.close()

  return openStore(stores)
}

/** Collects the garbage, and gives the last figures. */
export async function gc (store: LocalStore, options?: { signal?: AbortSignal }): Promise<GarbageFigures> {
  let last: GarbageFigures = { blocks: 0, deleted: 0, references: 0, trees: 0, pages: 0, missing: 0 }

  for await (const figures of store.gc(options)) {
    last = figures
  }

  return last
}

export function inMemory (): Stores {
  return { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore() }
}

/** Every kind of store that the tests run over. */
export const STORES: Array<{ name: string, withStores (fn: (stores: Stores) => Promise<void>): Promise<void> }> = [{
  name: 'memory',
  async withStores (fn) {
    await fn(inMemory())
  }
}, {
  name: 'disk',
  withStores: async fn => onDisk(path => new PackBlockstore(path), fn)
}, {
  name: 'blockstore-fs',
  withStores: async fn => onDisk(path => new FsBlockstore(path), fn)
}]

async function onDisk (make: (path: string) => PackBlockstore | FsBlockstore, fn: (stores: Stores) => Promise<void>): Promise<void> {
  await withTempDir(async dir => {
    const blockstore = make(`${dir}/blocks`)
    const datastore = new LevelDatastore(`${dir}/index`)
    await blockstore.open()
    await datastore.open()

    try {
      await fn({ blockstore, datastore })
    } finally {
      await datastore.close()
      await blockstore.close()
    }
  })
}

/** Bytes as the blockstore has them under their digest. */
export async function rawBytes ({ blockstore }: Stores, digest: Uint8Array): Promise<Uint8Array | undefined> {
  if (!await blockstore.has(blockCid(digest))) {
    return undefined
  }

  const chunks: number[] = []

  for await (const chunk of blockstore.get(blockCid(digest))) {
    chunks.push(...chunk)
  }

  return Uint8Array.from(chunks)
}

/** The keys of the datastore that begin with `/codex/` and `prefix`. */
export async function keysOf ({ datastore }: Stores, prefix: string): Promise<string[]> {
  const keys: string[] = []

  for await (const key of datastore.queryKeys({ prefix: `/codex/${prefix}` })) {
    keys.push(key.toString())
  }

  return keys
}

export async function valueOf ({ datastore }: Stores, key: string): Promise<Uint8Array> {
  return datastore.get(new Key(key))
}

/** Of the blocks said to be here, those whose bytes are not. */
export async function lies (stores: Stores, store: LocalStore, datasets: TestDataset[]): Promise<string[]> {
  const wrong: string[] = []
  const isThere = async (digest: Uint8Array): Promise<boolean> => {
    const bytes = await rawBytes(stores, digest)

    return bytes != null && equals(hasher.digestNode(bytes), digest)
  }

  for (const [i, dataset] of datasets.entries()) {
    for (const index of await present(store, dataset)) {
      if (!await isThere(hasher.digestNode(dataset.data[index]))) {
        wrong.push(`block ${index} of dataset ${i}`)
      }
    }

    if (await store.hasBlock(dataset.cid) && await store.getBlock(dataset.cid) == null) {
      wrong.push(`manifest of dataset ${i}`)
    }
  }

  return wrong
}

/** Pages and references of ids that no tree has. */
export async function waste (stores: Stores): Promise<string[]> {
  const ids = new Set(['standalone'])

  for (const key of await keysOf(stores, 'tree/')) {
    ids.add(JSON.parse(new TextDecoder().decode(await valueOf(stores, key))).id)
  }

  const pages = (await keysOf(stores, 'page/')).filter(key => !ids.has(key.split('/')[3]))
  const references: string[] = []

  for (const key of await keysOf(stores, 'ref/')) {
    const owners = new TextDecoder().decode(await valueOf(stores, key)).split(' ')

    if (owners.some(id => !ids.has(id))) {
      references.push(key)
    }
  }

  return [...pages, ...references, ...await keysOf(stores, 'tomb/')]
}
