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
})
