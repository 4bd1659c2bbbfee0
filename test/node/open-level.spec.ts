import { expect } from 'aegir/chai'
import { openLevel } from '../../src/node/open-level.ts'
import { withTempDir } from '../temp-dir.ts'

const BYTES = Uint8Array.of(1)

describe('node/open-level', () => {
  it('writes nothing after a write that failed, until it is opened again', async () => withTempDir(async dir => {
    const level = await openLevel<string>(dir, dir, 'utf8')
    await level.put('a', BYTES)
    const failing = level.batch([{ type: 'put', key: '', value: BYTES }, { type: 'put', key: null as unknown as string, value: BYTES }])
    await expect(failing).to.eventually.be.rejected.with.property('code', 'LEVEL_INVALID_KEY')

    for (const write of [level.put('b', BYTES), level.del('a'), level.batch([{ type: 'put', key: 'b', value: BYTES }])]) {
      await expect(write).to.eventually.be.rejected.with.property('code', 'LEVEL_INVALID_KEY')
    }

    expect(await level.get('a')).to.deep.equal(BYTES)
    await level.close()

    const again = await openLevel<string>(dir, dir, 'utf8')
    await again.put('b', BYTES)
    expect(await again.keys().all()).to.deep.equal(['a', 'b'])
    await again.close()
  }))
})
