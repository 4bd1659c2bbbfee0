import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { formatCid } from '../../src/dataset/codecs.ts'
import { createCodex } from '../../src/index.ts'
import { goldenContent, memoryStores, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'

interface Golden {
  name: string
  originalBlocks: number
  blockSize: number
  K: number
  M: number
  original: { manifestCid: string, filename: string | null, mimetype: string | null }
  protected: { manifestCid: string, treeCid: string }
}

const { entries } = JSON.parse(await readFile(new URL('../interop/vectors/erasure.json', import.meta.url), 'utf8')) as { entries: Golden[] }

describe('storing with parity', () => {
  for (const { name, originalBlocks, blockSize, K, M, original, protected: expected } of entries) {
    it(`makes of ${name} what the reference node makes`, async () => {
      const random = seededRandom(1)
      const clock = { now: () => performance.now(), setTimeout: (fn: () => void, ms: number) => setTimeout(fn, ms), clearTimeout: (timer: unknown) => { clearTimeout(timer as NodeJS.Timeout) } }
      const network = new SimulatedNetwork({ clock: new VirtualClock(), random })
      const codex = createCodex({ ...memoryStores(), transport: network.addPeer(), random, clock })
      await codex.start()
      const cid = await codex.store(goldenContent(originalBlocks * blockSize), {
        blockSize,
        filename: original.filename ?? undefined,
        mimetype: original.mimetype ?? undefined,
        erasure: { data: K, parity: M }
      })

      expect(formatCid(cid)).to.equal(expected.manifestCid)
      expect((await codex.stat(original.manifestCid))?.blocksHere).to.equal(originalBlocks)
      await codex.stop()
    })
  }

  for (const [why, erasure] of [
    ['more parity than data', { data: 2, parity: 3 }],
    ['no parity', { data: 2, parity: 0 }],
    ['counts that are none', { data: 2.5, parity: 1 }],
    ['more data blocks than the file has', { data: 5, parity: 1 }],
    ['more than the code can number', { data: 60_000, parity: 10_000 }]
  ] as const) {
    it(`keeps nothing of a file that cannot be protected: ${why}`, async () => {
      const codex = createCodex({ ...memoryStores(), transport: new SimulatedNetwork({ clock: new VirtualClock(), random: seededRandom(1) }).addPeer() })
      await codex.start()

      await expect(codex.store(goldenContent(4 * 65_536), { erasure })).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
      expect(await Array.fromAsync(codex.list())).to.deep.equal([])
      await codex.stop()
    })
  }
})
