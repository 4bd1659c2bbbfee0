import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'aegir/chai'
import { EXIT } from '../../bin/exit-codes.ts'
import { withTempDir } from '../temp-dir.ts'
import { killAll, run, runJson, start } from './cli.ts'

interface Seeded {
  cid: string
  addresses: string[]
  spr: string
}

describe('e2e/bootstrap', function () {
  this.timeout(120_000)

  afterEach(killAll)

  /** Starts `seed --json` and reads its first line. */
  async function seed (args: string[]): Promise<Seeded & { kill(): Promise<void> }> {
    const { child, ended } = start(['seed', '--json', '--listen', '/ip4/127.0.0.1/tcp/0', ...args])

    const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended])

    if (!Array.isArray(line)) {
      throw new Error(`seed ended: ${line.stderr}`)
    }

    return {
      ...JSON.parse(line[0]),
      async kill () {
        child.kill('SIGKILL')
        await ended
      }
    }
  }

  it('finds, tells of and downloads what others seed, from a CID and the record that seed printed', async () => withTempDir(async dir => {
    const content = randomBytes(300_000)
    await writeFile(join(dir, 'a'), content)
    await writeFile(join(dir, 'b'), 'something else')
    const first = await seed(['--discovery-port', '0', '--data-dir', join(dir, 'first'), join(dir, 'b')])
    expect(first.spr).to.match(/^spr:/)
    const bootstrap = ['--bootstrap', first.spr]
    const seeder = await seed(['--data-dir', join(dir, 'seeder'), ...bootstrap, join(dir, 'a')])
    expect(seeder.spr).to.match(/^spr:/).and.to.not.equal(first.spr)

    const info = await runJson<{ size: number, providers: unknown }>(['info', seeder.cid, '--data-dir', join(dir, 'reader'), ...bootstrap])
    const [, peer] = seeder.addresses[0].split('/p2p/')
    expect(info.size).to.equal(content.byteLength)
    expect(info.providers).to.deep.equal([{ peer, addresses: [seeder.addresses[0].split('/p2p/')[0]] }])
    const { stdout } = await run(['info', seeder.cid, '--data-dir', join(dir, 'reader'), ...bootstrap])
    expect(stdout.toString()).to.contain(`peer    ${peer} ${seeder.addresses[0].split('/p2p/')[0]}`)

    const got = await run(['get', seeder.cid, '--data-dir', join(dir, 'reader'), ...bootstrap])
    expect(got).to.include({ code: EXIT.ok })
    expect(got.stdout.equals(content)).to.equal(true)
  }))

  it('announces what is in the data directory when it is seeded again, from another port', async () => withTempDir(async dir => {
    await writeFile(join(dir, 'a'), 'again')
    await writeFile(join(dir, 'b'), 'something else')
    const first = await seed(['--discovery-port', '0', '--data-dir', join(dir, 'first'), join(dir, 'b')])
    const bootstrap = ['--bootstrap', first.spr]
    const seeder = await seed(['--data-dir', join(dir, 'seeder'), ...bootstrap, join(dir, 'a')])
    await seeder.kill()
    await seed(['--data-dir', join(dir, 'seeder'), ...bootstrap])

    const got = await run(['get', seeder.cid, '--data-dir', join(dir, 'reader'), ...bootstrap])
    expect(got.stdout.toString()).to.equal('again')
  }))

  it('tells that a peer has what it sent, where nobody announces', async () => withTempDir(async dir => {
    await writeFile(join(dir, 'a'), 'again')
    const seeder = await seed(['--data-dir', join(dir, 'seeder'), join(dir, 'a')])
    const [address, peer] = seeder.addresses[0].split('/p2p/')
    const info = await runJson<{ providers: Array<{ peer: string, addresses: string[] }> }>(['info', seeder.cid, '--data-dir', join(dir, 'reader'), '--peer', seeder.addresses[0]])

    expect(info.providers.map(({ peer }) => peer)).to.deep.equal([peer])
    expect(info.providers[0].addresses[0]).to.contain(address)
    // of what is here nobody is asked
    const { providers } = await runJson<{ providers: unknown }>(['info', seeder.cid, '--data-dir', join(dir, 'reader')])
    expect(providers).to.deep.equal([])
  }))
})
