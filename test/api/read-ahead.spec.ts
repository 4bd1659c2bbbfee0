import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { chunksOf } from '../../src/streams/byte-source.ts'
import { BLOCK, onNetwork, seed } from './network.ts'
import type { TestNetwork, TestNode } from './network.ts'
import type { Download, DownloadOptions } from '../../src/index.ts'

/** Blocks that came or were requested and that no reader took: what `taken` bytes leave of what was sent. */
function ahead (node: TestNode, taken: number): number {
  const { used, late, duplicate, sizes } = node.codex.stats()

  return used.blocks + late.blocks + duplicate.blocks + sizes.flights - 1 - taken / BLOCK
}

/** Blocks requested or in memory. */
function inMemory ({ codex }: TestNode): number {
  const { flights, heldBytes } = codex.stats().sizes

  return flights + heldBytes / BLOCK
}

/** Takes one chunk and sleeps. */
async function takeOne (download: Download): Promise<AsyncIterator<Uint8Array>> {
  const iterator = download[Symbol.asyncIterator]()
  const { value } = await iterator.next()
  expect(value?.byteLength).to.equal(BLOCK)

  return iterator
}

async function sleepers (net: TestNetwork, count: number, options: DownloadOptions, limits = {}): Promise<{ reader: TestNode, iterators: Array<AsyncIterator<Uint8Array>> }> {
  const seeder = await net.add()
  const reader = await net.add({ limits })
  const iterators = []

  for (let i = 0; i < count; i++) {
    // of other lengths, so that they share nothing
    const { cid } = await seed(seeder, (400 + i) * BLOCK)
    iterators.push(await takeOne(reader.codex.download(cid, options)))
  }

  await net.sleep(10 * 60_000)

  return { reader, iterators }
}

describe('a reader that sleeps', () => {
  for (const blocks of [1, 2, 7, 64]) {
    it(`holds no more than ${blocks} blocks when they are its window`, async () => {
      await onNetwork(async net => {
        const { reader, iterators: [iterator] } = await sleepers(net, 1, { readAheadBytes: blocks * BLOCK })
        expect(ahead(reader, BLOCK)).to.be.within(blocks - 1, blocks)

        for (let taken = 2; taken <= 40; taken++) {
          await iterator.next()
          await net.sleep(5_000)
          expect(ahead(reader, taken * BLOCK)).to.be.at.most(blocks)
        }

        await iterator.return?.()
      })
    })
  }

  it('reads no more than its window of the local store', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 100 * BLOCK)
      const download = seeder.codex.download(cid, { readAheadBytes: 3 * BLOCK })
      const iterator = await takeOne(download)
      await net.sleep(60_000)

      expect(download.progress.blocks.fromStore).to.be.at.most(3)
      await iterator.return?.()
    })
  })

  it('does not time out', async () => {
    await onNetwork(async net => {
      const { reader, iterators: [iterator] } = await sleepers(net, 1, { readAheadBytes: 4 * BLOCK, stallTimeout: 1_000 })
      let blocks = 1

      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        blocks++
        await net.sleep(blocks % 40 === 0 ? 10 * 60_000 : 0)
      }

      expect(blocks).to.equal(400)
      expect(reader.codex.stats().used.blocks).to.equal(401)
    })
  })

  it('shares one cap with the others', async () => {
    await onNetwork(async net => {
      const { reader, iterators } = await sleepers(net, 8, { readAheadBytes: 100 * BLOCK }, { totalReadAheadBytes: 160 * BLOCK })
      expect(inMemory(reader)).to.be.within(100, 160)

      for (let i = 0; i < 100; i++) {
        await Promise.all(iterators.map(async iterator => iterator.next()))
        await net.sleep(1_000)
        expect(inMemory(reader)).to.be.at.most(160)
      }

      const { used, duplicate } = reader.codex.stats()
      expect(used.blocks).to.be.below(8 * 122)
      expect(duplicate.blocks).to.be.below(100)
      await Promise.all(iterators.map(async iterator => iterator.return?.()))
    })
  })

  it('gets what it had to let go of, also where nothing is kept', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 100 * BLOCK)
      const { codex } = await net.add({ limits: { totalReadAheadBytes: 60 * BLOCK } })
      const options = { readAheadBytes: 60 * BLOCK, store: false }
      const first = codex.download(cid, options)
      const chunks: Uint8Array[] = []

      for await (const chunk of first) {
        chunks.push(chunk)

        if (chunks.length === 1) {
          await net.sleep(1_000)
          expect(codex.stats().sizes.heldBytes).to.be.within(50 * BLOCK, 60 * BLOCK)
          expect(await collect(codex.download(cid, options), { max: MiB })).to.deep.equal(content)
          expect(codex.stats().sizes.heldBytes).to.be.at.most(30 * BLOCK)
        }
      }

      expect(await collect(chunksOf(chunks), { max: MiB })).to.deep.equal(content)
      expect((await codex.stat(cid))).to.equal(undefined)
    })
  })

  it('leaves room for the others', async () => {
    await onNetwork(async net => {
      const limits = { totalReadAheadBytes: 100 * BLOCK }
      const { reader, iterators } = await sleepers(net, 1, { readAheadBytes: 100 * BLOCK }, limits)
      const { cid, content } = await seed(net.nodes[0], 1_000 * BLOCK)
      const startedAt = net.clock.now()
      const bytes = await collect(reader.codex.download(cid), { max: 8 * MiB })

      expect(bytes).to.deep.equal(content)
      expect(net.clock.now() - startedAt).to.be.below(3_000)
      await iterators[0].return?.()
    })
  })
})

describe('a reader that keeps up', () => {
  it('gets a window of 16 MiB, and no more is under way', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 20 * MiB, latency: 200 } })
      const { cid } = await seed(seeder, 40 * MiB, { blockSize: 256 * KiB })
      const { codex } = await net.add()
      let most = 0
      let taken = 0

      for await (const chunk of codex.download(cid)) {
        taken += chunk.byteLength
        const { used, late, duplicate, sizes } = codex.stats()
        most = Math.max(most, used.bytes + late.bytes + duplicate.bytes + sizes.flights * 256 * KiB - taken)
      }

      expect(most).to.be.within(4 * MiB, 16 * MiB + 256 * KiB)
    })
  })
})
