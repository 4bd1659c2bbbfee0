import { expect } from 'aegir/chai'
import { formatCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { add, blockOf, get, inMemory, keysOf, lies, makeDataset, openStore, present, put, rawBytes, reopen, verified, waste } from './fixtures.ts'
import type { Stores } from './fixtures.ts'
import type { CID } from 'multiformats/cid'

const upTo = (count: number): number[] => [...new Array(count).keys()]

/** Lets what waits go on, until `open`; counts commits. */
class Gate {
  commits = 0
  fails = false
  #open: Promise<void> = Promise.resolve()
  #pass = (): void => {}

  shut (): void {
    this.#open = new Promise(resolve => { this.#pass = resolve })
  }

  open (): void {
    this.#pass()
  }

  async pass (): Promise<void> {
    this.commits++
    await this.#open

    if (this.fails) {
      throw new Error('no')
    }
  }
}

/** Stores whose batches wait at a gate. */
function gated (inner: Stores): Stores & { gate: Gate } {
  const gate = new Gate()
  const datastore = Object.create(inner.datastore, {
    batch: {
      value: () => {
        const batch = inner.datastore.batch()

        return {
          put: batch.put.bind(batch),
          delete: batch.delete.bind(batch),
          commit: async () => {
            await gate.pass()
            await batch.commit()
          }
        }
      }
    }
  })

  return { blockstore: inner.blockstore, datastore, gate }
}

const turns = async (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

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

  it('a put of shared blocks while their only owner is deleted keeps their bytes', async () => {
    const stores = inMemory()
    let store = await openStore(stores)
    const [going, coming] = [await makeDataset(upTo(300)), await makeDataset(upTo(300).reverse())]

    await add(store, going)
    await put(store, going)
    await Promise.all([
      store.delete(going.cid),
      ...upTo(30).map(async i => put(store, coming, upTo(10).map(j => i * 10 + j)))
    ])

    expect(await present(store, coming)).to.deep.equal(upTo(300))
    expect(await lies(stores, store, [going, coming])).to.deep.equal([])
    store = await reopen(store, stores)
    expect(await get(store, coming, 299)).to.deep.equal(blockOf(0))
    expect(await waste(stores)).to.deep.equal([])
  })

  it('bytes that are being dropped are not written until they are gone', async () => {
    const stores = inMemory()
    const events: string[] = []
    const deleting = new Set<string>()
    const blockstore = Object.create(stores.blockstore, {
      delete: {
        value: async (cid: CID) => {
          deleting.add(formatCid(cid))
          events.push('delete')
          await turns()
          await stores.blockstore.delete(cid)
          deleting.delete(formatCid(cid))
        }
      },
      put: {
        value: (cid: CID, bytes: Uint8Array) => {
          events.push(deleting.has(formatCid(cid)) ? 'put while deleting' : 'put')

          return stores.blockstore.put(cid, bytes)
        }
      }
    })
    const store = await openStore({ ...stores, blockstore })
    const [going, coming] = [await makeDataset([1]), await makeDataset([1, 1])]

    await add(store, going)
    await put(store, going)
    await Promise.all([store.delete(going.cid), turns().then(async () => put(store, coming))])
    expect(events).to.include('delete').and.to.not.include('put while deleting')
    expect(await rawBytes(stores, hasher.digestNode(blockOf(1)))).to.deep.equal(blockOf(1))
    expect(await present(store, coming)).to.deep.equal([0, 1])
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
