import { readFile, readdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { OutputExistsError } from '../../bin/exit-codes.ts'
import { openPart, partPath, resumeAt } from '../../bin/part-file.ts'
import { formatCid, manifestCid } from '../../src/dataset/codecs.ts'
import { withTempDir } from '../temp-dir.ts'
import type { Output } from '../../bin/part-file.ts'

const cid = manifestCid(new Uint8Array(32).fill(7))

function outputIn (dir: string, more: Partial<Output> = {}): Output {
  return { target: join(dir, 'file'), cid, span: { offset: 0, length: 10 }, totalBytes: 10, blockSize: 4, force: false, ...more }
}

describe('bin/part-file', () => {
  it('writes beside the target and renames at the end', async () => withTempDir(async dir => {
    const part = await openPart(outputIn(dir))
    expect(part.path).to.equal(join(dir, `file.${formatCid(cid).slice(-8)}.part`))
    await part.write(new Uint8Array(6).fill(1))
    await part.write(new Uint8Array(4).fill(2))
    expect(await readdir(dir)).to.have.lengthOf(1)
    await part.finish()

    expect(await readdir(dir)).to.deep.equal(['file'])
    expect([...await readFile(join(dir, 'file'))]).to.deep.equal([1, 1, 1, 1, 1, 1, 2, 2, 2, 2])
  }))

  it('goes on at the end of the last whole block', async () => withTempDir(async dir => {
    const first = await openPart(outputIn(dir))
    await first.write(new Uint8Array(7).fill(1))
    await first.close()

    const second = await openPart(outputIn(dir))
    expect(second.resumed).to.equal(4)
    await second.write(new Uint8Array(6).fill(2))
    await second.finish()

    expect([...await readFile(join(dir, 'file'))]).to.deep.equal([1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
  }))

  it('starts anew where what is there is too long', async () => withTempDir(async dir => {
    await writeFile(partPath(outputIn(dir)), new Uint8Array(11))
    const part = await openPart(outputIn(dir))
    expect(part.resumed).to.equal(0)
    await part.write(new Uint8Array(10).fill(3))
    await part.finish()

    expect([...await readFile(join(dir, 'file'))]).to.deep.equal(new Array(10).fill(3))
  }))

  it('never replaces a file that came meanwhile, unless asked', async () => withTempDir(async dir => {
    const part = await openPart(outputIn(dir))
    await part.write(new Uint8Array(10))
    await writeFile(join(dir, 'file'), 'mine')
    await expect(part.finish()).to.eventually.be.rejected.with.property('name', OutputExistsError.name)
    expect(await readFile(join(dir, 'file'), 'utf8')).to.equal('mine')

    const forced = await openPart(outputIn(dir, { force: true }))
    expect(forced.resumed).to.equal(10)
    await forced.finish()
    expect(await readdir(dir)).to.deep.equal(['file'])
    expect(await readFile(join(dir, 'file'))).to.have.lengthOf(10)
  }))

  it('keeps the unfinished files of two ranges apart', () => {
    const paths = [outputIn(''), outputIn('', { totalBytes: 20 }), outputIn('', { totalBytes: 20, span: { offset: 5, length: 10 } })].map(partPath)
    expect(new Set(paths).size).to.equal(3)
  })

  it('does not write through a link', async function () {
    if (process.platform === 'win32') {
      return
    }

    await withTempDir(async dir => {
      await writeFile(join(dir, 'victim'), 'safe')
      await truncate(join(dir, 'victim'), 4)
      await symlink(join(dir, 'victim'), partPath(outputIn(dir)))
      await expect(openPart(outputIn(dir))).to.eventually.be.rejected.with.property('code', 'ELOOP')
      expect(await readFile(join(dir, 'victim'), 'utf8')).to.equal('safe')
    })
  })

  it('resumes at a block of the dataset, never past what is there', () => {
    fc.assert(fc.property(fc.nat(500), fc.nat(500), fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 64 }), (size, offset, length, blockSize) => {
      const resumed = resumeAt(size, { offset, length }, blockSize)

      expect(resumed).to.be.within(0, Math.min(size, length))
      expect(resumed === 0 || resumed === length || (offset + resumed) % blockSize === 0).to.equal(true)
      // no more than a block is fetched twice
      expect(size > length || size - resumed < blockSize).to.equal(true)
    }))
  })

  it('fetches a lone block whole', () => {
    expect(resumeAt(5, { offset: 0, length: Infinity }, Infinity)).to.equal(0)
  })
})
