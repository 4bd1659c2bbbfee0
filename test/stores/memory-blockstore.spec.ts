import { expect } from 'aegir/chai'
import { blockCid, manifestCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { LocalStore } from '../../src/stores/local-store.ts'
import { BoundedMemoryBlockstore } from '../../src/stores/memory-blockstore.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { blockOf, inMemory, makeDataset, present, put } from './fixtures.ts'
import type { CID } from 'multiformats/cid'

const cidOf = (bytes: Uint8Array): CID => blockCid(hasher.digestNode(bytes))

async function bytesOf (store: BoundedMemoryBlockstore, cid: CID): Promise<Uint8Array> {
  return Uint8Array.from([...store.get(cid)].flatMap(chunk => [...chunk]))
}

describe('the bounded memory blockstore', () => {
  it('gives back what was put, whatever the codec, in one piece or several', async () => {
    const store = new BoundedMemoryBlockstore()
    const bytes = blockOf(1)

    await store.put(cidOf(bytes), [bytes.subarray(0, 10), bytes.subarray(10)])
    expect(await bytesOf(store, manifestCid(hasher.digestNode(bytes)))).to.deep.equal(bytes)
    expect(store.has(cidOf(bytes))).to.equal(true)
    expect(() => store.get(cidOf(blockOf(2))).next()).to.throw().with.property('name', 'NotFoundError')

    for await (const pair of store.getAll()) {
      expect(pair.cid.equals(cidOf(bytes))).to.equal(true)

      for await (const chunk of pair.bytes) {
        expect(chunk).to.deep.equal(bytes)
      }
    }
  })

  it('takes no more than its bound; what is deleted or replaced makes room', async () => {
    const store = new BoundedMemoryBlockstore({ maxBytes: 192 })
    const blocks = [1, 2, 3, 4].map(blockOf)

    for (const bytes of [...blocks.slice(0, 3), blocks[0]]) {
      await store.put(cidOf(bytes), bytes)
    }

    await expect(store.put(cidOf(blocks[3]), blocks[3])).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    expect(store.bytes).to.equal(192)
    await store.delete(cidOf(blocks[0]))
    await store.delete(cidOf(blocks[0]))
    await store.put(cidOf(blocks[3]), blocks[3])
    expect(store.bytes).to.equal(192)
  })

  it('shares no memory with those who use it', async () => {
    const store = new BoundedMemoryBlockstore()
    const bytes = blockOf(1)
    const cid = cidOf(bytes)

    await store.put(cid, bytes)
    bytes.fill(9);
    [...store.get(cid)][0].fill(8)
    expect(await bytesOf(store, cid)).to.deep.equal(blockOf(1))
  })

  it('makes a local store refuse what is over the bound, and mark nothing of it', async () => {
    const blockstore = new BoundedMemoryBlockstore({ maxBytes: 192 })
    const store = new LocalStore({ ...inMemory(), blockstore, hasher, random: seededRandom(1) })
    const dataset = await makeDataset([1, 2, 3, 4, 5])
    await store.open()

    await put(store, dataset, [0, 1])
    await expect(put(store, dataset, [2, 3, 4])).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
    expect(await present(store, dataset)).to.deep.equal([0, 1])
    expect(blockstore.bytes).to.equal(128)
    await put(store, dataset, [4])
    expect(await present(store, dataset)).to.deep.equal([0, 1, 4])
  })
})
