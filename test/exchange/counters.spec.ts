/* eslint-disable no-loop-func -- counts in the middle of a test */
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { int, neverDelivered, seededContent, sometimes, wrongBytes } from '../../src/testing/index.ts'
import { BLOCK, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { TestNode } from '../api/network.ts'

/** Blocks that were delivered over the links of a node. */
function delivered ({ links }: TestNode): number {
  return links.filter(({ what }) => what === 'delivered').length
}

describe('the counters', () => {
  it('have each block that came in exactly one place', async () => {
    let duplicates = 0
    let late = 0
    let rejected = 0

    for (let seedOf = 1; seedOf <= 12; seedOf++) {
      await onNetwork(async net => {
        const { random } = net
        const faults = [undefined, { blocks: [sometimes(random, 0.05, wrongBytes)] }, { blocks: [sometimes(random, 0.3, neverDelivered)] }, { slow: { clock: net.clock, ms: 1_500 } }]
        const nodes: TestNode[] = []

        for (const fault of faults) {
          nodes.push(await net.add({ faults: fault, conditions: { upload: int(random, 100, 1_000) * KiB, latency: int(random, 5, 80) } }))
        }

        const [{ cid, content }] = await Promise.all(nodes.map(async node => seed(node, 200 * BLOCK)))
        const reader = await net.add({ limits: { firstTimeout: 1_000 } })
        await Promise.all([0, 1].map(async i => {
          await net.sleep(i * 300)
          expect(await collect(reader.codex.download(cid, { offset: i * 50 * BLOCK, store: i === 0 }), { max: MiB })).to.deep.equal(content.subarray(i * 50 * BLOCK))
        }))
        await net.sleep(60_000)
        const stats = reader.codex.stats()
        const counts = [stats.used, stats.late, stats.duplicate, stats.rejected]

        expect(counts.reduce((sum, { blocks }) => sum + blocks, 0)).to.equal(delivered(reader))
        expect(stats.used.blocks + stats.late.blocks).to.equal(201)
        expect(stats.used.bytes + stats.late.bytes).to.be.within(200 * BLOCK, 200 * BLOCK + 200)
        duplicates += stats.duplicate.blocks
        late += stats.late.blocks
        rejected += stats.rejected.blocks

        for (const kind of ['used', 'late', 'duplicate', 'rejected'] as const) {
          const known = reader.codex.peers().reduce((sum, peer) => sum + peer[kind], 0)
          expect(known).to.be.at.most(stats[kind].blocks)
        }
      }, seedOf)
    }

    expect(duplicates).to.be.above(0)
    expect(late).to.be.above(0)
    expect(rejected).to.be.above(0)
  })

  it('have what was asked of two peers, and no more than the limit of it at a time', async () => {
    await onNetwork(async net => {
      const file = new ServedFile(seededContent(5)(100 * BLOCK), BLOCK)
      const script = file.serve({ only: ({ kind, root }) => kind === 'have' || !root.equals(file.root) })
      const [a, b] = [await net.script(script), await net.script(script)]
      const reader = await net.add({ limits: { duplicateBlocks: 5, firstTimeout: 15_000 } })
      const reading = collect(reader.codex.download(file.cid, { providers: [a.transport.peerId, b.transport.peerId], stallTimeout: 14_000 }), { max: MiB }).catch(() => {})
      await net.sleep(10_000)
      const both = a.wantedBy('block').filter(index => b.wantedBy('block').includes(index))

      expect(new Set(both.filter(index => index > 0)).size).to.be.within(4, 5)
      expect(reader.codex.stats().askedTwice).to.equal(5)
      await reading
    })
  })

  it('have what was served', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 50 * BLOCK)
      const readers = [await net.add(), await net.add()]
      await readers[0].codex.download(cid, { length: 20 * BLOCK }).done
      await readers[1].codex.download(cid, { providers: [seeder.transport.peerId] }).done
      const served = [seeder, ...readers].reduce((sum, { codex }) => sum + codex.stats().served.blocks, 0)
      const used = readers.reduce((sum, { codex }) => sum + codex.stats().used.blocks + codex.stats().duplicate.blocks, 0)

      expect(served).to.equal(used)
      expect(seeder.codex.stats().served.bytes).to.be.above(50 * BLOCK)
    })
  })

  it('begin anew with each start', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 5 * BLOCK)
      const { codex } = await net.add()
      await codex.download(cid).done
      await codex.stop()
      expect(codex.stats().used.blocks).to.equal(6)
      await codex.start()
      expect(codex.stats().used).to.deep.equal({ blocks: 0, bytes: 0 })
    })
  })
})
