import { expect } from 'aegir/chai'
import { KiB } from '../../src/constants.ts'
import { shapeOf } from '../../src/dataset/verify.ts'
import { ErasureLayout } from '../../src/erasure/layout.ts'
import { hasher } from '../../src/hasher/node.ts'
import { createCodex } from '../../src/index.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { LocalStore } from '../../src/stores/local-store.ts'
import { memoryStores, runPromise, seededContent, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'

const BLOCK = 4 * KiB

describe('repair', () => {
  before(async () => { await loadLeopard() })

  it('makes lost data, parity and empty blocks again, alone, and serves them', async () => {
    const clock = new VirtualClock()
    const random = seededRandom(1)
    const network = new SimulatedNetwork({ clock, random })
    const stores = memoryStores()
    const codex = createCodex({ ...stores, transport: network.addPeer(), clock, random })

    await runPromise(clock, (async () => {
      await codex.start()
      const cid = await codex.store(seededContent(1)(43 * BLOCK), { blockSize: BLOCK, erasure: { data: 5, parity: 3 } })
      const manifest = await codex.manifest(cid)
      const layout = ErasureLayout.of(manifest) as ErasureLayout
      await codex.stop()
      const lost = [0, 9, 45, 1, 46, 55, 2, 43, 44, 71]
      const local = new LocalStore({ ...stores, hasher, random })
      await local.open()
      const tree = await local.tree(shapeOf(manifest))
      const before = await Promise.all(lost.map(async index => (await tree.get(index))?.data))

      for (const index of lost) {
        const block = await tree.get(index)
        await stores.blockstore.delete(block?.cid ?? manifest.treeCid)
        await tree.get(index)
      }

      expect((await tree.presentIn({ start: 0, end: layout.blocks })).reduce((sum, { start, end }) => sum + end - start, 0)).to.be.at.most(layout.blocks - lost.length)
      tree.release()
      await local.close()

      await codex.start()
      expect(await codex.repair(cid)).to.be.at.least(lost.length)
      expect(await codex.repair(cid)).to.equal(0)
      await codex.stop()

      await local.open()
      const again = await local.tree(shapeOf(manifest))
      expect(await again.presentIn({ start: 0, end: layout.blocks })).to.deep.equal([{ start: 0, end: layout.blocks }])
      expect(await Promise.all(lost.map(async index => (await again.get(index))?.data))).to.deep.equal(before)
      again.release()
      await local.close()
    })(), { maxMs: 10 * 60_000 })

    expect(clock.pending).to.equal(0)
  })
})
