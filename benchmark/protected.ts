/**
 * How fast a protected file is downloaded over TCP from another process, with nothing missing and with one block in ten
 * missing, as a share of the speed of the plain file in the same run.
 */
import { randomFillSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loseBlocks } from '../examples/demo/lose-blocks.ts'
import { startSeeder } from '../examples/demo/seeder.ts'
import { createNode } from '../src/node/index.ts'
import { seededRandom } from '../src/testing/random.ts'
import type { Seeder } from '../examples/demo/seeder.ts'
import type { Result } from './report.ts'

const MIB = 1024 * 1024
const SIZE = 128 * MIB
const ROUNDS = 5
const ERASURE = { data: 20, parity: 10 }
const COMMAND = fileURLToPath(new URL('../bin/codex-download.js', import.meta.url))

export async function * benchProtected (): AsyncGenerator<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-download-bench-'))
  const seeders: Seeder[] = []

  try {
    const file = join(dir, 'file')
    await writeFile(file, randomFillSync(Buffer.alloc(SIZE)))
    seeders.push(await startSeeder(COMMAND, file, join(dir, 'plain')))
    seeders.push(await startSeeder(COMMAND, file, join(dir, 'protected'), ERASURE))
    seeders.push(await startLossy(file, join(dir, 'lossy')))
    const times: number[][] = seeders.map(() => [])

    // what disturbs a round disturbs all three of it
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, { cid, addresses }] of seeders.entries()) {
        times[i].push(await download(cid, addresses, join(dir, 'reader')))
      }
    }

    const [plain, whole, lossy] = times
    const figures = {
      plain: rate(Math.min(...plain)),
      nothingMissing: rate(Math.min(...whole)),
      tenthMissing: rate(Math.min(...lossy)),
      nothingMissingShare: median(plain.map((time, i) => time / whole[i])),
      tenthMissingShare: median(plain.map((time, i) => time / lossy[i]))
    }
    yield {
      figures,
      line: `plain ${figures.plain} MB/s; protected, nothing missing ${figures.nothingMissing} MB/s, ${figures.nothingMissingShare} of plain; ` +
        `one block in ten missing ${figures.tenthMissing} MB/s, ${figures.tenthMissingShare} of plain`
    }
  } finally {
    await Promise.all(seeders.map(async seeder => seeder.kill()))
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function startLossy (file: string, dataDir: string): Promise<Seeder> {
  const { cid, kill } = await startSeeder(COMMAND, file, dataDir, ERASURE)
  await kill()
  const random = seededRandom(1)
  await loseBlocks(dataDir, cid, layout => [...Array(layout.blocks).keys()].filter(index => !layout.isPadding(index) && random() < 0.1))

  return { ...await startSeeder(COMMAND, undefined, dataDir), cid }
}

/** Milliseconds. */
async function download (cid: string, peers: string[], dataDir: string): Promise<number> {
  const node = await createNode({ dataDir, listen: [], peers })

  try {
    return (await node.codex.download(cid).done).milliseconds
  } finally {
    await node.stop()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 })
  }
}

function rate (milliseconds: number): number {
  return Math.round(SIZE / milliseconds / 1000)
}

function median (values: number[]): number {
  const value = values.toSorted((a, b) => a - b)[values.length >> 1]

  return Math.round(value * 100) / 100
}
