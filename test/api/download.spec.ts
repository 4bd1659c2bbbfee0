import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { KiB, MiB } from '../../src/constants.ts'
import { blockCid, treeCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { AlreadyReadError, collect, InvalidParametersError } from '../../src/index.ts'
import { seededContent } from '../../src/testing/index.ts'
import { BLOCK, events, failure, onNetwork, seed } from './network.ts'
import { ServedFile } from './scripted-peer.ts'
import type { TestFile, TestNetwork, TestNode } from './network.ts'
import type { ServedBlock } from '../../src/exchange/peer-link.ts'
import type { DownloadOptions } from '../../src/index.ts'

/** A seeder, a reader, and what the reader gets of a file. */
async function fetched (net: TestNetwork, size: number, options: DownloadOptions = {}, content?: Uint8Array): Promise<{ bytes: Uint8Array, file: TestFile, seeder: TestNode, reader: TestNode }> {
  const seeder = await net.add()
  const file = await seed(seeder, size, { content })
  const reader = await net.add()
  const bytes = await collect(reader.codex.download(file.cid, options), { max: size })

  return { bytes, file, seeder, reader }
}

/** A block that no file has. */
function singleBlock (): { data: Uint8Array, single: ServedBlock } {
  const data = seededContent(9)(BLOCK)

  return { data, single: { index: 0, cid: blockCid(hasher.digest(data) as Uint8Array), data } }
}

describe('download', () => {
  for (const size of [1, BLOCK - 1, BLOCK, BLOCK + 1, 300 * BLOCK + 17]) {
    it(`gives a file of ${size} bytes, the padding cut off`, async () => {
      await onNetwork(async net => {
        const { bytes, file, seeder } = await fetched(net, size)

        expect(bytes.byteLength).to.equal(size)
        expect(equals(bytes, file.content)).to.be.true()
        expect(seeder.codex.stats().served.blocks).to.equal(file.blocks + 1)
      })
    })
  }

  for (const [offset, length] of [[0, 10], [BLOCK - 5, 10], [3 * BLOCK, BLOCK], [5 * BLOCK + 1, 7 * BLOCK], [39 * BLOCK, undefined]] as Array<[number, number | undefined]>) {
    it(`gives ${length ?? 'all'} bytes from ${offset} and fetches only the blocks that they are in`, async () => {
      await onNetwork(async net => {
        const size = 40 * BLOCK - 100
        const { bytes, file, seeder } = await fetched(net, size, { offset, length })
        const end = Math.min(size, offset + (length ?? size))

        expect(equals(bytes, file.content.subarray(offset, end))).to.be.true()
        expect(seeder.codex.stats().served.blocks).to.equal(1 + Math.ceil(end / BLOCK) - Math.floor(offset / BLOCK))
      })
    })
  }

  it('fetches the manifest and one block for one byte in the middle of a large file', async () => {
    await onNetwork(async net => {
      const { bytes, file, seeder } = await fetched(net, 16 * MiB, { offset: 8 * MiB + 5, length: 1 })

      expect([...bytes]).to.deep.equal([file.content[8 * MiB + 5]])
      expect(seeder.codex.stats().served.blocks).to.equal(2)
    })
  })

  it('gives nothing, and fetches no block, at the end of the file', async () => {
    await onNetwork(async net => {
      const size = 3 * BLOCK + 100
      const { bytes, seeder, reader } = await fetched(net, size, { offset: size })

      expect(bytes.byteLength).to.equal(0)
      expect(seeder.codex.stats().served.blocks).to.equal(1)
      expect(reader.codex.stats().used.blocks).to.equal(1)
    })
  })

  it('gives nothing, and fetches no block, for a length of 0', async () => {
    await onNetwork(async net => {
      const { bytes, seeder } = await fetched(net, 3 * BLOCK, { offset: 10, length: 0 })

      expect(bytes.byteLength).to.equal(0)
      expect(seeder.codex.stats().served.blocks).to.equal(1)
    })
  })

  it('refuses an offset beyond the end', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 3 * BLOCK)
      const download = (await net.add()).codex.download(cid, { offset: 3 * BLOCK + 1 })
      const err = await failure(collect(download, { max: MiB }))

      expect(err.name).to.equal(InvalidParametersError.name)
      expect(err.message).to.include(`${3 * BLOCK + 1}`).and.include(`${3 * BLOCK}`)
      expect(await failure(download.done)).to.equal(err)
    })
  })

  for (const [name, options] of Object.entries({ 'a negative offset': { offset: -1 }, 'a broken length': { length: 1.5 }, 'an endless offset': { offset: Infinity }, 'a wait of NaN': { stallTimeout: NaN }, 'a negative wait': { stallTimeout: -1 }, 'a window of NaN': { readAheadBytes: NaN } })) {
    it(`refuses ${name}`, async () => {
      await onNetwork(async net => {
        const { cid } = await seed(await net.add(), BLOCK)
        const { codex } = await net.add()

        expect(() => codex.download(cid, options)).to.throw().with.property('name', InvalidParametersError.name)
      })
    })
  }

  it('gives zeros for the empty block, as quickly as others', async () => {
    await onNetwork(async net => {
      const content = seededContent(3)(2_000 * BLOCK + 5).slice()
      const empty = (index: number): boolean => index % 100 >= 10 && index < 1_990

      for (let index = 0; index < 2_000; index++) {
        content.fill(0, index * BLOCK, empty(index) ? (index + 1) * BLOCK : index * BLOCK)
      }

      const file = new ServedFile(content, BLOCK, { empty })
      const peer = await net.script(file.serve(), { conditions: { latency: 50 } })
      const reader = await net.add()
      const startedAt = net.clock.now()

      expect(equals(await collect(reader.codex.download(file.cid, { providers: [peer.transport.peerId] }), { max: 9 * MiB }), content)).to.be.true()
      expect(net.clock.now() - startedAt).to.be.below(3_000)
      await peer.stop()
      expect(equals(await collect(reader.codex.download(file.cid, { offline: true }), { max: 9 * MiB }), content)).to.be.true()
      const next = await net.add()
      expect(equals(await collect(next.codex.download(file.cid, { providers: [reader.transport.peerId] }), { max: 9 * MiB }), content)).to.be.true()
    })
  })

  it('gives blocks of zeros as they are', async () => {
    await onNetwork(async net => {
      const content = new Uint8Array(20 * BLOCK + 1)
      content.set(seededContent(1)(BLOCK), 7 * BLOCK)
      const { bytes } = await fetched(net, content.byteLength, {}, content)

      expect(equals(bytes, content)).to.be.true()
    })
  })

  it('gives a block of a file by its own CID, from others and from the local store', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const file = await seed(seeder, 3 * BLOCK)
      const reader = await net.add()
      const block = file.content.subarray(BLOCK, 2 * BLOCK)
      const cid = blockCid(hasher.digest(block) as Uint8Array)

      expect(await collect(reader.codex.download(cid, { providers: [seeder.transport.peerId] }), { max: BLOCK })).to.deep.equal(block)
      expect(await collect(seeder.codex.download(cid, { offline: true }), { max: BLOCK })).to.deep.equal(block)
    })
  })

  it('gives a single block by its own CID, and serves it on', async () => {
    await onNetwork(async net => {
      const { data, single } = singleBlock()
      const peer = await net.script({
        wanted: (link, wants) => {
          for (const { kind, root } of wants) {
            if (kind === 'have') {
              link.presence(root, { have: [{ start: 0, end: 1 }], absent: [], price: 0n })
            } else if (kind === 'block') {
              void link.deliver(root, [single])
            }
          }
        }
      })
      const reader = await net.add()
      const options = { providers: [peer.transport.peerId] }

      expect(equals(await collect(reader.codex.download(single.cid, options), { max: MiB }), data)).to.be.true()
      expect(await reader.codex.download(single.cid, options).manifest()).to.equal(undefined)
      expect(await failure(reader.codex.manifest(single.cid))).to.have.property('name', InvalidParametersError.name)
      await peer.stop()

      const second = await net.add()
      const download = second.codex.download(single.cid, { providers: [reader.transport.peerId], offset: 10, length: 5 })
      expect([...await collect(download, { max: MiB })]).to.deep.equal([...data.subarray(10, 15)])
      expect((await download.done).blocks).to.deep.equal({ fromStore: 0, fromPeers: 1, recovered: 0 })
      expect((await collect(second.codex.download(single.cid, { offset: BLOCK }), { max: MiB })).byteLength).to.equal(0)
      expect(await failure(collect(second.codex.download(single.cid, { offset: BLOCK + 1 }), { max: MiB }))).to.have.property('name', InvalidParametersError.name)
    })
  })

  it('refuses the CID of a tree', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()
      const download = codex.download(treeCid(new Uint8Array(32)))

      expect(await failure(collect(download, { max: MiB }))).to.have.property('name', InvalidParametersError.name)
      expect(await failure(codex.manifest(treeCid(new Uint8Array(32))))).to.have.property('name', InvalidParametersError.name)
    })
  })

  it('refuses what is no CID', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()

      expect(() => codex.download('nonsense')).to.throw().with.property('name', InvalidParametersError.name)
      expect(await failure(codex.manifest('nonsense'))).to.have.property('name', InvalidParametersError.name)
    })
  })

  it('takes a CID as text', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, BLOCK)
      const { codex } = await net.add()

      expect(equals(await collect(codex.download(cid.toString()), { max: MiB }), content)).to.be.true()
    })
  })

  it('is read once', async () => {
    await onNetwork(async net => {
      const { cid } = await seed(await net.add(), BLOCK)
      const download = (await net.add()).codex.download(cid)
      await collect(download, { max: MiB })

      expect(() => download[Symbol.asyncIterator]()).to.throw().with.property('name', AlreadyReadError.name)
    })
  })

  it('does nothing until it is read', async () => {
    await onNetwork(async net => {
      const { cid } = await seed(await net.add(), BLOCK)
      const reader = await net.add()
      const found = events(reader, 'codex:discovery:find')
      reader.codex.download(cid)
      await net.sleep(60_000)

      expect(found).to.deep.equal([])
      expect(reader.codex.stats().downloads).to.equal(0)
    })
  })

  it('gives arrays that are the caller\'s to change', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid, content } = await seed(seeder, 50 * BLOCK)
      const { codex } = await net.add({ blockstore: undefined, datastore: undefined })
      const spoil = async (): Promise<void> => {
        for await (const bytes of codex.download(cid)) {
          bytes.fill(0)
        }
      }
      const [bytes] = await Promise.all([collect(codex.download(cid), { max: MiB }), spoil(), spoil()])

      expect(equals(bytes, content)).to.be.true()
      expect(equals(await collect(codex.download(cid, { offline: true }), { max: MiB }), content)).to.be.true()
    })
  })

  it('tells the figures when it is done', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, blocks } = await seed(seeder, 20 * BLOCK)
      const { codex } = await net.add()
      await collect(codex.download(cid, { length: 5 * BLOCK }), { max: MiB })
      const startedAt = net.clock.now()
      const download = codex.download(cid)
      await collect(download, { max: MiB })
      const figures = await download.done

      expect(figures).to.deep.equal({
        bytes: blocks * BLOCK,
        blocks: { fromStore: 5, fromPeers: 15, recovered: 0 },
        peers: [seeder.id],
        milliseconds: net.clock.now() - startedAt
      })
      expect(figures.milliseconds).to.be.above(0)
    })
  })

  it('tells how far it is', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 100_000 } })
      const { cid } = await seed(seeder, 100 * BLOCK)
      const { codex } = await net.add()
      const told: number[] = []
      const download = codex.download(cid, {
        onProgress: ({ type, detail }) => {
          expect(type).to.equal('codex:download:progress')
          expect(detail.totalBytes).to.equal(100 * BLOCK)
          told.push(detail.bytes)
        }
      })

      expect(download.progress).to.deep.equal({ bytes: 0, totalBytes: undefined, blocks: { fromStore: 0, fromPeers: 0, recovered: 0 }, rate: 0, peers: 0, eta: undefined })
      let bytes = 0

      for await (const chunk of download) {
        bytes += chunk.byteLength
        expect(download.progress.bytes).to.equal(bytes)

        if (bytes === 50 * BLOCK) {
          expect(download.progress.rate).to.be.within(50_000, 110_000)
          expect(download.progress.eta).to.be.within(50 * BLOCK / 110, 50 * BLOCK / 50)
          expect(download.progress.peers).to.equal(1)
        }
      }

      expect(told.at(-1)).to.equal(100 * BLOCK)
      expect(told).to.deep.equal([...told].sort((a, b) => a - b))
      expect(download.progress).to.deep.include({ bytes: 100 * BLOCK, blocks: { fromStore: 0, fromPeers: 100, recovered: 0 }, rate: 0, peers: 0 })
    })
  })
})
