import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { LevelMender } from '../../src/node/level-mender.ts'
import { withTempDir } from '../temp-dir.ts'
import type { LevelMenderInit } from '../../src/node/level-mender.ts'

const REASON = new Error('no space left')

interface Calls {
  names: string[]
  /** What the database does when a range is compacted. */
  compact(): Promise<void>
}

async function withMender (use: (mender: LevelMender, calls: Calls, dir: string) => Promise<void>, writeBufferSize = 10): Promise<void> {
  await withTempDir(async dir => {
    const calls: Calls = { names: [], compact: async () => {} }
    const call = (name: string): () => Promise<void> => async () => { calls.names.push(name) }
    const level = { open: call('open'), close: call('close'), compactRange: async () => calls.compact() } as LevelMenderInit['level']
    await writeFile(join(dir, '000003.log'), '')
    await use(new LevelMender({ level, path: dir, options: { writeBufferSize } }), calls, dir)
  })
}

describe('node/level-mender', () => {
  it('leaves a database alone that has not failed', async () => withMender(async (mender, calls) => {
    await mender.assertSound()
    expect(calls.names).to.deep.equal([])
  }))

  it('does not open one again that goes on in another log', async () => withMender(async (mender, calls, dir) => {
    calls.compact = async () => writeFile(join(dir, '000010.log'), '')
    mender.failed(REASON)
    await Promise.all([mender.assertSound(), mender.assertSound()])
    expect(calls.names).to.deep.equal([])
  }))

  it('opens one again that takes nothing more', async () => withMender(async (mender, calls) => {
    mender.failed(REASON)
    await mender.assertSound()
    expect(calls.names).to.deep.equal(['close', 'open'])
    expect(mender.opening).to.equal(undefined)
  }))

  it('fails as the write did where that does not help, and tries it again a second later', async () => withMender(async (mender, calls, dir) => {
    calls.compact = async () => { throw new Error('still none') }
    mender.failed(REASON)

    for (let i = 0; i < 3; i++) {
      await expect(mender.assertSound()).to.eventually.be.rejectedWith(REASON)
    }

    calls.compact = async () => writeFile(join(dir, '000010.log'), '')
    await expect(mender.assertSound()).to.eventually.be.rejectedWith(REASON)
    await new Promise(resolve => setTimeout(resolve, 1_100))
    await mender.assertSound()
  }))

  it('does not open one that is closed meanwhile', async () => withMender(async (mender, calls) => {
    const compacted = Promise.withResolvers<void>()
    calls.compact = async () => compacted.promise
    mender.failed(REASON)
    const sound = mender.assertSound()
    const stopped = mender.stop()
    compacted.resolve()
    await Promise.all([sound, stopped])
    expect(calls.names).to.deep.equal([])
  }))

  it('keeps a failure that came while it mended another', async () => withMender(async (mender, calls) => {
    const again = new Error('again')
    calls.compact = async () => { mender.failed(again) }
    mender.failed(REASON)
    await expect(mender.assertSound()).to.eventually.be.rejectedWith(again)
  }))
})
