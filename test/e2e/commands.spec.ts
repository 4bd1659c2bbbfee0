import { randomFillSync } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { EXIT, EXIT_MEANING } from '../../bin/exit-codes.ts'
import { startSeeder } from '../../examples/demo/seeder.ts'
import { formatCid, manifestCid } from '../../src/dataset/codecs.ts'
import { createNode } from '../../src/node/index.ts'
import { withTempDir } from '../temp-dir.ts'
import { COMMAND, killAll, run, runJson, start, take } from './cli.ts'
import type { Seeder } from '../../examples/demo/seeder.ts'
import type { CodexNode, NodeInit } from '../../src/node/index.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
/** What could steer a terminal. */
const STEERING = /(?!\n)[\p{Cc}\p{Cf}]/u
const UNKNOWN = formatCid(manifestCid(new Uint8Array(32).fill(1)))

/** A node of this process, and how others reach it. */
async function withNode (init: NodeInit, fn: (node: CodexNode, peers: string[]) => Promise<void>): Promise<void> {
  const node = await createNode({ listen: LISTEN, ...init })

  try {
    await fn(node, node.addresses().flatMap(address => ['--peer', address.toString()]))
  } finally {
    await node.stop()
  }
}

/** Downloads from a seeder that stops half way, though its connection stays. */
async function getAndStall ({ cid, pid = 0, addresses: [address] }: Seeder, dataDir: string): Promise<{ code: number | null }> {
  const { child, ended } = start(['get', cid, '--data-dir', dataDir, '--peer', address])
  await take(child.stdout, 1024 * 1024)
  process.kill(pid, 'SIGSTOP')
  child.stdout.resume()

  return ended
}

describe('e2e/commands', function () {
  this.timeout(60_000)

  afterEach(killAll)

  it('seed prints a line of JSON a file, serves, and ends well at Ctrl-C', async () => withTempDir(async dir => {
    await writeFile(join(dir, 'one'), 'one')
    await writeFile(join(dir, 'two'), 'two')
    const { child, ended } = start(['seed', '--json', '--listen', LISTEN[0], '--data-dir', join(dir, 'data'), join(dir, 'one'), join(dir, 'two')])
    let text = ''

    for await (const chunk of child.stdout) {
      text += String(chunk)

      if (text.split('\n').length === 3) {
        break
      }
    }

    const [one, two] = text.trim().split('\n').map(line => JSON.parse(line))
    expect(one).to.include({ filename: 'one', size: 3 })
    expect(one.cid).to.match(/^zDv/)
    expect(one.addresses[0]).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/16Uiu2HA/)
    expect(two.filename).to.equal('two')

    const { code, stdout } = await run(['get', two.cid, '--data-dir', join(dir, 'other'), '--peer', two.addresses[0]])
    expect(code).to.equal(EXIT.ok)
    expect(stdout.toString()).to.equal('two')

    child.kill('SIGINT')
    expect(await ended).to.deep.equal({ code: EXIT.ok, stderr: '' })
  }))

  it('info and list tell what is there', async () => withTempDir(async dir => withNode({ dataDir: join(dir, 'seeder') }, async (node, peers) => {
    const cid = formatCid(await node.codex.store([new Uint8Array(100_000)], { filename: 'a name.bin', mimetype: 'application/x-test' }))
    const common = ['--data-dir', join(dir, 'data')]
    const info = await runJson(['info', cid, ...common, ...peers])
    expect(info).to.include({ cid, filename: 'a name.bin', mimetype: 'application/x-test', size: 100_000, blocks: 2, blocksHere: 0 })

    expect((await run(['get', cid, ...common, ...peers])).code).to.equal(EXIT.ok)
    expect(await runJson(['list', ...common])).to.deep.equal({ cid, filename: 'a name.bin', size: 100_000, complete: true })

    const { stdout } = await run(['info', cid, ...common])
    expect(stdout.toString()).to.contain('97.7 KiB (100000 bytes)').and.to.contain('2 of 64.0 KiB, 2 here')
    expect((await run(['list', ...common])).stdout.toString()).to.contain('a name.bin')
  })))

  it('makes hostile names harmless, printed and used', async () => withTempDir(async dir => withNode({ dataDir: join(dir, 'seeder') }, async (node, peers) => {
    const filename = '../../.evil\u001b[2J\u202e.txt\n'
    const cid = formatCid(await node.codex.store([new Uint8Array(10)], { filename }))
    const common = ['--data-dir', join(dir, 'data'), ...peers]
    const info = await run(['info', cid, ...common])
    expect(info.code).to.equal(EXIT.ok)
    expect(info.stdout.toString()).to.contain('\\u{1b}[2J\\u{202e}.txt\\u{a}').and.to.not.match(STEERING)

    await mkdir(join(dir, 'a', 'b'), { recursive: true })
    const got = await run(['get', cid, ...common, '-o', join(dir, 'a', 'b')])
    expect(got.code).to.equal(EXIT.ok)
    expect(got.stderr).to.not.match(STEERING)
    expect(await readdir(join(dir, 'a', 'b'))).to.deep.equal(['_evil_[2J_.txt_'])
    expect((await run(['list', '--data-dir', join(dir, 'data')])).stdout.toString()).to.not.match(STEERING)
  })))

  it('reports a data directory in use', async () => withTempDir(async dir => withNode({ dataDir: dir }, async () => {
    const { code, stderr } = await run(['list', '--data-dir', dir])
    expect(code).to.equal(EXIT.dataDirInUse)
    expect(stderr).to.equal(`codex-download: ${dir} is in use by another process\n`)

    const json = await run(['list', '--json', '--data-dir', dir])
    expect(JSON.parse(json.stderr).error).to.include({ name: 'DataDirInUseError', exitCode: EXIT.dataDirInUse })
  })))

  it('exits with what went wrong', async () => withTempDir(async dir => {
    const common = ['--data-dir', join(dir, 'data')]
    const codeOf = async (...args: string[]): Promise<number | null> => (await run([...args, ...common])).code

    expect(await codeOf('get', 'nonsense')).to.equal(EXIT.usage)
    expect(await codeOf('get', UNKNOWN, '--offset', '-1')).to.equal(EXIT.usage)
    expect(await codeOf('get', UNKNOWN, '--length', '1e3')).to.equal(EXIT.usage)
    expect(await codeOf('get', UNKNOWN, '--peer', 'here')).to.equal(EXIT.usage)
    expect(await codeOf('get')).to.equal(EXIT.usage)
    expect(await codeOf('fetch')).to.equal(EXIT.usage)
    expect(JSON.parse((await run(['get', 'nonsense', '--json'])).stderr).error).to.include({ name: 'InvalidParametersError', exitCode: EXIT.usage })
    expect(await codeOf('seed', join(dir, 'nothing'))).to.equal(EXIT.disk)
    expect(await codeOf('seed', dir)).to.equal(EXIT.disk)
    expect(await codeOf('get', UNKNOWN)).to.equal(EXIT.notFound)
    expect(await codeOf('info', UNKNOWN)).to.equal(EXIT.notFound)
    await writeFile(join(dir, 'empty'), '')
    expect(await codeOf('seed', join(dir, 'empty'))).to.equal(EXIT.usage)
    expect((await run(['list', '--data-dir', join(dir, 'empty')])).code).to.equal(EXIT.disk)
  }))

  it('says where it cannot write', async () => withTempDir(async dir => withNode({ dataDir: join(dir, 'seeder') }, async (node, peers) => {
    const cid = formatCid(await node.codex.store([new Uint8Array(10)]))
    expect((await run(['get', cid, '--data-dir', join(dir, 'data'), '-o', join(dir, 'no', 'such'), ...peers])).code).to.equal(EXIT.disk)
  })))

  it('gives up where nobody is there, nobody sends, or all ask too much', async () => withTempDir(async dir => {
    const payment = { account: new Uint8Array(20).fill(3), price: 5n, pay: async () => new Uint8Array(0) }
    await writeFile(join(dir, 'file'), randomFillSync(Buffer.alloc(40 * 1024 * 1024)))
    const seeder = await startSeeder(COMMAND, join(dir, 'file'), join(dir, 'seeder'))

    await withNode({ dataDir: join(dir, 'seller'), payment }, async (node, peers) => {
      const cid = formatCid(await node.codex.store([new Uint8Array(10)]))
      const [nobody, silent, dear] = await Promise.all([
        run(['get', UNKNOWN, '--data-dir', join(dir, '1'), '--peer', '/ip4/127.0.0.1/tcp/1']),
        getAndStall(seeder, join(dir, '2')),
        run(['get', cid, '--data-dir', join(dir, '3'), ...peers])
      ])

      expect(nobody.code).to.equal(EXIT.notFound)
      expect(nobody.stderr).to.contain('/ip4/127.0.0.1/tcp/1 cannot be reached: ')
      expect(silent.code).to.equal(EXIT.stalled)
      expect(dear.code).to.equal(EXIT.tooExpensive)
      expect(dear.stderr).to.match(/\b5\b/)
    }).finally(seeder.kill)
  }))

  it('lists its exit codes in its help', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).to.equal(EXIT.ok)

    for (const [key, meaning] of Object.entries(EXIT_MEANING)) {
      expect(stdout.toString()).to.contain(`${EXIT[key as keyof typeof EXIT]}  ${meaning}`)
    }
  })

  it('tells an older Node in one line, before it loads anything', async () => {
    const older = "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.11.1'}})"
    const { code, stdout, stderr } = await run(['--version'], undefined, ['--import', older])

    expect(code).to.equal(EXIT.oldNode)
    expect(stdout.toString()).to.equal('')
    expect(stderr).to.equal('codex-download needs Node 22 or newer, this is 20.11.1\n')
  })
})
