import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { Key } from 'interface-datastore'
import { DataDirInUseError } from '../../src/errors.ts'
import { openDataDir } from '../../src/node/data-dir.ts'
import { withTempDir } from '../temp-dir.ts'

const KEY = new Key('/hello')

describe('node/data-dir', () => {
  it('makes a directory for the owner alone, and keeps what is put there', async () => withTempDir(async dir => {
    const path = join(dir, 'made', 'here')
    const first = await openDataDir(path)
    await first.datastore.put(KEY, Uint8Array.of(1, 2, 3))
    await first.close()

    if (process.platform !== 'win32') {
      expect((await stat(path)).mode & 0o777).to.equal(0o700)
    }

    const second = await openDataDir(path)
    expect([...await second.datastore.get(KEY)]).to.deep.equal([1, 2, 3])
    expect(second.identity.equals(first.identity)).to.equal(true)
    await second.close()
  }))

  it('refuses one that is open already, and leaves the first alone', async () => withTempDir(async dir => {
    const first = await openDataDir(dir)
    await expect(openDataDir(dir)).to.eventually.be.rejected.with.property('name', DataDirInUseError.name)
    await first.datastore.put(KEY, Uint8Array.of(1))
    expect([...await first.datastore.get(KEY)]).to.deep.equal([1])
    await first.close()
  }))

  it('refuses one that another process has open, until that process is killed', async () => withTempDir(async dir => {
    const script = `
      import { ClassicLevel } from 'classic-level'
      await new ClassicLevel(${JSON.stringify(join(dir, 'index'))}, { valueEncoding: 'view' }).open()
      console.log('open')
      setInterval(() => {}, 1000)
    `
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })

    try {
      await once(child.stdout, 'data')
      await expect(openDataDir(dir)).to.eventually.be.rejected.with.property('name', DataDirInUseError.name)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }

    await (await openDataDir(dir)).close()
  }))

  it('gives the directory free when it cannot open all of it', async () => withTempDir(async dir => {
    await writeFile(join(dir, 'key'), 'not a key')
    await expect(openDataDir(dir)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
    await expect(openDataDir(dir)).to.eventually.be.rejected.with.property('name', 'InvalidParametersError')
  }))

  it('fails with the reason where the database is broken', async () => withTempDir(async dir => {
    await mkdir(join(dir, 'index'))
    await writeFile(join(dir, 'index', 'CURRENT'), 'nonsense\n')
    await expect(openDataDir(dir)).to.eventually.be.rejected.with.nested.property('cause.code', 'LEVEL_IO_ERROR')
  }))
})
