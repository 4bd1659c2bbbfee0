import { expect } from 'aegir/chai'
import { loseFrom, ofEveryGroup } from '../../examples/demo/lose-blocks.ts'
import { MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { memoryStores, seededContent } from '../../src/testing/index.ts'
import { BLOCK, onNetwork } from '../api/network.ts'
import type { DownloadFigures } from '../../src/index.ts'

const content = seededContent(3)(60 * BLOCK)

/** A quick peer that lost four blocks of each group, and perhaps a complete one from which a block takes eight seconds. */
async function download (withSlow: boolean): Promise<DownloadFigures> {
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

    if (withSlow) {
      const slow = await net.add({ conditions: { upload: 500 } })
      await slow.codex.store(content, { blockSize: BLOCK, erasure: { data: 10, parity: 5 } })
      peers.push(slow)
    }

    const { codex } = await net.add()
    const reading = codex.download(cid, { providers: peers.map(({ transport }) => transport.peerId) })

    expect(await collect(reading, { max: MiB })).to.deep.equal(content)
    found.push(await reading.done)
  })

  return found[0]
}

describe('blocks that come later than recovery would', () => {
  it('are recovered of what others have', async () => {
    const without = await download(false)
    const beside = await download(true)

    expect(without.blocks.recovered).to.be.above(0)
    expect(beside.blocks.recovered).to.be.above(0)
    // one of them takes eight seconds
    expect(beside.milliseconds).to.be.below(5_000)
  })
})
