import { expect } from 'aegir/chai'
import { blockCid } from '../../src/dataset/codecs.ts'
import { ownBlock } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { int, pick, seededRandom } from '../../src/testing/random.ts'
import { garbageIn } from './audit.ts'
import { add, BLOCK_SIZE, blockOf, gc, inMemory, keysOf, lies, makeDataset, openStore, present, put, reopen } from './fixtures.ts'
import { gated, turns } from './gate.ts'
import { slowStores } from './slow-stores.ts'
import type { Stores, TestDataset } from './fixtures.ts'
import type { Random } from '../../src/interfaces.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'
import type { Query } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

const RUNS = 30
const upTo = (count: number): number[] => [...new Array(count).keys()]

/** Seeds of blocks of which other datasets have some, too. */
function someSeeds (random: Random): number[] {
  return Array.from({ length: int(random, 1, pick(random, [10, 300])) }, () => int(random, 0, 400))
}

/** A dataset that comes, piece by piece or as a draft, and may go again, and come again. */
async function lifeOf (dataset: TestDataset, store: LocalStore, random: Random): Promise<boolean> {
  const all = upTo(dataset.data.length)
  let isHere = false

  for (let i = int(random, 1, 3); i > 0; i--) {
    if (random() < 0.5) {
      const draft = await store.draft(BLOCK_SIZE)

      for (const block of dataset.data) {
        await draft.append(block)
      }

      await draft.finish({ filename: dataset.manifest.filename })
    } else {
      await add(store, dataset)
      const size = int(random, 1, 40)
      await Promise.all(all.filter(at => at % size === 0).map(async at => put(store, dataset, all.slice(at, at + size))))
    }

    isHere = true

    if (random() < 0.6) {
      expect(await store.delete(dataset.cid)).to.equal(true)
      isHere = false
    }
  }

  return isHere
}

/** What kills left: bytes without a reference, also of blocks that are about to be put. */
async function litter ({ blockstore }: Stores, random: Random): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const block = blockOf(int(random, 0, 800))
    await blockstore.put(blockCid(hasher.digestNode(block)), block)
  }
}

/** Does something the first time only. */
function once (work: () => Promise<unknown>): () => Promise<void> {
  let done = false

  return async () => {
    if (!done) {
      done = true
      await work()
    }
  }
}

/** Stores in which something happens before a query of the datastore, or after each look for a block. */
function eventful (stores: Stores, { onQuery, onHas }: { onQuery?(prefix?: string): Promise<void>, onHas?(): Promise<void> }): Stores {
  return {
    datastore: Object.create(stores.datastore, {
      query: {
        value: async function * (query: Query) {
          await onQuery?.(query.prefix)
          yield * stores.datastore.query(query)
        }
      }
    }),
    blockstore: Object.create(stores.blockstore, {
      has: {
        value: async (cid: CID) => {
          const result = await stores.blockstore.has(cid)
          await onHas?.()

          return result
        }
      }
    })
  }
}

describe('collecting garbage beside everything else', () => {
  it('deletes nothing that is needed, and leaves nothing that is not', async function () {
    this.timeout(120_000)

    for (let seed = 1; seed <= RUNS; seed++) {
      const random = seededRandom(seed)
      const stores = inMemory()
      await litter(stores, random)
      let store = await openStore(slowStores(stores, random), { seed })
      const datasets = await Promise.all(upTo(6).map(async i => makeDataset(someSeeds(random), `${i}`)))
      const alone = await ownBlock(blockOf(int(random, 0, 400)), hasher)
      const living = new AbortController()
      const collectors = [1, 2].map(async () => {
        while (!living.signal.aborted) {
          await gc(store)
        }
      })

      await store.putBlock(alone)
      const here = await Promise.all(datasets.map(async dataset => lifeOf(dataset, store, random)))
      living.abort()
      await Promise.all(collectors)

      for (const check of ['after', 'after another', 'opened again']) {
        for (const [i, dataset] of datasets.entries()) {
          expect(await present(store, dataset), `${seed} ${check}`).to.deep.equal(here[i] ? upTo(dataset.data.length) : [])
          expect(await store.hasBlock(dataset.cid)).to.equal(here[i])
        }

        expect(await lies(stores, store, datasets), `${seed} ${check}`).to.deep.equal([])
        expect((await store.getBlock(alone.cid))?.data).to.deep.equal(alone.data)

        if (check === 'after') {
          expect((await gc(store)).missing).to.equal(0)
        } else {
          expect(await garbageIn(stores), `${seed} ${check}`).to.deep.equal([])
          store = await reopen(store, stores)
        }
      }

      await store.close()
    }
  })

  it('spares a dataset that comes after the trees were listed', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(300))
    const putIt = once(async () => put(store, dataset))
    let store = await openStore(eventful(stores, {
      async onQuery (prefix) {
        if (prefix === '/codex/page/') {
          await putIt()
        }
      }
    }))

    await gc(store)
    store = await reopen(store, stores)
    expect(await present(store, dataset)).to.deep.equal(upTo(300))
    expect(await lies(stores, store, [dataset])).to.deep.equal([])
  })

  for (const listed of ['/codex/tomb/', '/codex/tree/']) {
    it(`spares a file that becomes a dataset just before ${listed} is listed`, async () => {
      const stores = inMemory()
      const dataset = await makeDataset(upTo(300))
      let finish = async (): Promise<void> => {}
      let store = await openStore(eventful(stores, {
        async onQuery (prefix) {
          if (prefix === listed) {
            await finish()
          }
        }
      }))
      const draft = await store.draft(BLOCK_SIZE)

      for (const block of dataset.data) {
        await draft.append(block)
      }

      finish = once(async () => draft.finish())
      await gc(store)
      store = await reopen(store, stores)
      expect(await present(store, dataset)).to.deep.equal(upTo(300))
      expect(await lies(stores, store, [dataset])).to.deep.equal([])
    })
  }

  it('refers to nothing for a dataset that is deleted while it is looked at', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(3))
    const store = await openStore(eventful(stores, { onHas: once(async () => store.delete(dataset.cid)) }))

    await add(store, dataset)
    await put(store, dataset)
    await gc(store)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
    expect(await garbageIn(stores)).to.deep.equal([])
  })

  it('knows of a commit that was under way when it began', async () => {
    const inner = inMemory()
    const { gate, ...stores } = gated(inner)
    const [one, two] = [await makeDataset([1, 2]), await makeDataset([3, 4])]
    let store = await openStore(slowStores(stores, () => 0))

    await add(store, one)
    await add(store, two)
    await put(store, one)
    gate.shut()
    const putting = put(store, two)
    await turns()
    const collecting = store.gc()
    const first = collecting.next()
    await turns()
    gate.open()
    await putting
    await first

    for await (const { references } of collecting) {
      expect(references).to.equal(0)
    }

    store = await reopen(store, inner)
    expect(await present(store, two)).to.deep.equal([0, 1])
    expect(await lies(inner, store, [one, two])).to.deep.equal([])
  })
})
