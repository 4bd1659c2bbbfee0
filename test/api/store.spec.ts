import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { fileSize } from '../../src/dataset/manifest.ts'
import { collect, InvalidParametersError, StoreRefusedError } from '../../src/index.ts'
import { memoryStores, quotaBlockstore, seededContent } from '../../src/testing/index.ts'
import { BLOCK, failure, onNetwork, seed } from './network.ts'
import type { ByteSource } from '../../src/index.ts'
import type { MemoryStores } from '../../src/testing/index.ts'

const content = new Uint8Array(seededContent(1)(20 * BLOCK + 100))
const halves = [content.subarray(0, 9_999), content.subarray(9_999)]

const SOURCES: Record<string, () => ByteSource> = {
  'an array': () => content,
  'an iterable': () => halves,
  'an async iterable': async function * () { yield * halves },
  'a web stream': () => new Blob(halves).stream(),
  'a Blob': () => new Blob(halves),
  'a File': () => new File(halves, 'name.bin')
}

async function blocksIn ({ blockstore }: MemoryStores): Promise<number> {
  let blocks = 0

  for await (const { cid } of blockstore.getAll()) {
    blocks += cid == null ? 0 : 1
  }

  return blocks
}

describe('store', () => {
  for (const [what, make] of Object.entries(SOURCES)) {
    it(`takes ${what}, and serves it`, async () => {
      await onNetwork(async net => {
        const node = await net.add()
        const cid = await net.real(node.codex.store(make(), { blockSize: BLOCK }))
        expect(cid.toString()).to.equal((await node.codex.store(content, { blockSize: BLOCK, filename: what === 'a File' ? 'name.bin' : undefined })).toString())
        const reader = await net.add()
        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
        expect(await node.codex.stat(cid)).to.deep.include({ size: content.byteLength, blocks: 21, blocksHere: 21 })
      })
    })
  }

  it('keeps the name and the type of a File, unless told otherwise', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()
      const file = new File(halves, 'letter.txt', { type: 'text/plain' })
      expect(await codex.manifest(await net.real(codex.store(file)))).to.include({ filename: 'letter.txt', mimetype: 'text/plain' })
      expect(await codex.manifest(await net.real(codex.store(file, { filename: 'a', mimetype: 'b/c' })))).to.include({ filename: 'a', mimetype: 'b/c' })
      expect(await codex.manifest(await net.real(codex.store(new Blob(halves, { type: 'text/plain' }))))).to.deep.include({ filename: undefined, mimetype: 'text/plain' })
      expect(await codex.manifest(await codex.store(content))).to.deep.include({ filename: undefined, mimetype: undefined })
    })
  })

  it('cuts the file into blocks as it is told', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()
      const manifest = await codex.manifest(await codex.store(content, { blockSize: 128 }))
      expect(manifest.blockSize).to.equal(128)
      expect(fileSize(manifest)).to.equal(content.byteLength)
      expect((await codex.manifest(await codex.store(content))).blockSize).to.equal(64 * KiB)

      for (const blockSize of [0, 63, 1.5, -1, 17 * MiB, NaN]) {
        expect(await failure(codex.store(content, { blockSize }))).to.have.property('name', InvalidParametersError.name)
      }
    })
  })

  it('announces the manifest and the tree when it has returned, unless it does not serve', async () => {
    await onNetwork(async net => {
      const announced: string[] = []
      const discovery = { async * find () {}, async provide (cid: { toString(): string }) { announced.push(cid.toString()) } }
      const server = await net.add({ discovery })
      const cid = await server.codex.store(content)
      const { treeCid } = await server.codex.manifest(cid, { offline: true })
      expect(announced).to.deep.equal([cid, treeCid].map(cid => cid.toString()))
      await (await net.add({ discovery, serve: false })).codex.store(content)
      expect(announced).to.have.lengthOf(2)
    })
  })

  for (const [what, make] of Object.entries({ 'no bytes': () => new Uint8Array(0), 'an empty list': () => [], 'a source of empty arrays': () => [new Uint8Array(0)], 'an empty File': () => new File([], 'a') })) {
    it(`refuses ${what}`, async () => {
      await onNetwork(async net => {
        const stores = memoryStores()
        const { codex } = await net.add(stores)

        expect(await net.real(failure(codex.store(make())))).to.have.property('name', InvalidParametersError.name)
        expect(await blocksIn(stores)).to.equal(0)
      })
    })
  }

  it('refuses what gives no bytes', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()

      for (const source of ['text', ['text'], 5, {}, null]) {
        expect(await failure(codex.store(source as unknown as Uint8Array))).to.have.property('name', InvalidParametersError.name)
      }
    })
  })

  it('keeps nothing of a source that fails, and fails with what that failed with', async () => {
    await onNetwork(async net => {
      const stores = memoryStores()
      const { codex } = await net.add(stores)
      const err = new Error('the disk is gone')

      expect(await failure(codex.store((async function * () {
        yield new Uint8Array(5 * MiB).fill(1)
        throw err
      })()))).to.equal(err)
      expect(await blocksIn(stores)).to.equal(0)
      expect(await codex.list().next()).to.have.property('done', true)
    })
  })

  it('keeps nothing of what does not fit', async () => {
    await onNetwork(async net => {
      const stores = memoryStores()
      const { codex } = await net.add({ ...stores, blockstore: quotaBlockstore(stores.blockstore, 2 * MiB) })
      const small = await codex.store(content)

      expect(await failure(codex.store(seededContent(2)(5 * MiB)))).to.have.property('name', StoreRefusedError.name)
      expect(await blocksIn(stores)).to.equal(3)
      expect(await collect(codex.download(small, { offline: true }), { max: MiB })).to.deep.equal(content)
    })
  })

  it('ends when its signal aborts: before, while the source is silent, and in a large array', async () => {
    await onNetwork(async net => {
      const stores = memoryStores()
      const { codex } = await net.add(stores)
      const reason = new Error('never mind')
      expect(await failure(codex.store(content, { signal: AbortSignal.abort(reason) }))).to.equal(reason)

      const controller = new AbortController()
      const storing = failure(codex.store((async function * () {
        yield new Uint8Array(5 * MiB).fill(1)
        await new Promise(() => {})
      })(), { signal: controller.signal }))
      await net.sleep(10)
      controller.abort(reason)
      expect(await storing).to.equal(reason)
      expect(await blocksIn(stores)).to.equal(0)

      const other = new AbortController()
      const array = failure(codex.store(seededContent(3)(20 * MiB), { signal: other.signal }))
      await Promise.resolve()
      other.abort(reason)
      expect(await array).to.equal(reason)
      expect(await blocksIn(stores)).to.equal(0)
    })
  })

  it('is found by a reader who asked before', async () => {
    await onNetwork(async net => {
      const [server, twin, reader] = [await net.add(), await net.add({ serve: false }), await net.add()]
      const cid = await twin.codex.store(content)
      const reading = collect(reader.codex.download(cid, { providers: [server.transport.peerId] }), { max: MiB })
      await net.sleep(5_000)
      await server.codex.store(content)

      expect(await reading).to.deep.equal(content)
    })
  })

  it('is listed, counted and forgotten', async () => {
    await onNetwork(async net => {
      const node = await net.add()
      const { cid } = await seed(node, 10 * BLOCK, { filename: 'a' })
      const other = await seed(node, 5 * BLOCK, { filename: 'b' })
      const names = []

      for await (const { manifest, blocks, blocksHere } of node.codex.list()) {
        names.push([manifest.filename, blocks, blocksHere])
      }

      expect(names.sort()).to.deep.equal([['a', 10, 10], ['b', 5, 5]])
      expect(await node.codex.delete(cid)).to.be.true()
      expect(await node.codex.delete(cid)).to.be.false()
      expect(await node.codex.stat(cid)).to.equal(undefined)
      expect(await node.codex.stat(other.cid)).to.have.property('blocksHere', 5)
      const reader = await net.add()
      expect(await failure(reader.codex.download(cid, { stallTimeout: 3_000 }).done)).to.have.property('name', 'NotFoundError')
      expect(await collect(reader.codex.download(other.cid), { max: MiB })).to.deep.equal(other.content)
    })
  })
})
