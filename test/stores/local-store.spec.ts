import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { blockCid, EMPTY_CID, treeCid } from '../../src/dataset/codecs.ts'
import { encodeProof } from '../../src/dataset/merkle-proof.ts'
import { MerkleTree } from '../../src/dataset/merkle-tree.ts'
import { ownBlock, verify } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { add, BLOCK_SIZE, blockOf, get, inMemory, keysOf, lies, makeDataset, newStore, openStore, present, put, rawBytes, reopen, STORES, valueOf, verified, waste } from './fixtures.ts'
import type { Stores } from './fixtures.ts'

/** 0, 1 … count - 1. */
const upTo = (count: number): number[] => [...new Array(count).keys()]

async function damagePage (stores: Stores, end: string): Promise<void> {
  const [key] = (await keysOf(stores, 'page/')).filter(key => key.endsWith(end))
  const value = (await valueOf(stores, key)).slice()
  value[40] ^= 1
  await stores.datastore.put(new Key(key), value)
}

describe('the local store', () => {
  for (const { name, withStores } of STORES) {
    describe(`in ${name}`, () => {
      it('has what was put, and still has it when opened again', async () => {
        await withStores(async stores => {
          const dataset = await makeDataset(upTo(600))
          const indices = [0, 1, 5, 255, 256, 511, 599]
          let store = await openStore(stores)

          await put(store, dataset, indices)
          expect(await present(store, dataset)).to.deep.equal(indices)

          store = await reopen(store, stores)
          expect(await present(store, dataset)).to.deep.equal(indices)

          for (const index of indices) {
            expect(await get(store, dataset, index)).to.deep.equal(dataset.data[index])
          }

          expect(await get(store, dataset, 2)).to.equal(undefined)
          await store.close()
        })
      })

      it('serves the proofs of the tree, also after it was opened again', async () => {
        await withStores(async stores => {
          const dataset = await makeDataset(upTo(700))
          let store = await openStore(stores)

          await put(store, dataset, upTo(700).reverse())
          store = await reopen(store, stores)
          const tree = await store.tree(dataset.shape)

          for (const index of [0, 255, 256, 300, 512, 699]) {
            const block = await tree.read(index)

            expect(block?.data).to.deep.equal(dataset.data[index])
            expect(block?.proof == null ? '' : encodeProof(block.proof)).to.deep.equal(encodeProof(dataset.tree.proof(index)))
          }

          tree.release()
          await store.close()
        })
      })

      it('takes a block whose bytes were damaged or lost for missing, until it is put again', async () => {
        await withStores(async stores => {
          const dataset = await makeDataset(upTo(5))
          let store = await openStore(stores)

          await put(store, dataset)
          await stores.blockstore.put(blockCid(hasher.digestNode(dataset.data[2])), blockOf(77))
          await stores.blockstore.delete(blockCid(hasher.digestNode(dataset.data[3])))

          for (const index of [1, 2, 3]) {
            expect(await get(store, dataset, index)).to.deep.equal(index === 1 ? dataset.data[1] : undefined)
          }

          expect(await present(store, dataset)).to.deep.equal([0, 1, 4])
          store = await reopen(store, stores)
          expect(await present(store, dataset)).to.deep.equal([0, 1, 4])

          await put(store, dataset, [2, 3])
          expect(await present(store, dataset)).to.deep.equal(upTo(5))
          expect(await get(store, dataset, 2)).to.deep.equal(dataset.data[2])
          await store.close()
        })
      })

      it('takes the blocks of a damaged page for missing, and no others', async () => {
        await withStores(async stores => {
          const dataset = await makeDataset(upTo(300))
          let store = await openStore(stores)

          await put(store, dataset)
          await damagePage(stores, '/0/1')

          store = await reopen(store, stores)
          expect(await present(store, dataset)).to.deep.equal(upTo(256))
          await put(store, dataset, [299])
          store = await reopen(store, stores)
          expect(await present(store, dataset)).to.deep.equal([...upTo(256), 299])
          await store.close()
        })
      })

      it('keeps blocks by their own CIDs', async () => {
        await withStores(async stores => {
          let store = await openStore(stores)
          const block = await ownBlock(blockOf(1), hasher)

          expect(await store.hasBlock(block.cid)).to.equal(false)
          expect(await store.getBlock(block.cid)).to.equal(undefined)
          await store.putBlock(block)
          store = await reopen(store, stores)
          expect(await store.hasBlock(block.cid)).to.equal(true)
          expect((await store.getBlock(block.cid))?.data).to.deep.equal(block.data)

          await stores.blockstore.put(block.cid, blockOf(2))
          expect(await store.getBlock(block.cid)).to.equal(undefined)
          expect(await store.hasBlock(block.cid)).to.equal(false)

          await store.putBlock(block)
          expect(await store.delete(block.cid)).to.equal(true)
          expect(await store.hasBlock(block.cid)).to.equal(false)
          expect(await rawBytes(stores, hasher.digestNode(block.data))).to.equal(undefined)
          expect(await store.delete(block.cid)).to.equal(false)
          await store.close()
        })
      })

      it('knows a block of a dataset by its own CID, as long as a dataset has it', async () => {
        await withStores(async stores => {
          const store = await openStore(stores)
          const dataset = await makeDataset([1, 2, 3], 'one')
          const { cid } = await ownBlock(blockOf(2), hasher)
          await add(store, dataset)
          await put(store, dataset, [0, 2])
          expect(await store.hasBlock(cid)).to.equal(false)

          await put(store, dataset, [1])
          expect(await store.hasBlock(cid)).to.equal(true)
          expect((await store.getBlock(cid))?.data).to.deep.equal(blockOf(2))
          expect(await store.delete(cid)).to.equal(false)
          expect(await present(store, dataset)).to.deep.equal([0, 1, 2])

          expect(await store.delete(dataset.cid)).to.equal(true)
          expect(await store.hasBlock(cid)).to.equal(false)
          expect(await store.getBlock(cid)).to.equal(undefined)
          await store.close()
        })
      })

      it('lists datasets, and deletes all of one but what another has', async () => {
        await withStores(async stores => {
          const one = await makeDataset([1, 2, 3, 4, 4, 2], 'one')
          const two = await makeDataset([3, 4, 5], 'two')
          let store = await openStore(stores)

          for (const dataset of [one, two]) {
            await add(store, dataset)
            await put(store, dataset)
          }

          const names: Array<string | undefined> = []

          for await (const { cid, manifest } of store.datasets()) {
            expect(manifest).to.deep.equal(await store.manifest(cid))
            names.push(manifest.filename)
          }

          expect(names).to.have.members(['one', 'two'])
          expect((await store.getBlock(one.cid))?.data).to.deep.equal(one.block.data)
          expect(await store.delete(one.cid)).to.equal(true)
          expect(await present(store, one)).to.deep.equal([])
          expect(await present(store, two)).to.deep.equal([0, 1, 2])
          expect(await store.hasBlock(one.cid)).to.equal(false)
          expect(await store.manifest(one.cid)).to.equal(undefined)
          expect(await rawBytes(stores, hasher.digestNode(blockOf(1)))).to.equal(undefined)

          store = await reopen(store, stores)
          expect(await get(store, two, 0)).to.deep.equal(blockOf(3))
          expect(await lies(stores, store, [one, two])).to.deep.equal([])
          expect(await store.delete(two.cid)).to.equal(true)
          expect(await store.delete(two.cid)).to.equal(false)
          expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
          await store.close()
        })
      })

      it('has a manifest as long as its dataset is listed, whatever becomes of its block', async () => {
        await withStores(async stores => {
          const dataset = await makeDataset([1, 2])
          let store = await openStore(stores)

          await add(store, dataset)

          for (const becomes of [async () => stores.blockstore.delete(dataset.cid), async () => stores.blockstore.put(dataset.cid, blockOf(1))]) {
            await becomes()
            expect((await store.getBlock(dataset.cid))?.data).to.deep.equal(dataset.block.data)
            store = await reopen(store, stores)
            expect(await store.hasBlock(dataset.cid)).to.equal(true)
            expect((await store.getBlock(dataset.cid))?.data).to.deep.equal(dataset.block.data)
          }

          await store.delete(dataset.cid)
          expect(await store.hasBlock(dataset.cid)).to.equal(false)
          expect(await store.getBlock(dataset.cid)).to.equal(undefined)
          await store.close()
        })
      })

      it('keeps a tree until the last manifest over it goes', async () => {
        await withStores(async stores => {
          const [one, two] = [await makeDataset([1, 2], 'one'), await makeDataset([1, 2], 'two')]
          const store = await openStore(stores)

          await add(store, one)
          await add(store, two)
          await put(store, one)
          await store.delete(one.cid)
          expect(await present(store, two)).to.deep.equal([0, 1])
          await store.delete(two.cid)
          expect(await present(store, two)).to.deep.equal([])
          expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
          await store.close()
        })
      })
    })
  }

  it('keeps the empty block like any other', async () => {
    const data = [blockOf(1), new Uint8Array(0), new Uint8Array(0)]
    const merkle = new MerkleTree(data.map(bytes => hasher.digestNode(bytes)), hasher)
    const shape = { root: treeCid(merkle.root), leaves: 3, blockSize: BLOCK_SIZE }

    for (const { withStores } of STORES) {
      await withStores(async stores => {
        const store = await openStore(stores)
        const tree = await store.tree(shape)

        await tree.put([await verify(shape, { root: shape.root, index: 2, cid: EMPTY_CID.bytes, data: data[2], proof: encodeProof(merkle.proof(2)) }, tree.proofs, hasher)])
        expect((await tree.get(2))?.data).to.deep.equal(new Uint8Array(0))
        expect((await tree.read(2))?.cid.equals(EMPTY_CID)).to.equal(true)
        expect(tree.has(1)).to.equal(false)
        tree.release()
        await store.close()
      })
    }
  })

  it('writes nothing for a tree until a block is put', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const dataset = await makeDataset([1, 2, 3])
    const tree = await store.tree(dataset.shape)

    await verified(dataset, [0, 1], tree)
    expect(await tree.get(0)).to.equal(undefined)
    expect(await store.findTree(dataset.shape.root)).to.equal(undefined)
    expect(await keysOf(stores, '')).to.deep.equal(['/codex/schema'])
    tree.release()
  })

  it('gives everyone the same tree while it is used', async () => {
    const store = await openStore(inMemory())
    const dataset = await makeDataset([1, 2, 3])
    const [one, two] = await Promise.all([store.tree(dataset.shape), store.tree(dataset.shape)])

    expect(one).to.equal(two)
    await one.put(await verified(dataset, [1], one))
    one.release()
    expect(await store.findTree(dataset.shape.root)).to.equal(two)
  })

  it('takes only blocks that were verified, and only its own', async () => {
    const store = await openStore(inMemory())
    const [one, two] = [await makeDataset([1, 2]), await makeDataset([3, 4])]
    const [tree, other] = [await store.tree(one.shape), await store.tree(two.shape)]
    const [block] = await verified(two, [0], other)

    await expect(tree.put([block])).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    await expect(other.put([{ ...block }] as never)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    await expect(store.addDataset(block)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
  })

  it('is not used before it is open or after it is closed', async () => {
    const stores = inMemory()
    const store = newStore(stores)
    const dataset = await makeDataset([1, 2])

    await expect(store.tree(dataset.shape)).to.eventually.be.rejected.with.property('name', 'NotRunningError')
    await store.open()
    const tree = await store.tree(dataset.shape)
    const blocks = await verified(dataset, [0, 1], tree)
    const putting = tree.put(blocks)
    await store.close()
    await putting

    await expect(tree.put(blocks)).to.eventually.be.rejected.with.property('name', 'NotRunningError')
    await expect(tree.get(0)).to.eventually.be.rejected.with.property('name', 'NotRunningError')
    await expect(store.putBlock(blocks[0])).to.eventually.be.rejected.with.property('name', 'NotRunningError')
    await expect(store.delete(dataset.cid)).to.eventually.be.rejected.with.property('name', 'NotRunningError')
    await expect(store.datasets().next()).to.eventually.be.rejected.with.property('name', 'NotRunningError')

    await store.open()
    expect(await present(store, dataset)).to.deep.equal([0, 1])
    expect(await waste(stores)).to.deep.equal([])
  })

  it('does not read what a newer version wrote', async () => {
    const stores = inMemory()
    await stores.datastore.put(new Key('/codex/schema'), new TextEncoder().encode('2'))

    await expect(newStore(stores).open()).to.eventually.be.rejected.with.property('name', 'StoreSchemaError')
  })
})
