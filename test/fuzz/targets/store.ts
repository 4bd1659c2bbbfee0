/** The records of the local store: pages and trees by themselves, and a store of which one record was changed. */
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { blockCid } from '../../../src/dataset/codecs.ts'
import { MAX_PAGE_BYTES, TreePage } from '../../../src/dataset/tree-page.ts'
import { ownBlock } from '../../../src/dataset/verify.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { decodeTreeRecord, encodeTreeRecord } from '../../../src/stores/tree-record.ts'
import { pick } from '../../../src/testing/random.ts'
import { add, gc, get, inMemory, makeDataset, newStore, openStore, present, put } from '../../stores/fixtures.ts'
import { assertSame } from '../same.ts'
import type { DatasetShape } from '../../../src/dataset/verify.ts'
import type { TreeRecord } from '../../../src/stores/tree-record.ts'
import type { TestDataset } from '../../stores/fixtures.ts'
import type { AsyncTarget, Target } from '../target.ts'

const CHECKSUM_BYTES = 8
/** Leaves of the large dataset: two pages and one above them. */
const LEAVES = 300
/** Those that are here. */
const HERE = [0, 1, 255, 256, 299]

/** Share of the stores of which the garbage is collected: it takes 16 MiB of memory each time. */
const COLLECTED = 0.05

/** What a store had written. */
interface Snapshot {
  datasets: TestDataset[]
  records: Array<{ key: string, value: Uint8Array }>
  blocks: MemoryBlockstore
}

export async function storeTargets (): Promise<Array<Target | AsyncTarget>> {
  const snapshot = await takeSnapshot()
  const kinds = new Map<string, string[]>()

  for (const { key } of snapshot.records) {
    const [, , kind] = key.split('/')
    kinds.set(kind, [...kinds.get(kind) ?? [], key])
  }

  const valuesOf = (kind: string): Uint8Array[] => snapshot.records.filter(({ key }) => kinds.get(kind)?.includes(key)).map(({ value }) => value)

  return [
    {
      name: 'tree page',
      weight: 8,
      goldens: valuesOf('page'),
      heavy: () => withChecksum(new Uint8Array(MAX_PAGE_BYTES).fill(0xff)),
      disguise: withChecksum,
      decode: bytes => TreePage.decode(bytes, hasher),
      check: value => {
        const bytes = (value as TreePage).encode(hasher)
        assertSame(TreePage.decode(bytes, hasher).encode(hasher), bytes)
      }
    },
    {
      name: 'tree record',
      weight: 5,
      goldens: [...valuesOf('tree'), fromString('{"id":"0","leaves":4294967296,"blockSize":16777216}')],
      decode: decodeTreeRecord,
      check: value => {
        if (value != null) {
          const record = value as TreeRecord
          assertSame(decodeTreeRecord(encodeTreeRecord(record.id, record as unknown as DatasetShape)), record)
        }
      }
    },
    ...[...kinds].map(([kind, keys]): AsyncTarget => ({
      name: `store with another ${kind}`,
      weight: 0.2,
      goldens: valuesOf(kind),
      disguise: kind === 'page' ? withChecksum : undefined,
      decode: async (bytes, random) => useStore(snapshot, pick(random, keys), bytes, random() < COLLECTED)
    }))
  ]
}

function isPage (bytes: Uint8Array): boolean {
  try {
    TreePage.decode(bytes, hasher)

    return true
  } catch {
    return false
  }
}

/** As if these bytes had been written as a page. */
function withChecksum (bytes: Uint8Array): Uint8Array {
  const body = bytes.slice(0, -CHECKSUM_BYTES)

  if (body.byteLength > 0) {
    body[0] = 1
  }

  return concat([body, hasher.digestNode(body).subarray(0, CHECKSUM_BYTES)])
}

async function takeSnapshot (): Promise<Snapshot> {
  const stores = inMemory()
  const store = await openStore(stores)
  const datasets = [await makeDataset(Array.from({ length: LEAVES }, (_, i) => i)), await makeDataset([1, 2, 3], 'small.bin')]

  for (const dataset of datasets) {
    await add(store, dataset)
    await put(store, dataset, dataset.shape.leaves === LEAVES ? HERE : undefined)
  }

  await store.putBlock(await ownBlock(fromString('by itself'), hasher, blockCid))
  const draft = await store.draft(64)
  // a page of it is written with the next block
  await draft.append(new Uint8Array(64 * 257))
  await store.close()
  const records: Snapshot['records'] = []

  for await (const { key, value } of stores.datastore.query({})) {
    records.push({ key: key.toString(), value })
  }

  return { datasets, records, blocks: stores.blockstore as MemoryBlockstore }
}

/** Opens a store with one record changed, and does with it all that one does. */
async function useStore ({ datasets, records, blocks }: Snapshot, changed: string, value: Uint8Array, collects: boolean): Promise<unknown> {
  const stores = { blockstore: new MemoryBlockstore(), datastore: new MemoryDatastore() }

  for (const record of records) {
    stores.datastore.put(new Key(record.key, false), record.key === changed ? value : record.value)
  }

  for await (const { cid, bytes } of blocks.getAll()) {
    for await (const chunk of bytes) {
      stores.blockstore.put(cid, chunk)
    }
  }

  const store = newStore(stores, { maxPages: 16 })
  // damage does not make a checksum right: who can do that may write what he likes
  const isForged = isPage(value)

  try {
    await store.open()
    const found: unknown[] = []

    for await (const dataset of store.datasets()) {
      found.push(dataset)
    }

    for (const dataset of datasets) {
      for (const index of (await present(store, dataset)).slice(0, 20)) {
        const data = await get(store, dataset, index)

        if (!isForged && data != null && Buffer.compare(data, dataset.data[index]) !== 0) {
          throw new Error(`block ${index} is another`)
        }
      }
    }

    if (collects) {
      await gc(store)
    }

    await store.delete(datasets[0].cid)
    found.push(await present(store, datasets[1]))

    return found
  } finally {
    await store.close()
  }
}
