import { fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { PackBlockstore } from '../../src/node/pack-blockstore.ts'
import { PackFiles, ShortPackError } from '../../src/node/pack-files.ts'
import { PackIndex } from '../../src/node/pack-index.ts'
import { Packing } from '../../src/node/packing.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { withTempDir } from '../temp-dir.ts'
import { numberedBlock, numberedCid, WRITER } from './pack-blocks.ts'
import type { Place } from '../../src/node/pack-index.ts'

const SCRIPT = fileURLToPath(new URL('../../dist/test/node/pack-writer.js', import.meta.url))
const NUMBERS = Array.from({ length: WRITER.blocks }, (_, i) => i)

describe('node/packing', () => {
  it('has every block of which it said so, whenever it is killed', async function () {
    this.timeout(60_000)

    await withTempDir(async dir => {
      const random = seededRandom(7)
      const known = new Map<number, boolean>()

      for (let round = 0; round < 8; round++) {
        const unsure = await writeUntilKilled(dir, round, 20 + random() * 200, known)
        const store = new PackBlockstore(dir, { packBytes: WRITER.packBytes })
        await store.open()

        for (const number of NUMBERS) {
          const has = await store.has(numberedCid(number))

          if (!unsure.has(number)) {
            expect(has, `block ${number} in round ${round}`).to.equal(known.get(number) ?? false)
          }

          if (has) {
            expect((await store.get(numberedCid(number)).next()).value).to.deep.equal(numberedBlock(number))
          }

          known.set(number, has)
        }

        await store.close()
      }

      expect([...known.values()].filter(has => has)).to.have.length.above(10)
    })
  })

  it('loses nothing where the disk is full, and goes on when it is not', async () => withPacking(async ({ packing, index, files }) => {
    await put(packing, [0, 1, 2])
    const append = files.append.bind(files)

    files.append = async (pack, at, chunks) => {
      await append(pack, at, [chunks[0].subarray(0, 50)])
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    }

    await expect(put(packing, [3, 4])).to.eventually.be.rejected.with.property('code', 'ENOSPC')
    files.append = append
    expect(await there(index, files)).to.deep.equal([0, 1, 2])
    await put(packing, [4, 5])
    expect(await there(index, files)).to.deep.equal([0, 1, 2, 4, 5])
  }))

  it('changes nothing where the index fails', async () => withPacking(async ({ packing, index, files }) => {
    await put(packing, [0, 1, 2])
    const change = index.change.bind(index)
    index.change = async () => { throw new Error('broken') }
    await expect(put(packing, [3])).to.eventually.be.rejectedWith('broken')
    await expect(packing.delete(numberedCid(0).multihash.bytes)).to.eventually.be.rejectedWith('broken')
    index.change = change
    expect(await there(index, files)).to.deep.equal([0, 1, 2])
    await put(packing, [4])
    expect(await there(index, files)).to.deep.equal([0, 1, 2, 4])
  }))

  it('finds out what became of a change that failed, and writes nothing where its bytes may be', async () => withTempDir(async dir => {
    await withPacking(async ({ packing, index, files }) => {
      await put(packing, [0, 1, 2])
      const change = index.change.bind(index)

      // the index was written, but the disk would not say so
      index.change = async (...args) => {
        await change(...args)
        throw new Error('broken')
      }
      await expect(put(packing, [3, 4])).to.eventually.be.rejectedWith('broken')
      await expect(packing.delete(numberedCid(0).multihash.bytes)).to.eventually.be.rejectedWith('broken')
      index.change = change
      await put(packing, [5, 6])
      expect(await there(index, files)).to.deep.equal([1, 2, 3, 4, 5, 6])

      const packs = await index.packs()
      expect([...packs.values()].reduce((sum, { live }) => sum + live, 0)).to.equal([1, 2, 3, 4, 5, 6].reduce((sum, number) => sum + numberedBlock(number).byteLength, 0))
    }, dir)

    await withPacking(async ({ index, files }) => {
      expect(await there(index, files)).to.deep.equal([1, 2, 3, 4, 5, 6])
    }, dir)
  }))

  it('moves nothing out of a pack while it cannot be read, and what is lost for good only', async () => withTempDir(async dir => {
    const kept = NUMBERS.filter(number => number % 8 === 0)

    await withPacking(async ({ packing, index, files }) => {
      await put(packing, NUMBERS)
      const read = files.read.bind(files)
      files.read = async () => { throw Object.assign(new Error('too many open files'), { code: 'EMFILE' }) }
      await Promise.all(NUMBERS.filter(number => number % 8 > 0).map(async number => packing.delete(numberedCid(number).multihash.bytes)))
      await packing.close()
      files.read = read
      expect(await there(index, files)).to.deep.equal(kept)
    }, dir)

    await withPacking(async ({ index, files }) => { expect(await there(index, files)).to.deep.equal(kept) }, dir)
  }))

  it('empties packs when it is opened again, where that was interrupted, and deletes those that nothing is in', async () => withTempDir(async dir => {
    await withPacking(async ({ packing, files }) => {
      await put(packing, NUMBERS)
      // nothing is moved: what is read cannot be written
      files.append = async () => { throw new Error('no') }
      await Promise.all(NUMBERS.filter(number => number % 8 > 0).map(async number => packing.delete(numberedCid(number).multihash.bytes)))
    }, dir)
    await appendFile(join(dir, '999.pack'), 'left over')
    const before = await readdir(dir)

    await withPacking(async ({ index, files }) => {
      let after: string[]

      do {
        await new Promise(resolve => setTimeout(resolve, 10))
        after = await readdir(dir)
      } while (after.length >= before.length / 2)

      expect(after).not.to.include('999.pack')
      expect(await there(index, files)).to.deep.equal(NUMBERS.filter(number => number % 8 === 0))
    }, dir)
  }))

  it('puts no block where others were that power took', async () => withTempDir(async dir => {
    await withPacking(async ({ packing }) => put(packing, [0, 1, 2, 3]), dir)
    await truncate(join(dir, '0.pack'), 300)

    await withPacking(async ({ packing, index, files }) => {
      await put(packing, [4, 5, 6])

      for (const number of [1, 2, 3]) {
        const place = await index.find(numberedCid(number).multihash.bytes)
        await expect(files.read(place as Place)).to.eventually.be.rejected.with.property('name', ShortPackError.name)
      }

      await put(packing, [1, 2, 3])
      expect(await there(index, files)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
    }, dir)
  }))

  it('writes over what a write left that was cut short', async () => withTempDir(async dir => {
    await withPacking(async ({ packing }) => put(packing, [0]), dir)
    await appendFile(join(dir, '0.pack'), 'left over')

    await withPacking(async ({ packing, index, files }) => {
      await put(packing, [1])
      expect(await there(index, files)).to.deep.equal([0, 1])
    }, dir)

    expect((await stat(join(dir, '0.pack'))).size).to.equal(401)
  }))
})

/** Writes for a while in another process, which is killed then. Gives back of what it was not told whether it was done. */
async function writeUntilKilled (dir: string, seed: number, milliseconds: number, known: Map<number, boolean>): Promise<Set<number>> {
  const child = fork(SCRIPT, [dir, `${seed}`])
  const unsure = new Set<number>()

  child.on('message', ({ begun, done, numbers }: { begun?: boolean, done?: boolean, numbers: number[] }) => {
    for (const number of numbers) {
      if (done == null) {
        unsure.add(number)
      } else {
        unsure.delete(number)
        known.set(number, done)
      }
    }

    expect(begun ?? done).to.be.a('boolean')
  })
  await once(child, 'message')
  await new Promise(resolve => setTimeout(resolve, milliseconds))
  child.kill('SIGKILL')
  await once(child, 'close')

  return unsure
}

interface Parts {
  packing: Packing
  index: PackIndex
  files: PackFiles
}

async function withPacking (fn: (parts: Parts) => Promise<void>, path?: string): Promise<void> {
  await withTempDir(async dir => {
    const index = new PackIndex(path ?? dir)
    const files = new PackFiles(path ?? dir)
    const packing = new Packing(index, files, 2_000)
    await index.open()

    try {
      await packing.open()
      await fn({ packing, index, files })
    } finally {
      await packing.close()
      await files.close()
      await index.close()
    }
  })
}

async function put (packing: Packing, numbers: number[]): Promise<void> {
  await Promise.all(numbers.map(async number => packing.put(numberedCid(number).multihash.bytes, numberedBlock(number))))
}

/** The numbers of the blocks that are there, with the right bytes. */
async function there (index: PackIndex, files: PackFiles): Promise<number[]> {
  const found: number[] = []

  for (const number of NUMBERS) {
    const place = await index.find(numberedCid(number).multihash.bytes)

    if (place != null) {
      expect(await files.read(place)).to.deep.equal(numberedBlock(number))
      found.push(number)
    }
  }

  return found
}
