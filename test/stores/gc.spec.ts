import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import { sha512 } from 'multiformats/hashes/sha2'
import { blockCid, CODEX_BLOCK, formatCid } from '../../src/dataset/codecs.ts'
import { ownBlock } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { bytesIn, garbageIn } from './audit.ts'
import { add, BLOCK_SIZE, blockOf, gc, get, inMemory, keysOf, lies, makeDataset, openStore, present, put, reopen, STORES, valueOf, verified } from './fixtures.ts'
import type { Stores, TestDataset } from './fixtures.ts'

const upTo = (count: number): number[] => [...new Array(count).keys()]
const NOTHING = { deleted: 0, references: 0, trees: 0, pages: 0, missing: 0 }
const digest = (seed: number): Uint8Array => hasher.digestNode(blockOf(seed))
const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function putBytes ({ blockstore }: Stores, seed: number): Promise<void> {
  await blockstore.put(blockCid(digest(seed)), blockOf(seed))
}

async function damage (stores: Stores, key: string): Promise<void> {
  const value = (await valueOf(stores, key)).slice()
  value[40] ^= 1
  await stores.datastore.put(new Key(key), value)
}

async function idOf (stores: Stores, { shape }: TestDataset): Promise<string> {
  return JSON.parse(new TextDecoder().decode(await valueOf(stores, `/codex/tree/${formatCid(shape.root)}`))).id
}

async function refer (stores: Stores, seed: number, ids: string): Promise<void> {
  await stores.datastore.put(new Key(`/codex/ref/${nameOf(digest(seed))}`), new TextEncoder().encode(ids))
}

describe('collecting garbage in a store', () => {
  for (const { name, withStores } of STORES) {
    it(`finds nothing where nothing is wrong, in ${name}`, async () => {
      await withStores(async stores => {
        const [one, two] = [await makeDataset(upTo(300)), await makeDataset([5, 6, 1_000])]
        const store = await openStore(stores)

        for (const dataset of [one, two]) {
          await add(store, dataset)
          await put(store, dataset)
        }

        await store.putBlock(await ownBlock(blockOf(5), hasher))
        expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 303 })
        expect(await present(store, one)).to.deep.equal(upTo(300))
        expect(await present(store, two)).to.deep.equal(upTo(3))
        expect(await lies(stores, store, [one, two])).to.deep.equal([])
        await store.close()
      })
    })

    it(`deletes bytes that were written just before a kill, in ${name}`, async () => {
      await withStores(async stores => {
        const dataset = await makeDataset(upTo(100))
        const store = await openStore(stores)

        await add(store, dataset)
        await put(store, dataset)

        for (const seed of upTo(150)) {
          await putBytes(stores, 10_000 + seed)
        }

        expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 251, deleted: 150 })
        expect(await garbageIn(stores)).to.deep.equal([])
        expect(await present(store, dataset)).to.deep.equal(upTo(100))
        expect(await lies(stores, store, [dataset])).to.deep.equal([])
        expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 101 })
        await store.close()
      })
    })

    it(`deletes the blocks of a page that was damaged, but those that are needed elsewhere, in ${name}`, async () => {
      await withStores(async stores => {
        const [one, two] = [await makeDataset(upTo(300)), await makeDataset([299, 298])]
        let store = await openStore(stores)

        for (const dataset of [one, two]) {
          await add(store, dataset)
          await put(store, dataset)
        }

        await store.close()
        await damage(stores, `/codex/page/${await idOf(stores, one)}/0/1`)
        store = await openStore(stores)
        await put(store, one, [290])
        expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 261, references: 43, deleted: 41 })
        expect(await garbageIn(stores)).to.deep.equal([])
        store = await reopen(store, stores)
        expect(await present(store, one)).to.deep.equal([...upTo(256), 290])
        expect(await present(store, two)).to.deep.equal([0, 1])
        expect(await lies(stores, store, [one, two])).to.deep.equal([])
        await store.close()
      })
    })
  }

  it('drops references of trees that are gone and of blocks that a tree does not know, and pages of no tree', async () => {
    const stores = inMemory()
    const dataset = await makeDataset([1, 2, 3])
    const store = await openStore(stores)

    await add(store, dataset)
    await put(store, dataset)
    const id = await idOf(stores, dataset)
    const [page] = await keysOf(stores, 'page/')

    // torn commits leave such: references without their page, and the pages of a tree that another took the place of
    await putBytes(stores, 50)
    await refer(stores, 50, id)
    await putBytes(stores, 51)
    await refer(stores, 51, `gone standalone ${id}`)
    await refer(stores, 1, `${id} gone`)
    await refer(stores, 52, 'gone')
    await stores.datastore.put(new Key('/codex/page/gone/0/0'), await valueOf(stores, page))
    await stores.datastore.put(new Key('/codex/page/gone/1/0'), new Uint8Array(5))

    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 5, deleted: 1, references: 5, pages: 2 })
    expect(await garbageIn(stores)).to.deep.equal([])
    expect(await lies(stores, store, [dataset])).to.deep.equal([])
    expect(await store.hasBlock(blockCid(digest(51)))).to.equal(true)
    await store.delete(dataset.cid)
    expect(await bytesIn(stores)).to.deep.equal([nameOf(digest(51))])
  })

  it('takes blocks whose bytes are gone for missing, and those that are kept on their own', async () => {
    const stores = inMemory()
    const dataset = await makeDataset(upTo(300))
    let store = await openStore(stores)
    const alone = await ownBlock(blockOf(1_000), hasher)

    await add(store, dataset)
    await put(store, dataset)
    await store.putBlock(alone)

    for (const seed of [3, 280, 1_000]) {
      await stores.blockstore.delete(blockCid(digest(seed)))
    }

    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 299, references: 2, missing: 3 })
    expect(await present(store, dataset)).to.deep.equal(upTo(300).filter(index => index !== 3 && index !== 280))
    expect(await store.hasBlock(alone.cid)).to.equal(false)
    store = await reopen(store, stores)
    expect(await lies(stores, store, [dataset])).to.deep.equal([])
    await put(store, dataset, [3, 280])
    expect(await present(store, dataset)).to.deep.equal(upTo(300))
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 301 })
  })

  it('brings back a reference that was lost, before it can cost the block', async () => {
    const stores = inMemory()
    const [one, two] = [await makeDataset([1, 2]), await makeDataset([2, 3])]
    const store = await openStore(stores)

    for (const dataset of [one, two]) {
      await add(store, dataset)
      await put(store, dataset)
    }

    await stores.datastore.delete(new Key(`/codex/ref/${nameOf(digest(1))}`))
    await stores.datastore.delete(new Key(`/codex/ref/${nameOf(digest(2))}`))
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 5 })
    await store.delete(two.cid)
    expect(await get(store, one, 0)).to.deep.equal(blockOf(1))
    expect(await get(store, one, 1)).to.deep.equal(blockOf(2))
    await store.delete(one.cid)
    expect(await bytesIn(stores)).to.deep.equal([])
  })

  it('leaves a file alone that is being stored, and takes what one left that was given up without its tomb', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const dataset = await makeDataset(upTo(600))
    const draft = await store.draft(BLOCK_SIZE)

    for (const block of dataset.data.slice(0, 520)) {
      await draft.append(block)
    }

    const kept = (await bytesIn(stores)).length
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: kept })

    for (const block of dataset.data.slice(520)) {
      await draft.append(block)
    }

    await draft.finish()
    expect(await present(store, dataset)).to.deep.equal(upTo(600))
    expect(await lies(stores, store, [dataset])).to.deep.equal([])

    const other = await store.draft(BLOCK_SIZE)
    await other.append(new Uint8Array(600 * BLOCK_SIZE).fill(1))
    await stores.datastore.delete(new Key((await keysOf(stores, 'tomb/'))[0]))
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 601, deleted: 1, references: 1, pages: 2 })
    expect(await garbageIn(stores)).to.deep.equal([])
  })

  it('deletes what came of a dataset after it was deleted, once nobody uses it', async () => {
    const stores = inMemory()
    const [going, staying] = [await makeDataset(upTo(300)), await makeDataset([1, 2, 2_000])]
    const store = await openStore(stores)

    for (const dataset of [going, staying]) {
      await add(store, dataset)
      await put(store, dataset, [0, 1])
    }

    const tree = await store.tree(going.shape)
    await store.delete(going.cid)
    await tree.put(await verified(going, [5, 270], tree))
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 5 })
    expect(tree.has(270)).to.equal(true)
    tree.release()
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 3, trees: 1 })
    expect(await garbageIn(stores)).to.deep.equal([])
    expect(await present(store, going)).to.deep.equal([])
    expect(await present(store, staying)).to.deep.equal([0, 1])
    expect(await lies(stores, store, [going, staying])).to.deep.equal([])
  })

  it('knows a dataset whose record was damaged by its block', async () => {
    const stores = inMemory()
    const dataset = await makeDataset([1, 2])
    const store = await openStore(stores)
    const key = `/codex/dataset/${formatCid(dataset.cid)}`

    await add(store, dataset)
    await put(store, dataset)
    await damage(stores, key)
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 3 })
    expect(await store.manifest(dataset.cid)).to.have.property('datasetSize', 2 * BLOCK_SIZE)
    await stores.blockstore.delete(dataset.cid)
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 0, trees: 1 })
    expect(await store.manifest(dataset.cid)).to.equal(undefined)
    expect(await store.delete(dataset.cid)).to.equal(true)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
  })

  it('leaves what the blockstore has of other kinds', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const cid = CID.createV1(CODEX_BLOCK, await sha512.digest(blockOf(1)))

    await stores.blockstore.put(cid, blockOf(1))
    expect(await gc(store)).to.deep.equal({ ...NOTHING, blocks: 0 })
    expect(await stores.blockstore.has(cid)).to.equal(true)
  })
})
