/**
 * What `npm start` shows: a file travels over TCP from two processes to a third, checked block by block, while one of
 * the two is killed; then it is read again from the local store with both gone. In the second act a protected file loses
 * a third of its blocks everywhere, and comes all the same.
 */
import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createNode } from 'codex-download/node'
import { exitCodeOf } from '../../bin/exit-codes.ts'
import { formatBytes, formatMilliseconds } from '../../bin/format.ts'
import { interruptSignal } from '../../bin/interrupt.ts'
import { showProgress } from '../../bin/progress.ts'
import { loseBlocks, ofEveryGroup } from './lose-blocks.ts'
import { startSeeder } from './seeder.ts'
import type { Seeder } from './seeder.ts'
import type { Codex, Download, DownloadFigures } from 'codex-download'
import type { NodeInit } from 'codex-download/node'

const FILE_BYTES = 192 * 1024 * 1024
const PROTECTED_BYTES = 64 * 1024 * 1024
const ERASURE = { data: 20, parity: 10 }
const SEED = 1
const COMMAND = fileURLToPath(new URL('../../bin/codex-download.js', import.meta.url))

interface Run extends DownloadFigures {
  sha256: string
}

async function firstAct (dir: string, seeders: Seeder[], signal: AbortSignal): Promise<void> {
  const file = join(dir, 'a file of random bytes.bin')
  say(`Writing ${formatBytes(FILE_BYTES)} of random bytes`)
  await pipeline(randomBytes(FILE_BYTES), createWriteStream(file), { signal })
  const wanted = await sha256Of(file)

  say('Starting two processes that seed it')

  for (const name of ['first', 'second']) {
    seeders.push(await startSeeder(COMMAND, file, join(dir, name)))
    signal.throwIfAborted()
  }

  const [first, second] = seeders
  say(`Its CID is ${first.cid}`)

  if (second.cid !== first.cid) {
    throw new Error(`the second seeder says that it is ${second.cid}`)
  }

  const dataDir = join(dir, 'downloader')
  const peers = seeders.flatMap(({ addresses }) => addresses)
  say('\nDownloading from both; the first is killed half way')
  const remote = await withNode({ dataDir, listen: [], peers }, async codex =>
    read(codex.download(first.cid, { signal }), join(dir, 'downloaded.bin'), async () => first.kill()))
  report(remote, wanted)

  await second.kill()
  say('\nBoth seeders are gone; reading it again from the local store')
  const local = await withNode({ dataDir, listen: [] }, async codex =>
    read(codex.download(first.cid, { signal, offline: true }), join(dir, 'read again.bin')))
  report(local, wanted)
}

async function secondAct (dir: string, seeders: Seeder[], signal: AbortSignal): Promise<void> {
  const { data, parity } = ERASURE
  const file = join(dir, 'a protected file.bin')
  const dataDirs = ['third', 'fourth'].map(name => join(dir, name))
  say(`\nWriting ${formatBytes(PROTECTED_BYTES)} of random bytes; two processes store them with ${parity} parity blocks for each ${data}`)
  await pipeline(randomBytes(PROTECTED_BYTES), createWriteStream(file), { signal })
  const wanted = await sha256Of(file)
  const stored = await startAll(dataDirs.map(async dataDir => startSeeder(COMMAND, file, dataDir, ERASURE)), seeders)
  const [{ cid }] = stored
  signal.throwIfAborted()
  say(`Its CID is ${cid}`)
  await Promise.all(stored.map(async seeder => seeder.kill()))

  // the same blocks in both directories: nobody has them any more
  for (const dataDir of dataDirs) {
    const lost = await loseBlocks(dataDir, cid, ofEveryGroup(parity, SEED))
    say(`Deleted ${lost} blocks from the ${basename(dataDir)} data directory, ${parity} of every ${data + parity} (seed ${SEED})`)
  }

  const serving = await startAll(dataDirs.map(async dataDir => startSeeder(COMMAND, undefined, dataDir)), seeders)
  signal.throwIfAborted()
  say('\nDownloading from both; what neither has is recovered from parity')
  const recovered = await withNode({ dataDir: join(dir, 'second downloader'), listen: [], peers: serving.flatMap(({ addresses }) => addresses) }, async codex =>
    read(codex.download(cid, { signal }), join(dir, 'recovered.bin')))
  report(recovered, wanted)
}

/** Whichever starts is ended with the others, also where one fails. */
async function startAll (starting: Array<Promise<Seeder>>, seeders: Seeder[]): Promise<Seeder[]> {
  const settled = await Promise.allSettled(starting)
  seeders.push(...settled.flatMap(result => result.status === 'fulfilled' ? [result.value] : []))

  return Promise.all(starting)
}

async function withNode <T> (init: NodeInit, fn: (codex: Codex) => Promise<T>): Promise<T> {
  const node = await createNode(init)

  try {
    return await fn(node.codex)
  } finally {
    await node.stop()
  }
}

/** Writes what comes to a file; `atHalf` is called when half of it is there. */
async function read (download: Download, file: string, atHalf?: () => Promise<void>): Promise<Run> {
  const hide = showProgress(() => download.progress, process.stderr)
  let bytes = 0

  try {
    await pipeline(Readable.from(download), async function * (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += chunk.byteLength

        if (bytes >= FILE_BYTES / 2) {
          await atHalf?.()
          atHalf = undefined
        }

        yield chunk
      }
    }, createWriteStream(file))
  } finally {
    hide()
  }

  return { ...await download.done, sha256: await sha256Of(file) }
}

function report ({ bytes, blocks: { recovered }, milliseconds, peers, sha256 }: Run, wanted: string): void {
  const from = peers.length === 0 ? 'from no peer' : `from ${peers.length} peers: ${peers.join(', ')}`
  say(`${formatBytes(bytes)} in ${formatMilliseconds(milliseconds)}, ${formatBytes(bytes * 1000 / milliseconds)}/s, ${from}`)

  if (recovered > 0) {
    say(`${recovered} blocks were recovered`)
  }

  say(`sha256 ${sha256} ${sha256 === wanted ? 'is the same' : `is NOT ${wanted}`}`)

  if (sha256 !== wanted) {
    throw new Error('the file that came is another than the one that was sent')
  }
}

function randomBytes (length: number): Readable {
  return Readable.from(function * () {
    for (let left = length; left > 0; left -= 1024 * 1024) {
      yield randomFillSync(new Uint8Array(Math.min(left, 1024 * 1024)))
    }
  }())
}

async function sha256Of (file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)

  return hash.digest('hex')
}

function say (text: string): void {
  process.stdout.write(`${text}\n`)
}

const { signal, release } = interruptSignal()
const dir = await mkdtemp(join(tmpdir(), 'codex-download-demo-'))
const seeders: Seeder[] = []

try {
  await firstAct(dir, seeders, signal)
  await secondAct(dir, seeders, signal)
  say('\nVerified, every time.')
} catch (err) {
  say(`\nFailed: ${err instanceof Error ? err.stack : String(err)}`)
  process.exitCode = exitCodeOf(err)
} finally {
  release()
  await Promise.all(seeders.map(async seeder => seeder.kill()))
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
