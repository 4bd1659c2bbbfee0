import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { KiB } from '../../src/constants.ts'
import { collect, createCodex } from '../../src/index.ts'
import { memoryStores, runPromise, seededContent, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import type { CodexStats } from '../../src/index.ts'

const SIZE = 1_000 * KiB
const content = seededContent(5)(SIZE)

/** A download from one peer that sends `upload` bytes a second. */
async function download (upload: number): Promise<{ stats: CodexStats, timeouts: number, bytes: Uint8Array }> {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const network = new SimulatedNetwork({ clock, random })
  const [seeder, reader] = [{ upload }, {}].map(conditions => createCodex({ ...memoryStores(), transport: network.addPeer(conditions), clock, random }))
  let timeouts = 0
  reader.addEventListener('codex:peer:timeout', () => { timeouts++ })

  return runPromise(clock, (async () => {
    await Promise.all([seeder.start(), reader.start()])
    const cid = await seeder.store(content)
    const bytes = await collect(reader.download(cid, { providers: [network.peers[0].peerId] }), { max: SIZE })
    const stats = reader.stats()
    await Promise.all([seeder.stop(), reader.stop()])

    return { stats, timeouts, bytes }
  })(), { maxMs: 10 * 60_000 })
}

describe('a peer on a slow path', () => {
  it('is not given up while a large message is on its way, and nothing comes twice', async () => {
    const { stats, timeouts, bytes } = await download(60 * KiB)

    expect(equals(bytes, content)).to.equal(true)
    expect(timeouts).to.equal(0)
    expect(stats.duplicate.blocks + stats.late.blocks).to.equal(0)
  })
})
