import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { formatCid } from '../../src/dataset/codecs.ts'
import { encodeManifest } from '../../src/dataset/encode-manifest.ts'
import { encodeProof } from '../../src/dataset/merkle-proof.ts'
import { contentChunks, goldenContent } from '../../src/testing/corpus.ts'
import { countingBlockstore } from '../../src/testing/memory-stores.ts'
import { add, BLOCK_SIZE, blockOf, inMemory, keysOf, lies, makeDataset, openStore, present, put, reopen, STORES, verified, waste } from './fixtures.ts'
import type { Stores, TestDataset } from './fixtures.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'

const upTo = (count: number): number[] => [...new Array(count).keys()]

interface Variant {
  manifestHex: string
  manifestCid: string
  treeCid: string
  blockSize: number
  protected: boolean
  filename: string | null
  mimetype: string | null
}

const { entries } = JSON.parse(await readFile(new URL('../interop/vectors/manifests.json', import.meta.url), 'utf8')) as {
  entries: Array<{ fileSize: number, variants: Variant[] }>
}
const golden = entries.flatMap(({ fileSize, variants }) => variants.filter(variant => !variant.protected).map(variant => ({ fileSize, variant })))

async function storeDataset (store: LocalStore, { data, manifest }: TestDataset): Promise<string> {
  const draft = await store.draft(BLOCK_SIZE)

  for (const block of data) {
    await draft.append(block)
  }

  return formatCid((await draft.finish({ filename: manifest.filename })).manifestCid)
}

describe('a draft', () => {
  for (const { fileSize, variant } of golden) {
    it(`makes of ${fileSize} bytes what the reference node makes of them (${variant.filename ?? 'no name'}, ${variant.mimetype ?? 'no type'})`, async () => {
      const stores = inMemory()
      const store = await openStore(stores)
      const draft = await store.draft(variant.blockSize)

      for await (const chunk of contentChunks(goldenContent, fileSize, 50_021)) {
        await draft.append(chunk)
      }

      const { manifestCid, manifest } = await draft.finish({ filename: variant.filename ?? undefined, mimetype: variant.mimetype ?? undefined })

      expect(formatCid(manifestCid)).to.equal(variant.manifestCid)
      expect(formatCid(manifest.treeCid)).to.equal(variant.treeCid)
      expect(Buffer.from(encodeManifest(manifest)).toString('hex')).to.equal(variant.manifestHex)
      expect(Buffer.from((await store.getBlock(manifestCid))?.data ?? []).toString('hex')).to.equal(variant.manifestHex)
      expect(await waste(stores)).to.deep.equal([])
    })
  }

  for (const { name, withStores } of STORES) {
    it(`becomes a dataset that is whole and can be served, in ${name}`, async () => {
      await withStores(async stores => {
        const dataset = await makeDataset(upTo(600), 'whole')
        let store = await openStore(stores)

        expect(await storeDataset(store, dataset)).to.equal(formatCid(dataset.cid))
        store = await reopen(store, stores)
        expect(await present(store, dataset)).to.deep.equal(upTo(600))
        expect(await store.manifest(dataset.cid)).to.deep.equal({ ...dataset.manifest, mimetype: undefined, protection: undefined })
        const tree = await store.tree(dataset.shape)

        for (const index of [0, 255, 256, 511, 512, 599]) {
          const block = await tree.read(index)

          expect(block?.data).to.deep.equal(dataset.data[index])
          expect(block?.proof == null ? '' : encodeProof(block.proof)).to.deep.equal(encodeProof(dataset.tree.proof(index)))
        }

        expect(await waste(stores)).to.deep.equal([])
        await store.close()
      })
    })
  }

  it('holds a bounded part of the file in memory', async () => {
    const { blockstore, counts } = countingBlockstore(inMemory().blockstore)
    const store = await openStore({ ...inMemory(), blockstore })
    const draft = await store.draft()
    let appended = 0

    for await (const chunk of contentChunks(goldenContent, 8_000_000)) {
      await draft.append(chunk)
      appended += chunk.byteLength
      expect(appended - counts.bytesPut).to.be.at.most(1_048_576)
    }
  })

  it('leaves nothing when it is given up', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const shared = await makeDataset([1, 2])
    await put(store, shared)
    const before = (await keysOf(stores, '')).sort()
    const draft = await store.draft(BLOCK_SIZE)

    for (const index of upTo(600)) {
      await draft.append(blockOf(index))
    }

    await draft.abort()
    await draft.abort()
    expect((await keysOf(stores, '')).sort()).to.deep.equal(before)
    expect(await present(store, shared)).to.deep.equal([0, 1])
    expect(await lies(stores, store, [shared])).to.deep.equal([])
    await expect(draft.append(blockOf(1))).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
  })

  it('that nobody ended is gone when the store is opened again', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const draft = await store.draft(BLOCK_SIZE)

    for (const index of upTo(600)) {
      await draft.append(blockOf(index))
    }

    expect(await keysOf(stores, 'tomb/')).to.have.lengthOf(1)
    await reopen(store, stores)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
    await expect(draft.finish()).to.eventually.be.rejected.with.property('name', 'NotRunningError')
  })

  it('takes the place of what was here of the same tree, under those who use it', async () => {
    const stores = inMemory()
    let store = await openStore(stores)
    const dataset = await makeDataset(upTo(300), 'same')
    const tree = await store.tree(dataset.shape)
    await tree.put(await verified(dataset, [0, 299], tree))

    const storing = storeDataset(store, dataset)
    await Promise.all([storing, tree.put(await verified(dataset, [7], tree))])
    await tree.load([{ start: 0, end: 300 }])
    expect(tree.has(150)).to.equal(true)
    expect(await present(store, dataset)).to.deep.equal(upTo(300))
    await tree.put(await verified(dataset, [8], tree))
    tree.release()

    store = await reopen(store, stores)
    expect(await present(store, dataset)).to.deep.equal(upTo(300))
    expect(await lies(stores, store, [dataset])).to.deep.equal([])
    expect(await waste(stores)).to.deep.equal([])
  })

  it('of a file that is here already changes nothing but its id', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const dataset = await makeDataset(upTo(300), 'same')

    await storeDataset(store, dataset)
    await storeDataset(store, dataset)
    expect(await present(store, dataset)).to.deep.equal(upTo(300))
    expect(await waste(stores)).to.deep.equal([])
    expect(await keysOf(stores, 'dataset/')).to.have.lengthOf(1)
    await store.delete(dataset.cid)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
  })

  it('refuses an empty file and block sizes that the network does not have', async () => {
    const store = await openStore(inMemory())

    await expect((await store.draft()).finish()).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')

    for (const blockSize of [0, 63, 64.5, 2 ** 24 + 1]) {
      await expect(store.draft(blockSize)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    }
  })

  it('fails when the store takes no more, and is given up without trace', async () => {
    const stores: Stores = inMemory()
    let left = 20
    const put = stores.blockstore.put.bind(stores.blockstore)
    stores.blockstore.put = (...args) => {
      if (left-- <= 0) {
        throw new Error('full')
      }

      return put(...args)
    }
    const store = await openStore(stores)
    const kept = await makeDataset([1, 2, 3])
    await add(store, kept)
    const draft = await store.draft(65_536)
    const write = async (): Promise<void> => {
      for await (const chunk of contentChunks(goldenContent, 4_000_000)) {
        await draft.append(chunk)
      }
    }

    await expect(write()).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    await draft.abort()
    expect(await waste(stores)).to.deep.equal([])
    expect(await store.hasBlock(kept.cid)).to.equal(true)
  })
})
