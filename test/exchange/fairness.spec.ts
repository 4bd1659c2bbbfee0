import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { BLOCK, onNetwork, seed } from '../api/network.ts'

describe('downloads that share a peer', () => {
  it('go on when the blocks of another have made room in its window', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { codex } = await net.add({ limits: { peerWindowBytes: 8 * BLOCK, firstWindowBytes: 8 * BLOCK } })
      const files = [await seed(seeder, 60 * BLOCK), await seed(seeder, 61 * BLOCK), await seed(seeder, 62 * BLOCK)]
      const read = await Promise.all(files.map(async ({ cid }) => collect(codex.download(cid), { max: MiB })))

      expect(read).to.deep.equal(files.map(({ content }) => content))
    })
  })

  it('go on when the intake has room again', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { codex } = await net.add({ limits: { intakeBytes: BLOCK, totalReadAheadBytes: 4 * BLOCK } })
      const files = [await seed(seeder, 60 * BLOCK), await seed(seeder, 61 * BLOCK), await seed(seeder, 62 * BLOCK)]
      const read = await Promise.all(files.map(async ({ cid }) => collect(codex.download(cid), { max: MiB })))

      expect(read).to.deep.equal(files.map(({ content }) => content))
    })
  })

  it('of one file take turns, also where there is room for one block at a time', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid } = await seed(seeder, 400 * BLOCK)
      const { codex } = await net.add({ limits: { peerWindowBytes: BLOCK } })
      await codex.manifest(cid)
      const [first, second] = [codex.download(cid), codex.download(cid, { offset: 200 * BLOCK })]
      const reading = [first, second].map(async download => collect(download, { max: 2 * MiB }))
      await net.sleep(5_000)
      const [a, b] = [first.progress.bytes, second.progress.bytes]

      expect(Math.min(a, b)).to.be.above(10 * BLOCK)
      expect(a / b).to.be.within(0.8, 1.25)
      await Promise.all(reading)
    })
  })

  it('take turns: a small one is not kept waiting by a large one', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 500 * KiB } })
      const { codex } = await net.add()
      const large = await seed(seeder, 1_000 * BLOCK)
      const small = await seed(seeder, 50 * BLOCK)
      const reading = collect(codex.download(large.cid), { max: 8 * MiB })
      await net.sleep(2_000)
      const startedAt = net.clock.now()
      await collect(codex.download(small.cid), { max: MiB })

      // alone it takes 400 ms
      expect(net.clock.now() - startedAt).to.be.below(2_500)
      await reading
    })
  })
})
