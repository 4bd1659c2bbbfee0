import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { FsBlockstore } from 'blockstore-fs'
import { concat } from 'uint8arrays/concat'
import { blockCid } from '../../src/dataset/codecs.ts'
import { FileBlockstore } from '../../src/node/file-blockstore.ts'
import { withTempDir } from '../temp-dir.ts'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

const BYTES = new Uint8Array(200_000).map((_, i) => i * 7)

describe('node/file-blockstore', () => {
  it('keeps blocks where blockstore-fs finds them, and finds what that keeps', async () => withStores(async (ours, theirs) => {
    await ours.put(cidOf(1), BYTES)
    await theirs.put(cidOf(2), BYTES)

    for (const store of [ours, theirs]) {
      expect(await bytesOf(store, cidOf(1))).to.deep.equal(BYTES)
      expect(await bytesOf(store, cidOf(2))).to.deep.equal(BYTES)
      expect(await store.has(cidOf(3))).to.equal(false)
    }
  }))

  it('takes a block again, an empty one, one in pieces, and many at once', async () => withStores(async store => {
    await store.put(cidOf(1), BYTES)
    await store.put(cidOf(1), BYTES)
    await store.put(cidOf(2), new Uint8Array(0))
    await store.put(cidOf(3), [BYTES.subarray(0, 1000), BYTES.subarray(1000)])
    await Promise.all(Array.from({ length: 50 }, async (_, i) => store.put(cidOf(4 + i), Uint8Array.of(i))))

    expect(await bytesOf(store, cidOf(1))).to.deep.equal(BYTES)
    expect(await bytesOf(store, cidOf(2))).to.have.property('byteLength', 0)
    expect(await bytesOf(store, cidOf(3))).to.deep.equal(BYTES)
    expect(await bytesOf(store, cidOf(53))).to.deep.equal(Uint8Array.of(49))
  }))

  it('leaves no unfinished file behind', async () => withStores(async store => {
    await store.put(cidOf(1), BYTES)
    const files = await readdir(store.path, { recursive: true })
    expect(files.filter(file => file.endsWith('.tmp'))).to.deep.equal([])
  }))

  it('says what is not there, and what cannot be read or written', async () => withStores(async store => {
    await expect(bytesOf(store, cidOf(1))).to.eventually.be.rejected.with.property('name', 'NotFoundError')
    await store.put(cidOf(1), BYTES)
    const [file] = (await readdir(store.path, { recursive: true })).filter(file => file.endsWith('.data'))
    await store.delete(cidOf(1))
    await mkdir(join(store.path, file))
    await expect(bytesOf(store, cidOf(1))).to.eventually.be.rejected.with.property('code', 'EISDIR')
    await expect(store.put(cidOf(1), BYTES)).to.eventually.be.rejected.with.property('code')
  }))

  it('heeds a signal', async () => withStores(async store => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(store.put(cidOf(1), BYTES, { signal })).to.eventually.be.rejectedWith('enough')
    await expect(store.get(cidOf(1), { signal }).next()).to.eventually.be.rejectedWith('enough')
    expect(await store.has(cidOf(1))).to.equal(false)
  }))
})

async function withStores (fn: (ours: FileBlockstore, theirs: FsBlockstore) => Promise<void>): Promise<void> {
  await withTempDir(async dir => {
    const ours = new FileBlockstore(dir)
    const theirs = new FsBlockstore(dir)
    await ours.open()
    await theirs.open()
    await fn(ours, theirs)
  })
}

function cidOf (number: number): CID {
  return blockCid(new Uint8Array(32).fill(number))
}

async function bytesOf (store: Blockstore, cid: CID): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []

  for await (const chunk of store.get(cid)) {
    chunks.push(chunk)
  }

  return new Uint8Array(concat(chunks))
}
