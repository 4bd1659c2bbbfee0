import { expect } from 'aegir/chai'
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { bytesIn } from './audit.ts'
import { add, blockOf, gc, inMemory, makeDataset, openStore, present, put } from './fixtures.ts'
import type { Stores } from './fixtures.ts'

const upTo = (count: number): number[] => [...new Array(count).keys()]

async function putBytes ({ blockstore }: Stores, seed: number): Promise<void> {
  await blockstore.put(blockCid(hasher.digestNode(blockOf(seed))), blockOf(seed))
}

function digestOfNumber (number: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, number)

  return hasher.digestNode(bytes)
}

describe('a collection of garbage', () => {
  it('does not run ahead of itself, however much there is', async () => {
    const stores = inMemory()
    let listed = 0
    const blockstore = Object.create(stores.blockstore, {
      getAll: {
        value: function * () {
          for (; listed < 5_000; listed++) {
            yield { cid: blockCid(digestOfNumber(listed)), bytes: [] }
          }
        }
      }
    })
    const store = await openStore({ ...stores, blockstore })
    let last = 0

    for await (const { blocks } of store.gc()) {
      expect(listed - blocks).to.be.at.most(64)
      last = blocks
    }

    expect(last).to.equal(5_000)
  })

  it('ends when it is told to, when its reader leaves, and with the store', async () => {
    const stores = inMemory()
    const store = await openStore(stores)
    const reason = new Error('enough')

    for (const seed of upTo(1_000)) {
      await putBytes(stores, seed)
    }

    await expect(gc(store, { signal: AbortSignal.abort(reason) })).to.eventually.be.rejectedWith(reason)

    const abort = new AbortController()
    const aborted = async (): Promise<void> => {
      for await (const { blocks } of store.gc({ signal: abort.signal })) {
        if (blocks > 100) {
          abort.abort(reason)
        }
      }
    }
    await expect(aborted()).to.eventually.be.rejectedWith(reason)
    expect((await bytesIn(stores)).length).to.be.within(700, 999)

    for await (const { blocks } of store.gc()) {
      if (blocks > 100) {
        break
      }
    }

    expect((await bytesIn(stores)).length).to.be.within(400, 900)

    const [collecting] = [gc(store), store.close()]
    await expect(collecting).to.eventually.be.rejected.with.property('name', 'NotRunningError')
    expect(await bytesIn(stores)).to.not.deep.equal([])
    await store.open()
    await gc(store)
    expect(await bytesIn(stores)).to.deep.equal([])
  })

  it('says when a store fails or cannot list', async () => {
    const stores = inMemory()
    const fails = (what: string): Stores => ({
      ...stores,
      blockstore: Object.create(stores.blockstore, { [what]: { value: () => { throw new Error('no') } } })
    })
    const dataset = await makeDataset([1, 2])
    const whole = await openStore(stores)
    await add(whole, dataset)
    await put(whole, dataset)
    await whole.close()
    await putBytes(stores, 3)

    for (const what of ['getAll', 'has', 'delete']) {
      const store = await openStore(fails(what))
      await expect(gc(store), what).to.eventually.be.rejected.with.property('name', 'StoreRefusedError')
      expect(await present(store, dataset)).to.deep.equal([0, 1])
      await store.close()
    }
  })
})
