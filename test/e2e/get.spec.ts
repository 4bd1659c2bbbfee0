import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { EXIT } from '../../bin/exit-codes.ts'
import { startSeeder } from '../../examples/demo/seeder.ts'
import { withTempDir } from '../temp-dir.ts'
import { COMMAND, collectBytes, grown, killAll, run, runJson, start, take } from './cli.ts'
import type { Seeder } from '../../examples/demo/seeder.ts'

const MIB = 1024 * 1024
const SIZE = 48 * MIB + 12_345
const BLOCK = 65_536

interface Got { file: string, bytes: number, resumed: number, peers: string[] }

describe('e2e/get', function () {
  this.timeout(120_000)

  let content: Buffer
  let sha256: string

  before(() => {
    content = randomFillSync(Buffer.alloc(SIZE))
    sha256 = hashOf(content)
  })

  afterEach(killAll)

  /** A directory of one's own with a file in it that this many processes serve, each `--peer` of them. */
  async function withSeeders (count: number, fn: (dir: string, seeders: Seeder[], peers: string[]) => Promise<void>): Promise<void> {
    await withTempDir(async dir => {
      await writeFile(join(dir, 'content'), content)
      const seeders: Seeder[] = []

      try {
        for (let i = 0; i < count; i++) {
          seeders.push(await startSeeder(COMMAND, join(dir, 'content'), join(dir, `seeder-${i}`)))
        }

        await fn(dir, seeders, seeders.flatMap(({ addresses }) => addresses.flatMap(address => ['--peer', address])))
      } finally {
        await Promise.all(seeders.map(async seeder => seeder.kill()))
      }
    })
  }

  it('writes the file, and again from the local store with the seeders gone', async () => withSeeders(2, async (dir, seeders, peers) => {
    const dataDir = join(dir, 'data')
    const got = await runJson<Got>(['get', seeders[0].cid, '--data-dir', dataDir, '-o', join(dir, 'got'), ...peers])
    expect(got).to.include({ bytes: SIZE, resumed: 0 })
    expect(hashOf(await readFile(join(dir, 'got')))).to.equal(sha256)

    await Promise.all(seeders.map(async seeder => seeder.kill()))
    const again = await runJson<Got>(['get', seeders[0].cid, '--data-dir', dataDir, '-o', join(dir, 'again')])
    expect(again.peers).to.deep.equal([])
    expect(hashOf(await readFile(join(dir, 'again')))).to.equal(sha256)
    expect((await readdir(dir)).filter(name => name.endsWith('.part'))).to.deep.equal([])
  }))

  it('goes on when a seeder is killed half way', async () => withSeeders(2, async (dir, seeders, peers) => {
    const { child, ended } = start(['get', seeders[0].cid, '--data-dir', join(dir, 'data'), ...peers])
    // what is not read is not fetched, but for the window
    const half = await take(child.stdout, SIZE / 2 | 0)
    await seeders[0].kill()
    const rest = await collectBytes(child.stdout)

    expect((await ended).code).to.equal(EXIT.ok)
    expect(hashOf(Buffer.concat([half, rest]))).to.equal(sha256)
  }))

  it('resumes after SIGKILL, at a block', async () => withSeeders(1, async (dir, [{ cid }], peers) => {
    const args = ['get', cid, '--data-dir', join(dir, 'data'), '-o', join(dir, 'got'), ...peers]
    const part = join(dir, `got.${cid.slice(-8)}.part`)
    const { code } = await run(args, async child => {
      await grown(part, 4 * MIB)
      child.kill('SIGKILL')
    })
    expect(code).to.equal(null)
    expect(await readdir(dir)).to.not.include('got')

    const got = await runJson<Got>(args)
    expect(got.resumed).to.be.within(4 * MIB, SIZE)
    expect(got.resumed % BLOCK).to.equal(0)
    expect(hashOf(await readFile(join(dir, 'got')))).to.equal(sha256)
    expect(await readdir(dir)).to.not.include(part)
  }))

  it('ends with 130 at Ctrl-C and goes on from there', async () => withSeeders(1, async (dir, [{ cid }], peers) => {
    const args = ['get', cid, '--data-dir', join(dir, 'data'), '-o', join(dir, 'got'), ...peers]
    const { code, stderr } = await run(args, async child => {
      await grown(join(dir, `got.${cid.slice(-8)}.part`), 4 * MIB)
      child.kill('SIGINT')
    })
    expect(code).to.equal(EXIT.interrupted)
    expect(stderr).to.match(/codex-download: ended by SIGINT\n$/)

    const got = await runJson<Got>(args)
    expect(got.resumed).to.be.at.least(4 * MIB)
    expect(hashOf(await readFile(join(dir, 'got')))).to.equal(sha256)
  }))

  it('ends at Ctrl-C though nobody reads what it writes', async () => withSeeders(1, async (dir, [{ cid }], peers) => {
    const { child, ended } = start(['get', cid, '--data-dir', join(dir, 'data'), ...peers])
    await take(child.stdout, MIB)
    child.kill('SIGINT')

    expect((await ended).code).to.equal(EXIT.interrupted)
  }))

  it('ends quietly when its reader has enough', async () => withSeeders(1, async (dir, [{ cid }], peers) => {
    const { child, ended } = start(['get', cid, '--json', '--data-dir', join(dir, 'data'), ...peers])
    await take(child.stdout, MIB)
    child.stdout.destroy()
    await once(child, 'exit')

    expect(await ended).to.deep.equal({ code: EXIT.ok, stderr: '' })
  }))

  it('gives a range, to a pipe and to a file', async () => withSeeders(1, async (dir, [{ cid }], peers) => {
    const range = ['--offset', String(5 * MIB + 7), '--length', String(MIB)]
    const wanted = hashOf(content.subarray(5 * MIB + 7, 6 * MIB + 7))
    const { code, stdout } = await run(['get', cid, '--data-dir', join(dir, 'data'), ...range, ...peers])
    expect(code).to.equal(EXIT.ok)
    expect(hashOf(stdout)).to.equal(wanted)

    const got = await runJson<Got>(['get', cid, '--data-dir', join(dir, 'data'), '-o', join(dir, 'range'), ...range, ...peers])
    expect(got.bytes).to.equal(MIB)
    expect(hashOf(await readFile(join(dir, 'range')))).to.equal(wanted)
  }))

  it('never overwrites unasked', async () => withSeeders(1, async (dir, [{ cid }], peers) => {
    await writeFile(join(dir, 'mine'), 'mine')
    const args = ['get', cid, '--data-dir', join(dir, 'data'), '-o', join(dir, 'mine'), ...peers]
    expect((await run(args)).code).to.equal(EXIT.exists)
    expect(await readFile(join(dir, 'mine'), 'utf8')).to.equal('mine')

    await mkdir(join(dir, 'into'))
    await writeFile(join(dir, 'into', 'content'), 'mine')
    expect((await run([...args.slice(0, 4), '-o', join(dir, 'into'), ...peers])).code).to.equal(EXIT.exists)

    expect((await run([...args, '--force'])).code).to.equal(EXIT.ok)
    expect(hashOf(await readFile(join(dir, 'mine')))).to.equal(sha256)
  }))
})

function hashOf (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
