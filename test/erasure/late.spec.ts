import { expect } from 'aegir/chai'
import { loseFrom, ofEveryGroup } from '../../examples/demo/lose-blocks.ts'
import { MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { memoryStores, neverDelivered, seededContent } from '../../src/testing/index.ts'
import { BLOCK, onNetwork } from '../api/network.ts'
import type { DownloadFigures } from '../../src/index.ts'
import type { NodeOptions } from '../api/network.ts'

const content = seededContent(3)(60 * BLOCK)

/** A quick peer that lost four blocks of each group, and complete ones that are of no use. */
async function download (others: NodeOptions[]): Promise<DownloadFigures> {
  const found: DownloadFigures[] = []
  await loadLeopard()

  await onNetwork(async net => {
    const stores = memoryStores()
    const quick = await net.add(stores)
    const cid = await quick.codex.store(content, { blockSize: BLOCK, erasure: { data: 10, parity: 5 } })
    await quick.codex.stop()
    await loseFrom(stores, cid, ofEveryGroup(4, 1))
    await quick.codex.start()
    const peers = [quick]

    for (const options of others) {
      const other = await net.add(options)
      await other.codex.store(content, { blockSize: BLOCK, erasure: { data: 10, parity: 5 } })
      peers.push(other)
    }

    const { codex } = await net.add()
    const reading = codex.download(cid, { providers: peers.map(({ transport }) => transport.peerId) })

    expect(await collect(reading, { max: MiB })).to.deep.equal(content)
    found.push(await reading.done)
  })

  return found[0]
}

describe('blocks that come later than recovery would', () => {
  const useless: Record<string, NodeOptions[]> = {
    'a peer needs eight seconds for one': [{ conditions: { upload: 500 } }],
    'many peers claim all and send nothing': Array.from({ length: 12 }, () => ({ faults: { blocks: [neverDelivered] } }))
  }

  for (const [what, others] of Object.entries(useless)) {
    it(`are recovered of what others have, where ${what}`, async () => {
      const alone = await download([])
      const beside = await download(others)

      expect(alone.blocks.recovered).to.be.above(0)
      expect(beside.blocks.recovered).to.be.above(0)
      expect(beside.milliseconds).to.be.below(8_000)
    })
  }
})
