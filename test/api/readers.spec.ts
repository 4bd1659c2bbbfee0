import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { int } from '../../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from './network.ts'
import type { TestFile, TestNetwork, TestNode } from './network.ts'

const BLOCKS = 150

async function readersOf (net: TestNetwork, seeders = 2): Promise<{ seeders: TestNode[], reader: TestNode, file: TestFile }> {
  const nodes = []
  let file: TestFile | undefined

  for (let i = 0; i < seeders; i++) {
    nodes.push(await net.add({ conditions: { upload: 200 * KiB } }))
    file = await seed(nodes[i], BLOCKS * BLOCK)
  }

  return { seeders: nodes, reader: await net.add(), file: file as TestFile }
}

/** How often each block was verified. */
function perBlock (node: TestNode): Map<string, number> {
  const times = new Map<string, number>()
  node.codex.addEventListener('codex:blocks:verified', ({ detail: { root, indices } }) => {
    for (const index of indices) {
      const key = `${root.toString()} ${index}`
      times.set(key, (times.get(key) ?? 0) + 1)
    }
  })

  return times
}

describe('many readers of one file', () => {
  for (const apart of [0, 7, 100]) {
    it(`get it with each block fetched once when they begin ${apart} ms apart`, async () => {
      await onNetwork(async net => {
        const { seeders, reader, file } = await readersOf(net, 1)
        const times = perBlock(reader)
        const all = await Promise.all(Array.from({ length: 10 }, async (_, i) => {
          await net.sleep(i * apart)
          return collect(reader.codex.download(file.cid), { max: MiB })
        }))

        all.forEach(bytes => { expect(bytes).to.deep.equal(file.content) })
        expect(times.size).to.equal(BLOCKS + 1)
        expect([...times.values()].filter(n => n !== 1)).to.deep.equal([])
        expect(seeders.reduce((sum, { codex }) => sum + codex.stats().served.blocks, 0)).to.equal(BLOCKS + 1)
        expect(reader.codex.stats().duplicate.blocks).to.equal(0)
      })
    })
  }

  it('get each block once whatever parts they read', async () => {
    await onNetwork(async net => {
      const { reader, file } = await readersOf(net)
      const times = perBlock(reader)
      await Promise.all(Array.from({ length: 10 }, async () => {
        const offset = int(net.random, 0, file.content.byteLength)
        const length = int(net.random, 1, file.content.byteLength - offset)
        await net.sleep(int(net.random, 0, 1_000))
        expect(await collect(reader.codex.download(file.cid, { offset, length }), { max: MiB })).to.deep.equal(file.content.subarray(offset, offset + length))
      }))

      expect([...times.values()].filter(n => n !== 1)).to.deep.equal([])
    })
  })

  it('are not disturbed by one that aborts, and nothing is cancelled that others want', async () => {
    await onNetwork(async net => {
      const { reader, file } = await readersOf(net, 1)
      const times = perBlock(reader)
      const controller = new AbortController()
      const reads = Array.from({ length: 5 }, async () => collect(reader.codex.download(file.cid), { max: MiB }))
      const aborted = failure(collect(reader.codex.download(file.cid, { signal: controller.signal }), { max: MiB }))
      await net.sleep(1_500)
      const reason = new Error('not me')
      controller.abort(reason)

      expect(await aborted).to.equal(reason)
      expect(held(reader.codex)).to.deep.include({ downloads: 5, sources: 5, sessions: 1 })
      expect(await Promise.all(reads)).to.deep.equal(reads.map(() => file.content))
      expect(reader.links.filter(({ what }) => what === 'cancel')).to.deep.equal([])
      expect([...times.values()].filter(n => n !== 1)).to.deep.equal([])
    })
  })

  it('of which one gives up: only what nobody else wants is cancelled', async () => {
    await onNetwork(async net => {
      const { reader, file } = await readersOf(net, 1)
      const controller = new AbortController()
      const first = collect(reader.codex.download(file.cid, { length: 40 * BLOCK }), { max: MiB })
      const second = failure(collect(reader.codex.download(file.cid, { offset: 100 * BLOCK, signal: controller.signal }), { max: MiB }))
      await net.sleep(700)
      const requested = new Set(reader.links.filter(({ what }) => what === 'request').flatMap(({ indices }) => indices))
      controller.abort()
      await second
      expect(await first).to.deep.equal(file.content.subarray(0, 40 * BLOCK))
      const cancelled = reader.links.filter(({ what }) => what === 'cancel').flatMap(({ indices }) => indices)

      expect(cancelled).to.not.be.empty()
      expect(cancelled.filter(index => index < 100)).to.deep.equal([])
      expect(cancelled.filter(index => !requested.has(index))).to.deep.equal([])
    })
  })

  it('each get the range that they asked for', async () => {
    await onNetwork(async net => {
      const { seeders, reader, file } = await readersOf(net, 1)
      const [a, b] = await Promise.all([
        collect(reader.codex.download(file.cid, { offset: 5, length: 30 * BLOCK }), { max: MiB }),
        collect(reader.codex.download(file.cid, { offset: 20 * BLOCK, length: 30 * BLOCK }), { max: MiB })
      ])

      expect(a).to.deep.equal(file.content.subarray(5, 5 + 30 * BLOCK))
      expect(b).to.deep.equal(file.content.subarray(20 * BLOCK, 50 * BLOCK))
      expect(seeders.reduce((sum, { codex }) => sum + codex.stats().served.blocks, 0)).to.equal(51)
    })
  })

  it('fetch the manifest once and look for it once', async () => {
    await onNetwork(async net => {
      const { reader, file } = await readersOf(net)
      const manifests = await Promise.all(Array.from({ length: 10 }, async () => reader.codex.manifest(file.cid)))

      manifests.forEach(manifest => { expect(manifest.datasetSize).to.equal(file.content.byteLength) })
      expect(net.discovery.lookups).to.equal(1)
      expect(reader.codex.stats().used.blocks).to.equal(1)
    })
  })

  it('fail one by one, each with its own patience', async () => {
    await onNetwork(async net => {
      const { seeders, reader, file } = await readersOf(net)
      await reader.codex.manifest(file.cid)
      await Promise.all(seeders.map(async ({ codex }) => codex.stop()))
      const requests = events(reader, 'codex:blocks:request')
      const failed: number[] = []
      const startedAt = net.clock.now()
      await Promise.all([5_000, 1_000, 3_000].map(async stallTimeout => {
        await failure(collect(reader.codex.download(file.cid, { stallTimeout }), { max: MiB }))
        failed.push(Math.round((net.clock.now() - startedAt) / 1_000))
      }))

      expect(failed).to.deep.equal([1, 3, 5])
      expect(requests).to.deep.equal([])
    })
  })
})
