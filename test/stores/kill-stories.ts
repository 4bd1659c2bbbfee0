import { Key } from 'interface-datastore'
import { blockCid, formatCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { add, blockOf, gc, makeDataset, openStore, put, valueOf } from './fixtures.ts'
import type { Stores, TestDataset } from './fixtures.ts'
import type { Draft } from '../../src/stores/draft.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'
import type { CID } from 'multiformats/cid'

const upTo = (count: number): number[] => [...new Array(count).keys()]

/** What stores go through while they are killed. */
export interface Story {
  /** What is in the stores before. */
  before: TestDataset[]
  /** What may change. */
  changing: TestDataset[]
  /** Bytes are gone before it begins: what is said to be here is right only when the garbage was collected. */
  isDamaged?: boolean
  prepare? (stores: Stores): Promise<void>
  live (store: LocalStore): Promise<void>
}

/** Stores a file, or begins to. */
async function storeFile (store: LocalStore, { shape, data }: TestDataset, blocks: number = data.length): Promise<Draft> {
  const draft = await store.draft(shape.blockSize)

  for (const block of data.slice(0, blocks)) {
    await draft.append(block)
  }

  if (blocks === data.length) {
    await draft.finish()
  }

  return draft
}

/** All that gc finds: bytes alone, blocks without bytes, a page that is damaged, pages and references of no tree. */
async function litter (stores: Stores, { shape, data }: TestDataset): Promise<void> {
  const { blockstore, datastore } = stores
  const tree = JSON.parse(new TextDecoder().decode(await valueOf(stores, `/codex/tree/${formatCid(shape.root)}`)))
  const page = `/codex/page/${tree.id}/0/`
  const cidOf = (block: Uint8Array): CID => blockCid(hasher.digestNode(block))

  for (const seed of [500, 501, 502]) {
    await blockstore.put(cidOf(blockOf(seed)), blockOf(seed))
    await datastore.put(new Key(`/codex/ref/${Buffer.from(hasher.digestNode(blockOf(seed - 1))).toString('hex')}`), new TextEncoder().encode(`gone ${tree.id}`))
  }

  for (const index of [2, 3]) {
    await blockstore.delete(cidOf(data[index]))
  }

  for (const number of [0, 1]) {
    await datastore.put(new Key(`/codex/page/gone/0/${number}`), await valueOf(stores, `${page}${number}`))
  }

  await datastore.put(new Key(`${page}1`), new Uint8Array(100))
}

/** What stores go through, by title. */
export const STORIES: Array<[title: string, make: () => Promise<Story>]> = [
  ['while blocks are put', async () => {
    const [kept, coming] = [await makeDataset([1, 2, 3, 4]), await makeDataset([3, 4, 4, 5, 6])]

    return {
      before: [kept],
      changing: [coming],
      async live (store) {
        await add(store, coming)
        await put(store, coming, [2])
        await Promise.all([put(store, coming, [3, 4]), put(store, coming, [1]), put(store, coming, [0])])
      }
    }
  }],
  ['while a dataset is deleted', async () => {
    const [kept, going] = [await makeDataset([1, 2, 3, 4]), await makeDataset([3, 4, 4, 5, 6])]

    return {
      before: [kept, going],
      changing: [going],
      async live (store) {
        await store.delete(going.cid)
      }
    }
  }],
  ['while a dataset of several pages is deleted', async () => {
    const [kept, going] = [await makeDataset([1, 2]), await makeDataset(upTo(280).map(i => 2 + i % 5))]

    return {
      before: [kept, going],
      changing: [going],
      async live (store) {
        await store.delete(going.cid)
      }
    }
  }],
  ['while a dataset is deleted and another is put that shares blocks', async () => {
    const [going, coming] = [await makeDataset([1, 2, 3, 4]), await makeDataset([3, 4, 5, 6])]

    return {
      before: [going],
      changing: [going, coming],
      async live (store) {
        await Promise.all([store.delete(going.cid), put(store, coming)])
      }
    }
  }],
  ['while a dataset is deleted, put and deleted again', async () => {
    const dataset = await makeDataset([1, 2, 3, 4])

    return {
      before: [dataset],
      changing: [dataset],
      async live (store) {
        await store.delete(dataset.cid)
        await add(store, dataset)
        await put(store, dataset)
        await store.delete(dataset.cid)
      }
    }
  }],
  ['while a file is stored of which a part was here', async () => {
    const [kept, coming] = [await makeDataset([1, 2, 3]), await makeDataset([2, 3, 4, 5, 6, 7])]

    return {
      before: [kept],
      changing: [coming],
      async prepare (stores) {
        const store = await openStore(stores, { seed: 9 })
        await put(store, coming, [0, 4])
        await store.close()
      },
      async live (store) {
        const draft = await store.draft(coming.shape.blockSize)

        for (const block of coming.data) {
          await draft.append(block)
        }

        await draft.finish()
      }
    }
  }],
  ['while a protected file is stored, group by group', async () => {
    const [kept, coming] = [await makeDataset([1, 2, 3]), await makeDataset([2, 3, 4, 5, 6, 7])]

    return {
      before: [kept],
      changing: [coming],
      async live (store) {
        const draft = await store.protectedDraft(coming.data.length)

        for (const indices of [[0, 2, 4], [1, 3, 5]]) {
          await draft.add(indices.map(index => ({ index, data: coming.data[index] })))
        }

        await draft.finish(() => coming.manifest)
        await store.delete(coming.cid)
      }
    }
  }],
  ['while one thing after the other is done', async () => {
    const kept = await makeDataset([1, 2, 3, 4])
    const [coming, going, stored] = [await makeDataset([3, 4, 5, 6, 6]), await makeDataset([4, 5, 7, 8]), await makeDataset([2, 5, 8, 9])]
    const twin = await makeDataset([3, 4, 5, 6, 6], 'twin')

    return {
      before: [kept, going],
      changing: [coming, going, stored, twin],
      async live (store) {
        await add(store, coming)
        await Promise.all([put(store, coming, [0, 1, 2]), store.delete(going.cid)])
        await storeFile(store, stored)
        await add(store, twin)
        await put(store, twin, [3])
        await store.delete(coming.cid)
        await (await storeFile(store, going, 3)).abort()
        await add(store, going)
        await put(store, going, [1])
        await Promise.all([store.delete(stored.cid), gc(store), put(store, going, [2, 3])])
        await store.delete(twin.cid)
      }
    }
  }],
  ['while garbage is collected', async () => {
    const [kept, damaged] = [await makeDataset([1, 2, 3, 4]), await makeDataset(upTo(280).map(i => i < 4 ? 3 + i : 7 + i % 3))]

    return {
      before: [kept, damaged],
      changing: [damaged],
      isDamaged: true,
      async prepare (stores) {
        await litter(stores, damaged)
      },
      async live (store) {
        await gc(store)
      }
    }
  }]
]
