import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { garbageIn } from './audit.ts'
import { add, blockOf, gc, get, inMemory, lies, makeDataset, openStore, present, put, reopen, waste } from './fixtures.ts'
import type { Stores, TestDataset } from './fixtures.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'

/** What a store should have, as plainly as it can be said. */
class Model {
  /** By tree, the seeds of the blocks that it has. */
  readonly present = new Map<string, Set<number>>()
  /** Names of the datasets that are listed. */
  readonly listed = new Set<string>()
  /** Seeds of the blocks whose bytes are damaged. */
  readonly damaged = new Set<number>()
}

interface World {
  model: Model
  stores: Stores
  store: LocalStore
  /** Makes the next put of the blockstore fail. */
  refuse: boolean
}

interface Named extends TestDataset {
  name: string
  /** Names the tree: several datasets may be over it. */
  treeName: string
  seeds: number[]
}

const SEEDS: Record<string, number[]> = {
  small: [1, 2, 3],
  overlapping: [3, 4, 5, 6, 3],
  large: Array.from({ length: 300 }, (_, i) => i % 290)
}

async function makeAll (): Promise<Named[]> {
  const names = Object.keys(SEEDS).flatMap(treeName => [`${treeName} one`, `${treeName} two`].map(name => ({ name, treeName })))

  return Promise.all(names.map(async ({ name, treeName }) => ({ ...await makeDataset(SEEDS[treeName], name), name, treeName, seeds: SEEDS[treeName] })))
}

type Step = (world: World, dataset: Named, index: number) => Promise<void>

const STEPS: Record<string, Step> = {
  async put ({ model, store }, dataset, index) {
    const indices = [index, (index * 7 + 1) % dataset.seeds.length]
    await put(store, dataset, indices)
    const set = model.present.get(dataset.treeName) ?? new Set()
    model.present.set(dataset.treeName, set)

    for (const i of indices) {
      set.add(i)
      model.damaged.delete(dataset.seeds[i])
    }
  },
  async putAll (world, dataset) {
    await Promise.all(dataset.seeds.map(async (_, i) => STEPS.put(world, dataset, i)))
  },
  async refuse (world, dataset, index) {
    world.refuse = true

    try {
      await expect(put(world.store, dataset, [index])).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    } finally {
      world.refuse = false
    }
  },
  async get ({ model, store }, dataset, index) {
    const set = model.present.get(dataset.treeName)
    const damaged = model.damaged.has(dataset.seeds[index])
    const here = set?.has(index) === true && !damaged

    expect(await get(store, dataset, index)).to.deep.equal(here ? dataset.data[index] : undefined)

    if (damaged) {
      set?.delete(index)
    }
  },
  async damage ({ model, stores }, dataset, index) {
    const digest = hasher.digestNode(dataset.data[index])

    if (await stores.blockstore.has(blockCid(digest))) {
      await stores.blockstore.put(blockCid(digest), blockOf(9_999))
      model.damaged.add(dataset.seeds[index])
    }
  },
  async add ({ model, store }, dataset) {
    await add(store, dataset)
    model.listed.add(dataset.name)
  },
  async delete ({ model, store }, dataset) {
    const listed = model.listed.delete(dataset.name)
    expect(await store.delete(dataset.cid)).to.equal(listed)

    if (listed && ![...model.listed].some(name => name.startsWith(dataset.treeName))) {
      model.present.delete(dataset.treeName)
    }
  },
  async litter ({ stores }, _, index) {
    const block = blockOf(20_000 + index)
    await stores.blockstore.put(blockCid(hasher.digestNode(block)), block)
  },
  async collect ({ model, stores, store }) {
    expect((await gc(store)).missing).to.equal(0)
    // of what nobody lists nothing is kept
    Object.keys(SEEDS).filter(treeName => ![...model.listed].some(name => name.startsWith(treeName))).forEach(treeName => model.present.delete(treeName))
    expect(await garbageIn(stores)).to.deep.equal([])
  },
  async reopen (world) {
    world.store = await reopen(world.store, world.stores)
  }
}

async function compare ({ model, stores, store }: World, datasets: Named[]): Promise<void> {
  for (const dataset of datasets) {
    expect(await present(store, dataset)).to.deep.equal([...model.present.get(dataset.treeName) ?? []].sort((a, b) => a - b))
    expect((await store.manifest(dataset.cid))?.filename).to.equal(model.listed.has(dataset.name) ? dataset.name : undefined)
  }

  if (model.damaged.size === 0) {
    expect(await lies(stores, store, datasets)).to.deep.equal([])
  }

  expect(await waste(stores)).to.deep.equal([])
}

describe('a store against a plain model', () => {
  it('agrees whatever is done in whatever order', async function () {
    this.timeout(60_000)
    const datasets = await makeAll()
    const steps = fc.array(fc.tuple(
      fc.constantFrom(...Object.keys(STEPS)),
      fc.nat(datasets.length - 1),
      fc.nat(1_000)
    ), { maxLength: 40 })

    await fc.assert(fc.asyncProperty(steps, async steps => {
      const stores = inMemory()
      const put = stores.blockstore.put.bind(stores.blockstore)
      stores.blockstore.put = (...args) => {
        if (world.refuse) {
          throw new Error('full')
        }

        return put(...args)
      }
      const world: World = { model: new Model(), stores, store: await openStore(stores), refuse: false }

      for (const [name, which, at] of steps) {
        const dataset = datasets[which]
        await STEPS[name](world, dataset, at % dataset.seeds.length)
      }

      await compare(world, datasets)
      await STEPS.reopen(world, datasets[0], 0)
      await compare(world, datasets)
    }), { numRuns: 100 })
  })
})
