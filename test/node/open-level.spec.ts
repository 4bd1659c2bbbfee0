import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'aegir/chai'
import { openLevel } from '../../src/node/open-level.ts'
import { withTempDir } from '../temp-dir.ts'

const WRITER = fileURLToPath(new URL('../../dist/test/node/full-disk-writer.js', import.meta.url))

/** Where no file may have more than so many blocks of the system's, 512 or 1,024 bytes: what was put, and what is found. */
async function writeWithin (blocks: number): Promise<{ put: string[], found: string[] }> {
  return withTempDir(async dir => {
    const { stdout } = await promisify(execFile)('sh', ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath, WRITER, dir])
    const level = await openLevel<string>(dir, dir, 'utf8')
    const found = await level.keys().all()
    await level.close()

    return { put: JSON.parse(stdout), found }
  })
}

describe('node/open-level', () => {
  it('writes nothing after a write that failed as long as there is no space', async () => {
    const { put, found } = await writeWithin(1_800)
    expect(put).to.deep.equal(['before'])
    expect(found).to.deep.equal(put)
  })

  it('writes again when there is space, and finds it when it is opened the next time', async () => {
    const { put, found } = await writeWithin(5_000)
    expect(put).to.have.members(['before', 'after', 'with it', 'later'])
    expect(found).to.have.members(put)
  })
})
