/** What stores do to the downloads that run over them, and the other way round. */
import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { collect } from '../../src/index.ts'
import { corruptingBlockstore, failingBlockstore, forgetfulBlockstore, memoryStores, quotaBlockstore, slowBlockstore } from '../../src/testing/index.ts'
import { BLOCK, events, failure, onNetwork, seed } from '../api/network.ts'
import { bytesIn, garbageIn } from './audit.ts'
import { faultyDatastore } from './faulty-datastore.ts'
import { blockOf } from './fixtures.ts'
import { Life, mortalStores } from './mortal-stores.ts'
import type { Stores } from './fixtures.ts'
import type { Codex, GarbageFigures } from '../../src/index.ts'
import type { TestNetwork } from '../api/network.ts'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

const BLOCKS = 60

/** Every other block, more or less. */
const isOdd = ({ multihash }: CID): boolean => multihash.digest[3] % 2 === 1

function now (net: TestNetwork, probability: number): () => boolean {
  return () => net.random() < probability
}

async function gcOf (codex: Codex): Promise<GarbageFigures> {
  let last: GarbageFigures | undefined

  for await (const figures of codex.gc()) {
    last = figures
  }

  return last ?? { blocks: 0, deleted: 0, references: 0, trees: 0, pages: 0, missing: 0 }
}

/** Changes bytes of data blocks in a store; gives how many. */
async function damageHalf ({ blockstore }: Stores): Promise<number> {
  let damaged = 0

  for await (const { cid } of blockstore.getAll()) {
    if (isOdd(cid) && await lengthOf(blockstore, cid) === BLOCK) {
      await blockstore.put(cid, new Uint8Array(BLOCK))
      damaged++
    }
  }

  return damaged
}

async function lengthOf (blockstore: Blockstore, cid: CID): Promise<number> {
  let bytes = 0

  for await (const chunk of blockstore.get(cid)) {
    bytes += chunk.byteLength
  }

  return bytes
}

const BLOCKSTORES: Record<string, (inner: Blockstore, net: TestNetwork) => Blockstore> = {
  'whose blockstore throws now and then': (inner, net) => failingBlockstore(inner, now(net, 0.2)),
  'whose blockstore does nothing but throw': inner => failingBlockstore(inner, () => true),
  'whose blockstore cannot read': inner => failingBlockstore(inner, operation => operation === 'get'),
  'whose blockstore is over its quota half way': inner => quotaBlockstore(inner, BLOCKS / 2 * BLOCK),
  'whose blockstore loses blocks': inner => forgetfulBlockstore(inner, isOdd),
  'whose blockstore corrupts blocks': inner => corruptingBlockstore(inner, isOdd),
  'whose blockstore is slow': (inner, { clock }) => slowBlockstore(inner, clock, 100)
}

/** How operations of the index fail, once the node has started. */
const FAILING_INDEX: Record<string, (net: TestNetwork) => (operation: 'read' | 'write') => boolean> = {
  'whose index takes nothing': () => operation => operation === 'write',
  'whose index takes no more half way': () => {
    let writes = 0

    return operation => operation === 'write' && ++writes > 8
  },
  'whose index throws now and then': net => now(net, 0.1),
  'whose index cannot be read': () => operation => operation === 'read'
}

async function expectRight (net: TestNetwork, wrap: (stores: Stores) => Stores, started = (): void => {}): Promise<void> {
  const { cid, content } = await seed(await net.add(), BLOCKS * BLOCK)
  const stores = memoryStores()
  const reader = await net.add(wrap(stores))
  started()

  for (const [offset, length] of [[0, BLOCKS * BLOCK], [5 * BLOCK, 20 * BLOCK]]) {
    const bytes = await collect(reader.codex.download(cid, { offset, length }), { max: MiB })
    expect(bytes).to.deep.equal(content.subarray(offset, offset + length))
  }

  await reader.codex.stop()
  const again = await net.add(stores)
  expect(await collect(again.codex.download(cid), { max: MiB })).to.deep.equal(content)
  expect(await again.codex.stat(cid)).to.have.property('blocksHere', BLOCKS)
  await gcOf(again.codex)
  expect(await garbageIn(stores)).to.deep.equal([])
  await again.codex.delete(cid)
  expect(await bytesIn(stores)).to.deep.equal([])
}

describe('a download over a store', () => {
  const title = (what: string): string => `${what} gives the bytes, and what is kept is right`
  const SEEDS = [1, 2, 3]

  for (const [what, wrap] of Object.entries(BLOCKSTORES)) {
    it(title(what), async () => {
      for (const at of SEEDS) {
        await onNetwork(async net => expectRight(net, ({ blockstore, datastore }) => ({ datastore, blockstore: wrap(blockstore, net) })), at)
      }
    })
  }

  for (const [what, make] of Object.entries(FAILING_INDEX)) {
    it(title(what), async () => {
      for (const at of SEEDS) {
        await onNetwork(async net => {
          let isOn = false
          const fails = make(net)

          await expectRight(net, ({ blockstore, datastore }) => ({
            blockstore,
            datastore: faultyDatastore(datastore, { fails: operation => isOn && fails(operation) })
          }), () => { isOn = true })
        }, at)
      }
    })
  }

  it(title('whose index is slow'), async () => {
    await onNetwork(async net => expectRight(net, ({ blockstore, datastore }) => ({
      blockstore,
      datastore: faultyDatastore(datastore, { slow: { clock: net.clock, ms: 50 } })
    })))
  })

  it('whose index cannot be read, and who is asked for what it has, goes on', async () => {
    await onNetwork(async net => {
      let isOn = false
      const stores = memoryStores()
      const [peer, node] = [await net.add(), await net.add({
        ...stores,
        datastore: faultyDatastore(stores.datastore, { fails: operation => isOn && operation === 'read' })
      })]
      const [wanted, served] = [await seed(peer, BLOCKS * BLOCK), await seed(node, 2 * BLOCKS * BLOCK)]
      const disconnected = [node, peer].map(node => events(node, 'codex:peer:disconnect'))
      isOn = true
      const refusing = failure(peer.codex.download(served.cid, { stallTimeout: 5_000 }).done)
      await net.sleep(500)

      expect(await collect(node.codex.download(wanted.cid), { max: MiB })).to.deep.equal(wanted.content)
      expect(await refusing).to.have.property('name').that.is.oneOf(['StallError', 'NotFoundError'])
      expect(disconnected).to.deep.equal([[], []])
      isOn = false
      expect(await collect(peer.codex.download(served.cid), { max: MiB })).to.deep.equal(served.content)
    })
  })

  it('in which blocks are damaged that the index cannot forget fetches them again, and is done', async () => {
    await onNetwork(async net => {
      let isOn = false
      const { cid, content } = await seed(await net.add(), BLOCKS * BLOCK)
      const { blockstore, datastore } = memoryStores()
      const { codex } = await net.add({
        blockstore: corruptingBlockstore(blockstore, cid => isOn && isOdd(cid)),
        datastore: faultyDatastore(datastore, { fails: operation => isOn && operation === 'write' })
      })
      await codex.download(cid).done
      isOn = true

      for (let times = 0; times < 2; times++) {
        const download = codex.download(cid)
        expect(await collect(download, { max: MiB })).to.deep.equal(content)
        expect((await download.done).blocks.fromPeers).to.be.within(BLOCKS / 4, 3 * BLOCKS / 4)
      }

      expect(await failure(collect(codex.download(cid, { offline: true }), { max: MiB }))).to.have.property('name', 'NotFoundError')
    })
  })

  it('that has all of a file but the block of its manifest asks nobody', async () => {
    await onNetwork(async net => {
      const stores = memoryStores()
      const node = await net.add(stores)
      const { cid, content } = await seed(node, BLOCKS * BLOCK)
      await stores.blockstore.delete(cid)

      expect(await collect(node.codex.download(cid, { offline: true }), { max: MiB })).to.deep.equal(content)
      const reader = await net.add()
      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
    })
  })

  it('in which blocks are damaged fetches them again once, and serves them right', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, BLOCKS * BLOCK)
      const stores = memoryStores()
      const reader = await net.add(stores)
      await reader.codex.download(cid).done
      const damaged = await damageHalf(stores)

      for (const fromPeers of [damaged, 0]) {
        const download = reader.codex.download(cid)
        expect(await collect(download, { max: MiB })).to.deep.equal(content)
        expect((await download.done).blocks).to.deep.include({ fromPeers, fromStore: BLOCKS - fromPeers })
      }

      await seeder.codex.stop()
      const last = await net.add()
      expect(await collect(last.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(last.codex.stats().rejected.blocks).to.equal(0)
    })
  })

  it('is not harmed by a peer whose store is damaged', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add({ conditions: { upload: 200_000 } }), BLOCKS * BLOCK)
      const stores = memoryStores()
      const damagedPeer = await net.add(stores)
      await damagedPeer.codex.download(cid).done
      await damageHalf(stores)
      const reader = await net.add()

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(reader.codex.stats().rejected.blocks).to.be.above(0)
      expect(await reader.codex.stat(cid)).to.have.property('blocksHere', BLOCKS)
    })
  })

  it('goes on while the garbage of the store is collected', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add({ conditions: { upload: 400_000 } }), 4 * BLOCKS * BLOCK)
      const stores = memoryStores()
      const reader = await net.add({ ...stores, blockstore: slowBlockstore(stores.blockstore, net.clock, 5) })
      const download = reader.codex.download(cid)
      let bytes = 0
      let rounds = 0

      for (const name of [1, 2, 3]) {
        const block = blockOf(name)
        await stores.blockstore.put(blockCid(hasher.digestNode(block)), block)
      }

      const done = new AbortController()
      const collecting = (async () => {
        for (; !done.signal.aborted; rounds++) {
          expect(await gcOf(reader.codex)).to.have.property('missing', 0)
          await net.sleep(100)
        }
      })()

      for await (const chunk of download) {
        expect(chunk).to.deep.equal(content.subarray(bytes, bytes + chunk.byteLength))
        bytes += chunk.byteLength
      }

      done.abort()
      await collecting
      expect(bytes).to.equal(content.byteLength)
      expect(rounds).to.be.above(5)
      expect(await reader.codex.stat(cid)).to.have.property('blocksHere', 4 * BLOCKS)
      expect(await garbageIn(stores)).to.deep.equal([])
      expect(await bytesIn(stores)).to.have.lengthOf(4 * BLOCKS + 1)
    })
  })

  it('that was killed with its process is taken up where it was', async () => {
    const resumed: number[] = []

    for (let last = 0; last < 60; last += 3) {
      await onNetwork(async net => {
        const { cid, content } = await seed(await net.add(), BLOCKS * BLOCK)
        const stores = memoryStores()
        const life = new Life(last + 1)
        const killed = await net.add(mortalStores(stores, life, last % 2 === 0))
        // what runs on after the kill reaches nothing
        expect(await collect(killed.codex.download(cid), { max: MiB })).to.deep.equal(content)
        await killed.codex.stop()
        expect(() => killed.codex.gc()).to.throw().with.property('name', 'NotRunningError')

        const { codex } = await net.add(stores)
        const { blocksHere = 0 } = await codex.stat(cid) ?? {}
        expect((await gcOf(codex)).missing).to.equal(0)
        expect(await garbageIn(stores)).to.deep.equal([])
        const download = codex.download(cid)
        expect(await collect(download, { max: MiB })).to.deep.equal(content)
        expect((await download.done).blocks).to.deep.include({ fromStore: blocksHere, fromPeers: BLOCKS - blocksHere })
        resumed.push(blocksHere)
      })
    }

    expect(resumed.filter(blocks => blocks > 0)).to.have.lengthOf.above(5)
  })
})
