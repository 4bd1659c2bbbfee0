import { expect } from 'aegir/chai'
import { add, inMemory, keysOf, lies, makeDataset, openStore, present, put, reopen, verified, waste } from './fixtures.ts'
import { gated, turns } from './gate.ts'
import type { CID } from 'multiformats/cid'

const upTo = (count: number): number[] => [...new Array(count).keys()]

describe('what happens in a store at the same time', () => {
  it('many puts on one page keep all of their blocks, in few commits', async () => {
    const inner = inMemory()
    const { gate, ...stores } = gated(inner)
    const dataset = await makeDataset(upTo(256))
    let store = await openStore(stores)
    const before = gate.commits

    await Promise.all(upTo(256).map(async index => put(store, dataset, [index])))
    expect(await present(store, dataset)).to.deep.equal(upTo(256))
    expect(gate.commits - before).to.be.at.most(20)
    store = await reopen(store, stores)
    expect(await present(store, dataset)).to.deep.equal(upTo(256))
  })

  it('puts that come while a commit is under way go together in the next', async () => {
    const { gate, ...stores } = gated(inMemory())
    const dataset = await makeDataset(upTo(20))
    const store = await openStore(stores)
    const tree = await store.tree(dataset.shape)
    const blocks = await verified(dataset, upTo(20), tree)
    const before = gate.commits

    gate.shut()
    const first = tree.put([blocks[0]])
    await turns()
    const others = blocks.slice(1).map(async block => tree.put([block]))
    await turns()
    expect(gate.commits - before).to.equal(1)
    gate.open()
    await Promise.all([first, ...others])
    expect(gate.commits - before).to.equal(2)
    expect(await present(store, dataset)).to.deep.equal(upTo(20))
  })

  it('a commit that fails marks nothing, and the next is not hurt by it', async () => {
    const { gate, ...stores } = gated(inMemory())
    const dataset = await makeDataset(upTo(20))
    let store = await openStore(stores)
    const tree = await store.tree(dataset.shape)
    const blocks = await verified(dataset, upTo(20), tree)

    await tree.put([blocks[0]])
    gate.shut()
    gate.fails = true
    const failing = tree.put([blocks[1], blocks[2]])
    await turns()
    const next = tree.put([blocks[3]])
    gate.open()
    await expect(failing).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    await expect(next).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    expect(await present(store, dataset)).to.deep.equal([0])

    gate.fails = false
    await tree.put([blocks[2], blocks[4]])
    expect(await present(store, dataset)).to.deep.equal([0, 2, 4])
    store = await reopen(store, stores)
    expect(await present(store, dataset)).to.deep.equal([0, 2, 4])
    expect(await lies(stores, store, [dataset])).to.deep.equal([])
  })

  it('a first put that fails leaves no tree behind', async () => {
    const { gate, ...stores } = gated(inMemory())
    const dataset = await makeDataset([1, 2])
    const store = await openStore(stores)

    gate.fails = true
    await expect(put(store, dataset)).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    gate.fails = false
    expect(await store.findTree(dataset.shape.root)).to.equal(undefined)
    await put(store, dataset)
    expect(await present(store, dataset)).to.deep.equal([0, 1])
  })

  it('a tree that is deleted while it is used begins anew', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const dataset = await makeDataset(upTo(300))

    await add(store, dataset)
    await put(store, dataset)
    const tree = await store.tree(dataset.shape)
    await tree.load([{ start: 0, end: 300 }])
    const deleting = store.delete(dataset.cid)
    const block = await verified(dataset, [9], tree)
    await Promise.all([deleting, tree.get(5)])
    expect(tree.has(9)).to.equal(false)
    await tree.put(block)
    expect(tree.has(9)).to.equal(true)
    tree.release()

    const again = await reopen(store, stores)
    expect(await present(again, dataset)).to.deep.equal([9])
    expect(await waste(stores)).to.deep.equal([])
  })

  it('two datasets over one tree that are deleted together take it with them', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const [one, two] = [await makeDataset([1, 2], 'one'), await makeDataset([1, 2], 'two')]

    await Promise.all([add(store, one), add(store, two), put(store, one)])
    await Promise.all([store.delete(one.cid), store.delete(two.cid)])
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
  })

  it('a store is closed when what was under way has ended', async () => {
    const { gate, ...stores } = gated(inMemory())
    const store = await openStore(stores)
    const dataset = await makeDataset([1, 2])
    const tree = await store.tree(dataset.shape)
    const blocks = await verified(dataset, [0, 1], tree)
    let closed = false

    gate.shut()
    const putting = tree.put(blocks)
    await turns()
    const closing = store.close().then(() => { closed = true })
    await turns()
    expect(closed).to.equal(false)
    gate.open()
    await Promise.all([putting, closing])
    expect(tree.has(1)).to.equal(true)
  })

  it('a store that is closed during a deletion ends it when it is opened', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(2_000))
    const blockstore = Object.create(stores.blockstore, {
      delete: {
        value: async (cid: CID) => {
          await turns()
          await stores.blockstore.delete(cid)
        }
      }
    })
    let store = await openStore({ ...stores, blockstore })

    await add(store, dataset)
    await put(store, dataset)
    const deleting = store.delete(dataset.cid).then(() => 'deleted', (err: Error) => err.name)
    await turns()
    await store.close()
    expect(await deleting).to.equal('NotRunningError')
    expect(await keysOf(stores, 'tomb/')).to.have.lengthOf(1)
    store = await openStore(stores)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
    await store.close()
  })

  it('pages that leave memory lose nothing', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(256 * 20))
    const store = await openStore(stores, { maxPages: 8 })
    const tree = await store.tree(dataset.shape)
    const scattered = upTo(20).flatMap(page => [page * 256 + 3, page * 256 + 250])

    for (const step of [7, 11, 13]) {
      for (let i = 0; i < 40; i += 4) {
        await Promise.all([0, 1, 2, 3].map(async j => tree.put(await verified(dataset, [scattered[(i + j) * step % 40]], tree))))
      }
    }

    expect(await present(store, dataset)).to.deep.equal(scattered)
    const inMemoryNow = upTo(20).filter(page => tree.has(page * 256 + 3))
    expect(inMemoryNow.length).to.be.within(1, 8)
    expect((await tree.read(scattered[0]))?.proof).to.deep.equal(dataset.tree.proof(scattered[0]))
    tree.release()
  })

  it('blocks that are verified and not stored do not fill the memory', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(256 * 40))
    const store = await openStore(stores, { maxPages: 8 })
    const tree = await store.tree(dataset.shape)

    for (const page of upTo(40)) {
      await verified(dataset, upTo(256).map(leaf => page * 256 + leaf), tree)
    }

    expect(upTo(40).filter(page => tree.proofs.page(0, page) != null).length).to.be.at.most(20)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
    tree.release()
  })

  it('ids that a seed repeats are not given twice', async () => {
    const stores = inMemory()
    const [one, two] = [await makeDataset([1, 2]), await makeDataset([3, 4])]

    for (const dataset of [one, two]) {
      const store = await openStore(stores, { seed: 5 })
      await put(store, dataset)
      await store.close()
    }

    const store = await openStore(stores, { seed: 5 })
    expect(await present(store, one)).to.deep.equal([0, 1])
    expect(await present(store, two)).to.deep.equal([0, 1])
  })
})
