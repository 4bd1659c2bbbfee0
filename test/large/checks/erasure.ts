import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { blocksOf, loseBlocks, ofEveryGroup } from '../../../examples/demo/lose-blocks.ts'
import { ErasureLayout } from '../../../src/erasure/layout.ts'
import { contentChunks, seededContent } from '../../../src/testing/corpus.ts'
import { formatMB, formatRate, MB } from '../figures.ts'
import { firstUnproven } from './provable.ts'
import type { Losses } from '../../../examples/demo/lose-blocks.ts'
import type { Downloaded, DownloadInput } from '../roles/download.ts'
import type { Seeded, SeedInput } from '../roles/seed.ts'
import type { Served } from '../roles/serve.ts'
import type { Check, Stage } from '../stage.ts'

/** Bytes, of the file without parity. */
const MOST_SIZE = 256 * 1024 ** 2
const CODE = { data: 20, parity: 10 }
/** Bytes of memory that a downloader has, at most. */
const MOST_BYTES = 300 * MB
/** Milliseconds in which a download that cannot go on gives up. */
const PATIENCE = 5_000

/**
 * A protected file of which as many blocks are gone as its parity makes up for: of every group at random, then the first
 * half of the file. With one more of one group, the download says which group and which blocks, after all before them.
 */
export const erasure: Check = async stage => {
  const size = Math.min(stage.size, MOST_SIZE)
  const dir = await stage.dir()
  const [scattered, headless] = [join(dir, 'scattered'), join(dir, 'headless')]
  const file = await store(stage, { dataDir: scattered, size, seed: stage.seed, erasure: CODE })
  const layout = new ErasureLayout({ ecK: CODE.data, ecM: CODE.parity, originalDatasetSize: size, strategy: 'stepped' }, file.blockSize)
  const lost = ofEveryGroup(CODE.parity, stage.seed)(layout)
  await cp(scattered, headless, { recursive: true })

  const random = await whole(stage, file, scattered, () => lost)
  const group = layout.groups >> 1
  const oneMore = blocksOf(layout, group).filter(index => !lost.includes(index))[0]
  const missing = [...lost.filter(index => layout.placeOf(index).group === group), oneMore].sort((a, b) => a - b)
  const gone = new Set([...lost, oneMore])
  const first = firstUnproven(layout.fileBlocks, layout.blocks, index => gone.has(index), index => layout.placeOf(index).group !== group && index < layout.rounded)
  await tooFew(stage, file, scattered, { lose: oneMore, group, missing, first })
  const head = await whole(stage, file, headless, () => Array.from({ length: layout.groups * CODE.parity }, (_, index) => index))

  return `${CODE.parity} of ${CODE.data + CODE.parity} blocks of ${layout.groups} groups gone: at random ${random}; at the head ${head}; ` +
    `one more of group ${group} gone: it and its ${missing.length} missing blocks were named, after all ${first} blocks before them that can be proven`
}

async function store (stage: Stage, input: SeedInput): Promise<Seeded> {
  const seeder = stage.start<Seeded>('seed', input)
  const file = await seeder.next()
  await seeder.kill()

  return file
}

/** Deletes blocks, serves what is left, and reads the whole file. */
async function whole (stage: Stage, file: Seeded, dataDir: string, losses: Losses): Promise<string> {
  const { sha256, milliseconds, peakBytes, recovered, bytes } = await read(stage, file, dataDir, losses)

  assert.equal(sha256, file.sha256, 'the content')
  assert.ok(recovered > 0, 'nothing was recovered')
  assert.ok(peakBytes < MOST_BYTES, `the downloader had ${formatMB(peakBytes)} of memory, ${formatMB(MOST_BYTES)} are allowed`)

  return `${recovered} blocks recovered, sha256 right, ${formatRate(bytes, milliseconds)}, peak ${formatMB(peakBytes)}`
}

/** `first`: the first block that cannot be proven. All before it were given, and no more. */
async function tooFew (stage: Stage, file: Seeded, dataDir: string, { lose, group, missing, first }: { lose: number, group: number, missing: number[], first: number }): Promise<void> {
  const { bytes, sha256, failure } = await read(stage, file, dataDir, () => [lose])
  const before = createHash('sha256')

  for await (const chunk of contentChunks(seededContent(stage.seed), bytes)) {
    before.update(chunk)
  }

  assert.deepEqual(failure, { name: 'RecoveryError', group, missing })
  assert.equal(sha256, before.digest('hex'), 'the content of them')

  assert.equal(bytes / file.blockSize, first, `blocks before the first that cannot be proven; the first missing one is ${missing[0]}`)
}

async function read (stage: Stage, file: Seeded, dataDir: string, losses: Losses): Promise<Downloaded> {
  await loseBlocks(dataDir, file.cid, losses)
  const server = stage.start<Served>('serve', { dataDir })
  const { addresses } = await server.next()
  const input: DownloadInput = { dataDir: await stage.dir(), peers: addresses, cid: file.cid, options: { stallTimeout: PATIENCE } }
  const reader = stage.start<Downloaded>('download', input)
  const downloaded = await reader.next()
  await reader.ended()
  await server.kill()

  return downloaded
}
