import { expect } from 'aegir/chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create } from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { countingBlockstore, failingBlockstore, memoryStores, quotaBlockstore, runPromise, slowBlockstore, VirtualClock } from '../../src/testing/index.ts'
import type { Blockstore } from 'interface-blockstore'

const cid = (n: number): CID => CID.createV1(raw.code, create(0x12, new Uint8Array(32).fill(n)))

async function read (blockstore: Blockstore, cid: CID): Promise<Uint8Array> {
  return concat(await Array.fromAsync<Uint8Array>(blockstore.get(cid)))
}

describe('memory stores', () => {
  let inner: Blockstore

  beforeEach(() => {
    inner = memoryStores().blockstore
  })

  it('are new each time', async () => {
    await inner.put(cid(1), Uint8Array.of(1))

    expect(await inner.has(cid(1))).to.equal(true)
    expect(await memoryStores().blockstore.has(cid(1))).to.equal(false)
  })

  it('take no more than the quota, and again what there is room for', async () => {
    const blockstore = quotaBlockstore(inner, 100)
    await blockstore.put(cid(1), new Uint8Array(60))
    await blockstore.put(cid(1), new Uint8Array(70))

    await expect(Promise.resolve(blockstore.put(cid(2), new Uint8Array(31)))).to.eventually.be.rejected.with.property('name', 'QuotaExceededError')
    expect(await inner.has(cid(2))).to.equal(false)

    await blockstore.put(cid(3), [new Uint8Array(10), new Uint8Array(20)])
    await blockstore.delete(cid(1))
    await blockstore.put(cid(2), new Uint8Array(70))
    expect(await read(blockstore, cid(3))).to.have.lengthOf(30)
  })

  it('take no more than the quota from many at once', async () => {
    const clock = new VirtualClock()
    const blockstore = quotaBlockstore(slowBlockstore(inner, clock, 10), 100)
    const puts = Promise.allSettled([1, 2, 3].map(async n => blockstore.put(cid(n), new Uint8Array(50))))

    expect((await runPromise(clock, puts)).map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected'])
  })

  it('fail where they are told to', async () => {
    const blockstore = failingBlockstore(inner, (operation, which) => operation === 'put' && which.equals(cid(2)))
    await blockstore.put(cid(1), Uint8Array.of(1))

    await expect(Promise.resolve(blockstore.put(cid(2), Uint8Array.of(2)))).to.eventually.be.rejectedWith(`failed to put ${cid(2)}`)
    expect(await blockstore.has(cid(2))).to.equal(false)
    expect(await read(blockstore, cid(1))).to.equalBytes(Uint8Array.of(1))
  })

  it('take their time', async () => {
    const clock = new VirtualClock()
    const blockstore = slowBlockstore(inner, clock, 25)
    await runPromise(clock, (async () => {
      await blockstore.put(cid(1), Uint8Array.of(1))
      expect(clock.now()).to.equal(25)
      await read(blockstore, cid(1))
      expect(clock.now()).to.equal(50)
      await blockstore.has(cid(1))
      await blockstore.delete(cid(1))
      expect(clock.now()).to.equal(100)
      await expect(Promise.resolve(blockstore.has(cid(1), { signal: AbortSignal.abort() }))).to.eventually.be.rejected()
    })())

    expect(clock.now()).to.equal(100)
    expect(clock.pending).to.equal(0)
  })

  it('count what succeeds', async () => {
    const { blockstore, counts } = countingBlockstore(failingBlockstore(inner, (_operation, which) => which.equals(cid(9))))
    await Array.fromAsync(blockstore.putMany([{ cid: cid(1), bytes: new Uint8Array(10) }, { cid: cid(2), bytes: new Uint8Array(20) }]))
    await read(blockstore, cid(2))
    await blockstore.has(cid(3))
    await blockstore.delete(cid(1))
    await expect(Promise.resolve(blockstore.put(cid(9), new Uint8Array(5)))).to.eventually.be.rejected()

    expect(counts).to.deep.equal({ put: 2, get: 1, has: 1, delete: 1, bytesPut: 30, bytesGot: 20 })
    expect(await Array.fromAsync(blockstore.getAll())).to.have.lengthOf(1)
  })
})
