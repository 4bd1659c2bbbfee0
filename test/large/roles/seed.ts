import { createHash } from 'node:crypto'
import { formatCid } from '../../../src/dataset/codecs.ts'
import { shapeOf } from '../../../src/dataset/verify.ts'
import { contentChunks, seededContent } from '../../../src/testing/corpus.ts'
import { peakBytes, say, withNode } from './node.ts'
import type { ErasureOptions } from '../../../src/index.ts'

export interface SeedInput {
  dataDir: string
  size: number
  seed: number
  /** Stores parity beside it; then the protected file is seeded. */
  erasure?: ErasureOptions
}

/** Said first. */
export interface Seeded {
  cid: string
  /** Of the tree. */
  root: string
  addresses: string[]
  sha256: string
  blocks: number
  blockSize: number
}

/** Said whenever it is asked something. */
export interface SeederFigures {
  /** Blocks sent since it was started, manifests included. */
  served: number
  peakBytes: number
}

/** Stores content that it never holds whole, and serves it until it is killed. */
export async function seed ({ dataDir, size, seed, erasure }: SeedInput): Promise<void> {
  await withNode({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] }, async ({ codex, addresses }) => {
    const hash = createHash('sha256')
    const cid = await codex.store((async function * () {
      for await (const chunk of contentChunks(seededContent(seed), size)) {
        hash.update(chunk)
        yield chunk
      }
    })(), { erasure })
    const { root, leaves, blockSize } = shapeOf(await codex.manifest(cid))
    const seeded: Seeded = {
      cid: formatCid(cid),
      root: formatCid(root),
      addresses: addresses().map(address => address.toString()),
      sha256: hash.digest('hex'),
      blocks: leaves,
      blockSize
    }
    say(seeded)

    await new Promise(() => {
      process.on('message', () => {
        const figures: SeederFigures = { served: codex.stats().served.blocks, peakBytes: peakBytes() }
        say(figures)
      })
    })
  })
}
