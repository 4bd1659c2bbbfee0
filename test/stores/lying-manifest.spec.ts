import { expect } from 'aegir/chai'
import { manifestCid } from '../../src/dataset/codecs.ts'
import { encodeManifest } from '../../src/dataset/encode-manifest.ts'
import { ownBlock } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { add, inMemory, keysOf, makeDataset, openStore, present, put } from './fixtures.ts'

describe('a store with a manifest that lies about its tree', () => {
  it('refuses a tree by two shapes', async () => {
    const store = await openStore(inMemory())
    const dataset = await makeDataset([1, 2, 3])
    const other = { ...dataset.shape, leaves: 4 }
    const tree = await store.tree(dataset.shape)

    await expect(store.tree(other)).to.eventually.be.rejected.with.property('name', 'InvalidDatasetError')
    tree.release()
    const wrong = await store.tree(other)
    wrong.release()
    await put(store, dataset)
    await expect(store.tree(other)).to.eventually.be.rejected.with.property('name', 'InvalidDatasetError')
    expect(await present(store, dataset)).to.deep.equal([0, 1, 2])
  })

  it('deletes a dataset that lies about a tree, and leaves the tree to the one that does not', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const dataset = await makeDataset([1, 2, 3])
    const bytes = (await makeDataset([1, 2, 3, 4])).manifest
    const liar = await ownBlock(encodeManifest({ ...bytes, treeCid: dataset.manifest.treeCid }), hasher, manifestCid)

    await add(store, dataset)
    await put(store, dataset)
    await store.addDataset(liar)
    expect(await store.delete(liar.cid)).to.equal(true)
    expect(await present(store, dataset)).to.deep.equal([0, 1, 2])
    expect(await store.delete(dataset.cid)).to.equal(true)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
  })
})
