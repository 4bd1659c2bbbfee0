import { expect } from 'aegir/chai'
import { garbageIn } from './audit.ts'
import { add, gc, get, inMemory, keysOf, lies, openStore, present, put, reopen, waste } from './fixtures.ts'
import { STORIES } from './kill-stories.ts'
import { Life, mortalStores } from './mortal-stores.ts'
import type { Stores } from './fixtures.ts'
import type { Story } from './kill-stories.ts'
import type { Forgotten } from './mortal-stores.ts'

/** What a kill does to a batch that is being written, and to what was written before. */
type Mode = 'atomic' | 'piecewise' | 'forgetful'

const MODES: Record<Mode, string> = {
  atomic: 'with atomic batches',
  piecewise: 'with piecewise batches',
  forgetful: 'with stores that forget their last writes'
}

/** Writes that the stores forget, in turn. */
const FORGOTTEN: Forgotten[] = [
  { blockstore: 4, datastore: 0 },
  { blockstore: 0, datastore: 3 },
  { blockstore: 6, datastore: 2 }
]

/** Stores with what is there before a story. */
async function begin ({ before, prepare }: Story): Promise<Stores> {
  const stores = inMemory()
  const store = await openStore(stores)

  for (const dataset of before) {
    await add(store, dataset)
    await put(store, dataset)
  }

  await store.close()
  await prepare?.(stores)

  return stores
}

/** Kills the story after each of its writes, and what opens the stores afterwards too, and looks at what is left. */
async function killEverywhere (story: Story, mode: Mode): Promise<number> {
  for (let last = 0; ; last++) {
    for (const forgotten of mode === 'forgetful' ? FORGOTTEN : [undefined]) {
      const stores = await begin(story)
      const life = new Life(last)
      const killed = await openStore(mortalStores(stores, life, mode !== 'piecewise'), { seed: 2 })
      await story.live(killed).catch(err => { if (!life.isOver) { throw err } })
      await life.forget(forgotten ?? { blockstore: 0, datastore: 0 })

      const second = mortalStores(stores, new Life(last % 7), mode !== 'piecewise')
      await openStore(second, { seed: 3 }).then(async store => gc(store)).catch(() => {})
      await inspect(story, stores, mode, `after write ${last}`)

      if (!life.isOver) {
        return last
      }
    }
  }
}

/** Opens the stores of a story that was killed: nothing is lost, and nothing is left behind. */
async function inspect ({ before, changing, isDamaged = false }: Story, stores: Stores, mode: Mode, when: string): Promise<void> {
  const untouched = before.filter(dataset => !changing.includes(dataset))
  const store = await openStore(stores, { seed: 4 })
  const expectUntouched = async (): Promise<void> => {
    for (const dataset of untouched) {
      expect(await present(store, dataset), when).to.deep.equal([...dataset.data.keys()])
      expect(await get(store, dataset, 0), when).to.deep.equal(dataset.data[0])
      expect(await store.hasBlock(dataset.cid), when).to.equal(true)
    }

    expect(await lies(stores, store, [...before, ...changing]), when).to.deep.equal([])
  }

  if (mode === 'forgetful' || isDamaged) {
    await gc(store)
  }

  await expectUntouched()

  for (const { cid } of mode === 'atomic' ? changing : []) {
    expect(await store.manifest(cid) != null, when).to.equal(await store.hasBlock(cid))
  }

  expect(mode === 'piecewise' ? await keysOf(stores, 'tomb/') : await waste(stores), when).to.deep.equal([])

  await gc(store)
  await expectUntouched()
  expect(await garbageIn(stores), when).to.deep.equal([])

  // whatever it has it also refers to
  for (const dataset of untouched) {
    await store.delete(dataset.cid)
  }

  expect(await lies(stores, store, changing), when).to.deep.equal([])

  // and it goes on from there
  for (const dataset of changing) {
    await put(store, dataset)
    expect(await present(await reopen(store, stores), dataset)).to.deep.equal([...dataset.data.keys()])
    await store.open()
  }

  await store.close()
}

describe('a store that is killed', () => {
  for (const mode of Object.keys(MODES) as Mode[]) {
    for (const [title, makeStory] of STORIES) {
      it(`${title}, ${MODES[mode]}, has nothing that is not there and loses nothing that is shared`, async function () {
        this.timeout(120_000)
        const writes = await killEverywhere(await makeStory(), mode)
        expect(writes).to.be.greaterThan(0)
      })
    }
  }
})
