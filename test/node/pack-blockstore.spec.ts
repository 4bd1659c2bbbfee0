import { readdir, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { blockCid } from '../../src/dataset/codecs.ts'
import { PackBlockstore } from '../../src/node/pack-blockstore.ts'
import { withTempDir } from '../temp-dir.ts'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

const BYTES = new Uint8Array(200_000).map((_, i) => i * 7)
/** Small, so that a few blocks fill several packs. */
const PACK_BYTES = 1_000

describe('node/pack-blockstore', () => {
  it('takes a block again, an empty one, one in pieces, one larger than a pack, and many at once', async () => withStore(async store => {
    await store.put(cidOf(1), BYTES)
    await store.put(cidOf(1), BYTES)
    await store.put(cidOf(2), new Uint8Array(0))
    await store.put(cidOf(3), [BYTES.subarray(0, 1000), BYTES.subarray(1000)])
    await Promise.all(Array.from({ length: 100 }, async (_, i) => store.put(cidOf(4 + i), Uint8Array.of(i))))

    expect(await bytesOf(store, cidOf(1))).to.deep.equal(BYTES)
    expect(await bytesOf(store, cidOf(2))).to.have.property('byteLength', 0)
    expect(await bytesOf(store, cidOf(3))).to.deep.equal(BYTES)
    expect(await bytesOf(store, cidOf(103))).to.deep.equal(Uint8Array.of(99))
    expect(await bytesOf(store, cidOf(4).toV1())).to.deep.equal(Uint8Array.of(0))
  }))

  it('keeps what it has over a restart, and lists it', async () => withTempDir(async dir => {
    const store = await open(dir)
    await Promise.all(Array.from({ length: 50 }, async (_, i) => store.put(cidOf(i), blockOf(i, 100))))
    await store.close()
    const again = await open(dir)
    const listed: Array<[string, Uint8Array]> = []

    for await (const { cid, bytes } of again.getAll()) {
      listed.push([String(cid.multihash.digest), await collect(bytes)])
    }

    await again.close()
    expect(new Map(listed)).to.deep.equal(new Map(Array.from({ length: 50 }, (_, i) => [String(cidOf(i).multihash.digest), blockOf(i, 100)])))
  }))

  it('is used by one at a time, when it is open', async () => withTempDir(async dir => {
    const store = await open(dir)
    await expect(new PackBlockstore(dir).open()).to.eventually.be.rejected.with.property('name', 'DataDirInUseError')
    const putting = store.put(cidOf(2), BYTES)
    await expect(store.open()).to.eventually.be.rejected.with.property('name', 'DataDirInUseError')
    await putting
    expect(await bytesOf(store, cidOf(2))).to.deep.equal(BYTES)
    await store.close()
    await expect(store.put(cidOf(1), BYTES)).to.eventually.be.rejectedWith('not open')
    await expect(bytesOf(store, cidOf(1))).to.eventually.be.rejectedWith('not open')
    await expect(store.has(cidOf(1))).to.eventually.be.rejectedWith('not open')
    await expect(store.delete(cidOf(1))).to.eventually.be.rejectedWith('not open')
    await store.close()
    await (await open(dir)).close()
  }))

  it('leaves no file open when it is closed while it is read', async () => withStore(async (store, dir) => {
    await store.put(cidOf(1), BYTES)

    for (let round = 0; round < 20; round++) {
      const reading = Promise.allSettled([store.get(cidOf(1)).next(), store.get(cidOf(1)).next()])
      await store.close()
      await reading
      await store.open()
    }

    await store.close()
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await openFiles(dir)).to.deep.equal([])
    await store.open()
  }))

  it('says what is not there, and heeds a signal', async () => withStore(async store => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(bytesOf(store, cidOf(1))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    await expect(store.put(cidOf(1), BYTES, { signal })).to.eventually.be.rejectedWith('enough')
    await expect(store.get(cidOf(1), { signal }).next()).to.eventually.be.rejectedWith('enough')
    await expect(store.has(cidOf(1), { signal })).to.eventually.be.rejectedWith('enough')
    await expect(store.delete(cidOf(1), { signal })).to.eventually.be.rejectedWith('enough')
    expect(await store.has(cidOf(1))).to.equal(false)
    await store.delete(cidOf(1))
  }))

  it('writes a block that is there no second time, and a damaged one anew', async () => withStore(async (store, dir) => {
    await store.put(cidOf(1), BYTES)
    const size = (await stat(join(dir, '0.pack'))).size
    await store.put(cidOf(1), BYTES)
    expect((await stat(join(dir, '0.pack'))).size).to.equal(size)

    await writeFile(join(dir, '0.pack'), new Uint8Array(size))
    expect(await bytesOf(store, cidOf(1))).to.deep.equal(new Uint8Array(size))
    await store.put(cidOf(1), BYTES)
    expect(await bytesOf(store, cidOf(1))).to.deep.equal(BYTES)
  }))

  it('fails to give a block whose pack is gone, and takes it again', async () => withTempDir(async dir => {
    const store = await open(dir)
    await Promise.all(Array.from({ length: 30 }, async (_, i) => store.put(cidOf(i), blockOf(i, 100))))
    await store.close()
    await rm(join(dir, '0.pack'))
    const again = await open(dir)
    await expect(bytesOf(again, cidOf(0))).to.eventually.be.rejected.with.property('code', 'ENOENT')
    expect(await bytesOf(again, cidOf(29))).to.deep.equal(blockOf(29, 100))

    for (let i = 0; i < 30; i++) {
      await again.put(cidOf(i), blockOf(i, 100))
      expect(await bytesOf(again, cidOf(i))).to.deep.equal(blockOf(i, 100))
    }

    await again.close()
  }))

  it('gives back the space of what was deleted, and keeps the rest, whoever reads meanwhile', async () => withStore(async (store, dir) => {
    const numbers = Array.from({ length: 200 }, (_, i) => i)
    await Promise.all(numbers.map(async i => store.put(cidOf(i), blockOf(i, 100))))
    const before = await packBytesIn(dir)
    const kept = numbers.filter(i => i % 4 === 0)
    const read = async (): Promise<void> => {
      for (const i of kept) {
        expect(await bytesOf(store, cidOf(i))).to.deep.equal(blockOf(i, 100))
      }
    }
    const reading = Promise.all([read(), read(), read()])

    await Promise.all(numbers.filter(i => i % 4 !== 0).map(async i => store.delete(cidOf(i))))
    await reading
    await store.close()
    await store.open()

    for (const i of numbers) {
      expect(await store.has(cidOf(i))).to.equal(i % 4 === 0)
    }

    await read()
    // the pack that is written to may be full of what is gone
    expect(await packBytesIn(dir)).to.be.at.most(2 * kept.length * 100 + PACK_BYTES)
    expect(before).to.be.at.least(200 * 100)

    await Promise.all(kept.map(async i => store.delete(cidOf(i))))
    await store.close()
    await store.open()
    expect(await packBytesIn(dir)).to.equal(0)
  }))

  it('does what a map does, over restarts too', async () => {
    const op = fc.oneof(
      { weight: 6, arbitrary: fc.record({ op: fc.constant('put' as const), block: fc.nat(30), size: fc.nat(300) }) },
      { weight: 5, arbitrary: fc.record({ op: fc.constant('delete' as const), block: fc.nat(30), size: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('reopen' as const), block: fc.constant(0), size: fc.constant(0) }) }
    )

    await fc.assert(fc.asyncProperty(fc.array(fc.array(op, { maxLength: 12 }), { maxLength: 12 }), async rounds => {
      await withStore(async store => { await follow(store, rounds) })
    }), { numRuns: 40 })
  })
})

interface Step {
  op: 'put' | 'delete' | 'reopen'
  block: number
  size: number
}

/** Does the steps of a round at the same time, and looks at all blocks after each. */
async function follow (store: PackBlockstore, rounds: Step[][]): Promise<void> {
  const model = new Map<number, Uint8Array>()

  for (const round of rounds) {
    await Promise.all(round.map(async ({ op, block, size }) => {
      if (op === 'put') {
        model.set(block, blockOf(block, size))
        await store.put(cidOf(block), blockOf(block, size))
      } else if (op === 'delete') {
        model.delete(block)
        await store.delete(cidOf(block))
      }
    }))

    if (round.some(({ op }) => op === 'reopen')) {
      await store.close()
      await store.open()
    }

    for (let block = 0; block <= 30; block++) {
      const bytes = model.get(block)
      expect(await store.has(cidOf(block))).to.equal(bytes != null)

      if (bytes != null) {
        expect(await bytesOf(store, cidOf(block))).to.deep.equal(bytes)
      }
    }
  }
}

async function open (dir: string): Promise<PackBlockstore> {
  const store = new PackBlockstore(dir, { packBytes: PACK_BYTES })
  await store.open()

  return store
}

async function withStore (fn: (store: PackBlockstore, dir: string) => Promise<void>): Promise<void> {
  await withTempDir(async dir => {
    const store = await open(dir)

    try {
      await fn(store, dir)
    } finally {
      await store.close()
    }
  })
}

/** Paths of the files under `dir` that this process has open, where the system tells. */
async function openFiles (dir: string): Promise<string[]> {
  const fds = await readdir('/proc/self/fd').catch(() => [])
  const paths = await Promise.all(fds.map(async fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')))

  return paths.filter(path => path.startsWith(dir))
}

async function packBytesIn (dir: string): Promise<number> {
  const names = (await readdir(dir)).filter(name => name.endsWith('.pack'))

  return (await Promise.all(names.map(async name => stat(join(dir, name))))).reduce((sum, { size }) => sum + size, 0)
}

function cidOf (number: number): CID {
  return blockCid(new Uint8Array(32).fill(number))
}

function blockOf (seed: number, size: number): Uint8Array {
  return new Uint8Array(size).map((_, i) => seed * 31 + i)
}

async function bytesOf (store: Blockstore, cid: CID): Promise<Uint8Array> {
  return collect(store.get(cid))
}

async function collect (bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []

  for await (const chunk of bytes) {
    chunks.push(chunk)
  }

  return new Uint8Array(concat(chunks))
}
