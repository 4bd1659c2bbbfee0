import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { LevelMender } from '../../src/node/level-mender.ts'
import { withTempDir } from '../temp-dir.ts'
import type { LevelMenderInit } from '../../src/node/level-mender.ts'

const REASON = Object.assign(new Error('no space left'), { code: 'LEVEL_IO_ERROR' })

interface Calls {
  names: string[]
  /** What the database does when a range is compacted, and when it is opened. */
  compact(): Promise<void>
  open(): Promise<void>
}

async function withMender (use: (mender: LevelMender, calls: Calls, dir: string) => Promise<void>, writeBufferSize = 10): Promise<void> {
  await withTempDir(async dir => {
    const calls: Calls = { names: [], compact: async () => {}, open: async () => {} }
    const level = {
      open: async () => {
        calls.names.push('open')
        await calls.open()
      },
      close: async () => { calls.names.push('close') },
      compactRange: async () => calls.compact()
    } as LevelMenderInit['level']
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
  }))

  it('opens one again until that succeeds, for who reads too', async () => withMender(async (mender, calls) => {
    let isFull = true
    calls.open = async () => { await (isFull ? Promise.reject(new Error('no space for a log')) : undefined) }
    mender.failed(REASON)
    await expect(mender.assertSound()).to.eventually.be.rejectedWith(REASON)
    expect(calls.names).to.deep.equal(['close', 'open'])

    isFull = false
    calls.compact = async () => { throw new Error('it is not open') }
    await new Promise(resolve => setTimeout(resolve, 1_100))
    await mender.opened()
    await mender.assertSound()
    expect(calls.names).to.deep.equal(['close', 'open', 'close', 'open'])
  }))

  it('leaves one alone that was told nonsense, or is closed', async () => withMender(async (mender, calls) => {
    mender.failed(Object.assign(new Error('no key'), { code: 'LEVEL_INVALID_KEY' }))
    await mender.assertSound()
    await mender.stop()
    mender.failed(REASON)
    await mender.assertSound()
    expect(calls.names).to.deep.equal([])
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
    const again = Object.assign(new Error('again'), { code: 'LEVEL_IO_ERROR' })
    calls.compact = async () => { mender.failed(again) }
    mender.failed(REASON)
    await expect(mender.assertSound()).to.eventually.be.rejectedWith(again)
  }))
})
