import { expect } from 'aegir/chai'
import { digestOf, formatCid } from '../../src/dataset/codecs.ts'
import { ownBlock } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { add, blockOf, get, inMemory, lies, makeDataset, openStore, present, put, rawBytes, reopen, verified, waste } from './fixtures.ts'
import { gated, turns } from './gate.ts'
import type { Stores } from './fixtures.ts'
import type { Key } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

const upTo = (count: number): number[] => [...new Array(count).keys()]

/** Stores in which `meanwhile` is called while the blockstore is at work, before or after the operation itself. */
function interrupted (stores: Stores, operation: 'put' | 'delete', meanwhile: (cid: CID, begun: boolean) => Promise<void>): Stores {
  const blockstore = Object.create(stores.blockstore, {
    [operation]: {
      value: async (cid: CID, bytes: Uint8Array) => {
        await meanwhile(cid, true)
        await (operation === 'put' ? stores.blockstore.put(cid, bytes) : stores.blockstore.delete(cid))
        await meanwhile(cid, false)
      }
    }
  })

  return { blockstore, datastore: stores.datastore }
}

async function severalTurns (): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await turns()
  }
}

describe('races in a store', () => {
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
    const [going, coming] = [await makeDataset([1]), await makeDataset([1, 1])]
    let putting: Promise<void> | undefined
    const store = await openStore(interrupted(stores, 'delete', async (cid, begins) => {
      if (begins && formatCid(cid) !== formatCid(going.cid)) {
        putting ??= put(store, coming)
        await severalTurns()
      }
    }))

    await add(store, going)
    await put(store, going)
    await store.delete(going.cid)
    expect(putting).to.be.a('promise')
    await putting
    expect(await present(store, coming)).to.deep.equal([0, 1])
    expect(await rawBytes(stores, hasher.digestNode(blockOf(1)))).to.deep.equal(blockOf(1))
  })

  it('bytes that were written are not dropped before somebody refers to them', async () => {
    const stores = inMemory()
    const [going, coming] = [await makeDataset([1]), await makeDataset([1, 1])]
    let deleting: Promise<boolean> | undefined
    let listed = false
    const store = await openStore(interrupted(stores, 'put', async (_, begins) => {
      if (listed && !begins) {
        deleting ??= store.delete(going.cid)
        await severalTurns()
      }
    }))

    await add(store, going)
    await put(store, going)
    listed = true
    await put(store, coming)
    expect(await deleting).to.equal(true)
    expect(await present(store, coming)).to.deep.equal([0, 1])
    expect(await lies(stores, store, [going, coming])).to.deep.equal([])
  })

  it('the same bytes are not written twice at the same time', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(512).map(() => 1))
    let now = 0
    const store = await openStore(interrupted(stores, 'put', async (_, begins) => {
      now += begins ? 1 : -1
      expect(now).to.be.at.most(1)
      await turns()
    }))

    await Promise.all([put(store, dataset, [0, 1, 300]), put(store, dataset, [2, 301])])
    expect(await present(store, dataset)).to.deep.equal([0, 1, 2, 300, 301])
  })

  it('a page that was read before another wrote it does not come back', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(256 * 20))
    const first = await openStore(stores)
    await put(first, dataset, upTo(20).map(page => page * 256))
    await first.close()

    let open = (): void => {}
    const opened = new Promise<void>(resolve => { open = resolve })
    let reads = 0
    const datastore = Object.create(stores.datastore, {
      get: {
        value: async (key: Key) => {
          const value = await stores.datastore.get(key)

          if (key.toString().endsWith('/0/0') && ++reads === 1) {
            await opened
          }

          return value
        }
      }
    })
    const store = await openStore({ ...stores, datastore }, { maxPages: 8 })
    const tree = await store.tree(dataset.shape)
    const [block] = await verified(dataset, [256], tree)
    expect(block.index).to.equal(256)

    const loading = tree.load([{ start: 0, end: 1 }])
    await severalTurns()
    const putting = verified(dataset, [7], tree).then(async blocks => tree.put(blocks))
    await severalTurns()

    for (const page of upTo(18)) {
      await tree.load([{ start: (page + 2) * 256, end: (page + 2) * 256 + 1 }])
    }

    open()
    await Promise.all([loading, putting])
    await put(store, dataset, [8])
    expect((await present(store, dataset)).slice(0, 4)).to.deep.equal([0, 7, 8, 256])
  })

  it('a page that proofs began anew does not take the place of the one that was written', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(256 * 20))
    let store = await openStore(stores, { maxPages: 8 })
    const tree = await store.tree(dataset.shape)
    const written = upTo(20).map(page => page * 256)

    for (const index of written) {
      await tree.put(await verified(dataset, [index], tree))
    }

    expect(tree.proofs.page(0, 0)).to.equal(undefined)
    tree.proofs.prove(1, hasher.digestNode(dataset.data[1]), dataset.tree.proof(1))
    await tree.put(await verified(dataset, [19 * 256 + 1], tree))
    store = await reopen(store, stores)
    expect(await present(store, dataset)).to.deep.equal([...written, 19 * 256 + 1])
  })

  it('a block of its own and of a dataset stays until both are gone', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const dataset = await makeDataset([1, 2])
    const block = await ownBlock(blockOf(1), hasher)

    await add(store, dataset)
    await Promise.all([store.putBlock(block), put(store, dataset)])
    await store.delete(block.cid)
    expect(await get(store, dataset, 0)).to.deep.equal(blockOf(1))
    await store.putBlock(block)
    await store.delete(dataset.cid)
    expect((await store.getBlock(block.cid))?.data).to.deep.equal(blockOf(1))
    await store.delete(block.cid)
    expect(await rawBytes(stores, digestOf(block.cid))).to.equal(undefined)
  })

  it('a tree stays in memory while it is used, and while blocks are put', async () => {
    const { gate, ...stores } = gated(inMemory())
    const store = await openStore(stores)
    const dataset = await makeDataset(upTo(10))
    const others = await Promise.all(upTo(10).map(async i => makeDataset([100 + i])))
    const openOthers = async (): Promise<void> => {
      for (const { shape } of others) {
        (await store.tree(shape)).release()
      }
    }

    const tree = await store.tree(dataset.shape)
    await openOthers()
    expect(await store.tree(dataset.shape)).to.equal(tree)
    tree.release()

    gate.shut()
    const putting = tree.put(await verified(dataset, [1], tree))
    await turns()
    tree.release()
    await openOthers()
    expect(await store.tree(dataset.shape)).to.equal(tree)
    tree.release()
    gate.open()
    await putting
    await openOthers()
    expect(await store.tree(dataset.shape)).to.not.equal(tree)
    expect(await present(store, dataset)).to.deep.equal([1])
  })
})
