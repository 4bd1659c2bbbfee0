import { expect } from 'aegir/chai'
import { add, get, inMemory, keysOf, lies, makeDataset, openStore, present, put, reopen, waste } from './fixtures.ts'
import { Life, mortalStores } from './mortal-stores.ts'
import type { Stores, TestDataset } from './fixtures.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'

const upTo = (count: number): number[] => [...new Array(count).keys()]

interface Story {
  /** What is in the stores before. */
  before: TestDataset[]
  /** What may change. */
  changing: TestDataset[]
  /** Writes from one kill to the next; 1 where the story is short. */
  step?: number
  prepare? (stores: Stores): Promise<void>
  live (store: LocalStore): Promise<void>
}

/** Kills the story after each of its writes, and what opens the stores afterwards too, and looks at what is left. */
async function killEverywhere ({ before, changing, step = 1, prepare, live }: Story, atomic: boolean): Promise<number> {
  const untouched = before.filter(dataset => !changing.includes(dataset))

  for (let last = 0; ; last += step) {
    const stores = inMemory()
    let store = await openStore(stores)

    for (const dataset of before) {
      await add(store, dataset)
      await put(store, dataset)
    }

    await store.close()
    await prepare?.(stores)

    const life = new Life(last)
    const killed = await openStore(mortalStores(stores, life, atomic), { seed: 2 })
    await live(killed).catch(err => { if (!life.isOver) { throw err } })

    const second = mortalStores(stores, new Life(last % 7), atomic)
    await openStore(second, { seed: 3 }).catch(() => {})

    store = await openStore(stores, { seed: 4 })
    expect(await lies(stores, store, [...before, ...changing]), `after write ${last}`).to.deep.equal([])

    for (const dataset of untouched) {
      expect(await present(store, dataset), `after write ${last}`).to.deep.equal([...dataset.data.keys()])
      expect(await get(store, dataset, 0)).to.deep.equal(dataset.data[0])
      expect(await store.hasBlock(dataset.cid)).to.equal(true)
    }

    expect(atomic ? await waste(stores) : await keysOf(stores, 'tomb/'), `after write ${last}`).to.deep.equal([])

    // whatever it has it also refers to
    for (const dataset of untouched) {
      await store.delete(dataset.cid)
    }

    expect(await lies(stores, store, changing), `after write ${last}`).to.deep.equal([])

    // and it goes on from there
    for (const dataset of changing) {
      await put(store, dataset)
      expect(await present(await reopen(store, stores), dataset)).to.deep.equal([...dataset.data.keys()])
      await store.open()
    }

    if (!life.isOver) {
      return last
    }
  }
}

describe('a store that is killed', () => {
  const stories: Array<[title: string, make: () => Promise<Story>]> = [
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
      const [kept, going] = [await makeDataset([1, 270]), await makeDataset(upTo(280))]

      return {
        before: [kept, going],
        changing: [going],
        step: 13,
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
    }]
  ]

  for (const atomic of [true, false]) {
    for (const [title, makeStory] of stories) {
      it(`${title}, with ${atomic ? 'atomic' : 'piecewise'} batches, has nothing that is not there and loses nothing that is shared`, async function () {
        this.timeout(60_000)
        const writes = await killEverywhere(await makeStory(), atomic)
        expect(writes).to.be.greaterThan(0)
      })
    }
  }
})
