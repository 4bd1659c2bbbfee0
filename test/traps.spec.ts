/** The 15 traps that downloads over networks like this one have fallen into, each as one test. */
import { getEventListeners } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import ts from 'typescript'
import { equals } from 'uint8arrays/equals'
import { KiB, MiB } from '../src/constants.ts'
import { blockCid } from '../src/dataset/codecs.ts'
import { ErasureLayout } from '../src/erasure/layout.ts'
import { InvalidDatasetError, NotFoundError, ShortStreamError, StallError } from '../src/errors.ts'
import { hasher } from '../src/hasher/node.ts'
import { collect } from '../src/index.ts'
import { loadLeopard } from '../src/protected-retrieval.ts'
import { storeStream } from '../src/streams/store-stream.ts'
import { memoryStores, neverDelivered, quotaBlockstore, seededContent, wrongBytes, wrongCid, wrongIndex, wrongProof } from '../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from './api/network.ts'
import { ServedFile } from './api/scripted-peer.ts'
import type { TestNode } from './api/network.ts'
import type { IndexRange } from '../src/dataset/ranges.ts'
import type { BlockSource } from '../src/stores/block-source.ts'
import type { CID } from 'multiformats/cid'

const ROOT = new URL('../', import.meta.url)
const file = new ServedFile(seededContent(5)(60 * BLOCK), BLOCK)

/** Blocks of a tree that were requested, and neither came nor were taken back: what the other side still owes. */
function owed ({ links }: TestNode, root: CID): Set<number> {
  const indices = new Set<number>()

  for (const event of links.filter(event => event.root === root.toString())) {
    for (const index of event.indices) {
      if (event.what === 'request') {
        indices.add(index)
      } else if (event.what === 'delivered' || event.what === 'cancel') {
        indices.delete(index)
      }
    }
  }

  return indices
}

describe('traps', () => {
  it('trap 1: all peers silent after HAVE: the next is asked within the timeout, then a StallError', async () => {
    await onNetwork(async net => {
      const silent = []

      for (const latency of [10, 20, 30]) {
        silent.push(await net.script(file.serve({ only: want => want.kind === 'have' || want.root.equals(file.cid) }), { conditions: { latency } }))
      }

      const reader = await net.add({ limits: { firstTimeout: 2_000, stallTimeout: 20_000 } })
      const providers = silent.map(({ transport }) => transport.peerId)
      await reader.codex.manifest(file.cid, { providers })
      const startedAt = net.clock.now()
      const err = await failure(reader.codex.download(file.cid, { providers, length: BLOCK }).done)

      expect(err).to.have.property('name', StallError.name)
      expect(err).to.have.property('index', 0)
      expect(net.clock.now() - startedAt).to.be.within(20_000, 20_100)
      const asked = reader.links.filter(({ what, root }) => what === 'request' && root === file.root.toString())
      const first = silent.map(({ id }) => asked.find(({ peer }) => peer === id)?.time ?? Infinity).sort((a, b) => a - b)
      first.forEach((time, i) => { expect(time - startedAt).to.be.at.most(i * 2_000 + 500) })
    })
  })

  it('trap 2: a connection that is gone for 100 ms: all that was wanted is asked for again', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid, content } = await seed(seeder, 100 * BLOCK)
      const reader = await net.add()
      const reading = collect(reader.codex.download(cid), { max: MiB })
      await net.sleep(1_000)
      const { treeCid } = await reader.codex.manifest(cid)
      net.transports.disconnect(reader.transport, seeder.transport)
      const lost = owed(reader, treeCid)
      const at = reader.links.length
      await net.sleep(100)
      await seeder.transport.connect(reader.transport.peerId)

      expect(await reading).to.deep.equal(content)
      expect(lost.size).to.be.above(5)
      expect(reader.links.slice(at).filter(({ what }) => what === 'request').flatMap(({ indices }) => indices)).to.include.members([...lost])
    })
  })

  it('trap 3: two readers, one aborts: the other finishes, and nothing is cancelled on the wire', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add({ conditions: { upload: 200 * KiB } }), 100 * BLOCK)
      const reader = await net.add()
      const controller = new AbortController()
      const stays = collect(reader.codex.download(cid), { max: MiB })
      const leaves = failure(collect(reader.codex.download(cid, { signal: controller.signal }), { max: MiB }))
      await net.sleep(1_000)
      controller.abort(new Error('enough'))

      expect(await leaves).to.have.property('message', 'enough')
      expect(await stays).to.deep.equal(content)
      expect(reader.links.filter(({ what }) => what === 'cancel')).to.deep.equal([])
    })
  })

  it('trap 4: a consumer that sleeps: what is buffered never exceeds the limit', async () => {
    await onNetwork(async net => {
      const { cid } = await seed(await net.add(), 300 * BLOCK)
      const { codex } = await net.add()
      let taken = 0
      let most = 0

      for await (const { byteLength } of codex.download(cid, { readAheadBytes: 10 * BLOCK })) {
        taken += byteLength
        await net.sleep(taken % (50 * BLOCK) === 0 ? 60_000 : 5)
        const { used, late, duplicate, sizes } = codex.stats()
        // all that came or is asked for, but for the manifest and what the reader took
        most = Math.max(most, used.blocks + late.blocks + duplicate.blocks + sizes.flights - 1 - taken / BLOCK)
        expect(sizes.heldBytes + sizes.flights * BLOCK).to.be.at.most(10 * BLOCK)
      }

      expect(taken).to.equal(300 * BLOCK)
      expect(most).to.be.within(9, 10)
    })
  })

  it('trap 5: a break after one chunk: no wants, timers or listeners are left', async () => {
    await onNetwork(async net => {
      const { cid } = await seed(await net.add({ conditions: { upload: 200 * KiB } }), 100 * BLOCK)
      const reader = await net.add()
      const { treeCid } = await reader.codex.manifest(cid)
      const { signal } = new AbortController()

      let taken = 0

      for await (const chunk of reader.codex.download(cid, { signal })) {
        taken += chunk.byteLength
        expect(owed(reader, treeCid).size).to.be.above(0)

        if (taken === BLOCK) {
          break
        }
      }

      expect(taken).to.equal(BLOCK)

      await net.sleep(1)
      expect(held(reader.codex)).to.deep.equal({})
      expect([...owed(reader, treeCid)]).to.deep.equal([])
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    })
  })

  it('trap 6: one byte of a large file costs one block', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid, content } = await seed(seeder, 8 * MiB)
      const { codex } = await net.add()

      expect([...await collect(codex.download(cid, { offset: 5 * MiB + 3, length: 1 }), { max: 1 })]).to.deep.equal([content[5 * MiB + 3]])
      expect(seeder.codex.stats().served).to.deep.include({ blocks: 2 })
      expect(await codex.stat(cid)).to.have.property('blocksHere', 1)
    })
  })

  it('trap 7: nobody has it: a NotFoundError in bounded time', async () => {
    await onNetwork(async net => {
      const { codex } = await net.add()
      const err = await failure(codex.download(file.cid).done)

      expect(err).to.have.property('name', NotFoundError.name)
      expect(net.clock.now()).to.be.within(codex.limits.stallTimeout, codex.limits.stallTimeout + 1_000)
      expect(held(codex)).to.deep.equal({})
    })
  })

  for (const [what, lie] of Object.entries({ 'wrong bytes': wrongBytes, 'a wrong proof': wrongProof, 'a wrong index': wrongIndex, 'a wrong CID': wrongCid })) {
    it(`trap 8: ${what}: never yielded nor kept, the peer banned, the block fetched elsewhere`, async () => {
      await onNetwork(async net => {
        const liar = await net.add({ faults: { blocks: [block => block.proof == null ? block : lie(block)] } })
        const honest = await net.add({ conditions: { latency: 200, upload: 100 * KiB } })
        await seed(liar, 0, { content: file.content })
        const { cid } = await seed(honest, 0, { content: file.content })
        const reader = await net.add()
        const bans = events(reader, 'codex:peer:ban')
        const rejected = events(reader, 'codex:blocks:rejected')

        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(file.content)
        expect(bans.map(({ peer }) => peer)).to.deep.equal([liar.id])
        expect(rejected.map(({ peer }) => peer)).to.include(liar.id)
        expect(reader.codex.peers().find(({ id }) => id === honest.id)).to.have.property('used').at.least(60)
        expect(await collect(reader.codex.download(cid, { offline: true }), { max: MiB })).to.deep.equal(file.content)
      })
    })
  }

  it('trap 9: a peer that says HAVE to everything and delivers nothing costs time, not the download', async () => {
    await onNetwork(async net => {
      const empty = await net.add({ faults: { claimsAll: true, blocks: [neverDelivered] } })
      const honest = await net.add({ conditions: { latency: 50 } })
      const { cid, content } = await seed(honest, 100 * BLOCK)
      const reader = await net.add({ limits: { firstTimeout: 2_000 } })
      await reader.transport.connect(empty.transport.peerId)
      const claims = reader.links.length

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(reader.links.slice(claims).some(({ what, peer, indices }) => what === 'have' && peer === empty.id && indices.length > 0)).to.be.true()
      expect(net.clock.now()).to.be.below(15_000)
    })
  })

  it('trap 10: K-1 of K data blocks gone from every group: recovered, proven, and the reader is not cut short', async () => {
    await loadLeopard()
    await onNetwork(async net => {
      const stores = memoryStores()
      const seeder = await net.add(stores)
      const cid = await seeder.codex.store(file.content, { blockSize: BLOCK, erasure: { data: 5, parity: 4 } })
      const layout = ErasureLayout.of(await seeder.codex.manifest(cid)) as ErasureLayout
      const lost = Array.from({ length: layout.groups }).flatMap((_, group) => [0, 1, 2, 3].map(position => layout.indexOf({ group, position })))

      for (const index of lost) {
        await stores.blockstore.delete(blockCid(hasher.digest(file.content.subarray(index * BLOCK, (index + 1) * BLOCK)) as Uint8Array))
      }

      // what is gone is no longer said to be here
      const collecting = seeder.codex.gc()
      let figures = await collecting.next()

      while (figures.done !== true) {
        figures = await collecting.next()
      }

      const reader = await net.add()
      const recovered = events(reader, 'codex:blocks:recovered')
      const download = reader.codex.download(cid)

      expect(await collect(download, { max: MiB })).to.deep.equal(file.content)
      expect((await download.done).blocks).to.have.property('recovered', lost.length)
      expect(recovered.length).to.be.above(0)
      await seeder.codex.stop()
      expect(await collect(reader.codex.download(cid, { offline: true }), { max: MiB })).to.deep.equal(file.content)
    })
  })

  it('trap 11: the store is full in the middle: the stream goes on', async () => {
    await onNetwork(async net => {
      const { cid, content } = await seed(await net.add(), 100 * BLOCK)
      const reader = await net.add({ blockstore: quotaBlockstore(memoryStores().blockstore, 40 * BLOCK) })
      const refused = events(reader, 'codex:store:refused')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(refused).to.have.lengthOf(1)
      expect(await reader.codex.stat(cid)).to.have.property('blocksHere').within(1, 40)
    })
  })

  it('trap 12: a provider that the caller knows is asked for the leaves too, not only for the manifest', async () => {
    await onNetwork(async net => {
      const peer = await net.script(file.serve())
      const { codex } = await net.add({ discovery: undefined })
      const providers = [peer.transport.peerId]

      expect(await collect(codex.download(file.cid, { providers }), { max: MiB })).to.deep.equal(file.content)
      const wanted = peer.wants.filter(({ kind }) => kind === 'block').map(({ root }) => root.toString())
      expect(new Set(wanted)).to.deep.equal(new Set([file.cid.toString(), file.root.toString()]))
    })
  })

  it('trap 13: a stream that is shorter than the manifest says is an error, whoever cuts it short', async () => {
    await onNetwork(async net => {
      const claims = new ServedFile(file.content, BLOCK, { datasetSize: 200 * BLOCK })
      const { wanted } = claims.serve()
      const inTree = ({ start, end }: IndexRange): IndexRange => ({ start: Math.min(start, 60), end: Math.min(end, 60) })
      const peer = await net.script({
        wanted: (link, wants) => { wanted?.(link, wants.map(want => ({ ...want, ranges: want.ranges.map(inTree) }))) }
      })
      const { codex } = await net.add()
      const err = await failure(collect(codex.download(claims.cid, { providers: [peer.transport.peerId] }), { max: MiB }))

      expect(err).to.have.property('name', InvalidDatasetError.name)
    })

    const data = seededContent(1)(BLOCK)
    const source = { shape: { root: file.root, leaves: 3, blockSize: BLOCK }, window: MiB, want () {}, drop () {}, close () {} }
    const short = { ...source, next: async (cursor: number) => cursor < 2 ? [{ index: cursor, data }] : [] } as unknown as BlockSource
    const lengths: number[] = []
    const err = await failure((async () => {
      for await (const { byteLength } of storeStream(short, { start: 0, end: 2 * BLOCK + 10 })) {
        lengths.push(byteLength)
      }
    })())

    expect(err).to.have.property('name', ShortStreamError.name)
    expect(lengths).to.deep.equal([BLOCK, BLOCK])
  })

  it('trap 14: every limit and every option is named in a test', async function () {
    this.timeout(30_000)
    const used = new Set<string>()

    for (const name of await readdir(new URL('test', ROOT), { recursive: true })) {
      if (name.endsWith('.ts')) {
        namesUsed(await sourceOf(`test/${name}`), used)
      }
    }

    const options = await sourceOf('src/options.ts')
    const names = [
      ...membersOf(await sourceOf('src/constants.ts'), 'Limits'),
      ...membersOf(await sourceOf('src/index.ts'), 'CodexInit'),
      ...['RetrieveOptions', 'DownloadOptions', 'StoreOptions', 'PrefetchOptions'].flatMap(name => membersOf(options, name))
    ]

    expect(names.length).to.be.above(50)
    expect(names.filter(name => !used.has(name))).to.deep.equal([])
  })

  it('trap 15: 10,000 blocks from peers that come and go: every map is empty again', async function () {
    this.timeout(120_000)
    await onNetwork(async net => {
      const blockSize = 256
      const content = seededContent(3)(10_000 * blockSize)
      const seeders = [await net.add({ conditions: { upload: MiB } }), await net.add({ conditions: { upload: MiB } })]
      const [{ cid }] = await Promise.all(seeders.map(async node => seed(node, 0, { content, blockSize })))
      const reader = await net.add()
      const reading = new AbortController()
      const churn = (async () => {
        for (let i = 0; !reading.signal.aborted; i++) {
          await net.sleep(500)
          net.transports.disconnect(reader.transport, seeders[i % 2].transport)
        }
      })()

      expect(equals(await collect(reader.codex.download(cid), { max: 4 * MiB }), content)).to.be.true()
      reading.abort()
      await churn
      expect(reader.links.filter(({ what }) => what === 'opened').length).to.be.above(5)
      expect(held(reader.codex)).to.deep.equal({})
      await reader.codex.delete(cid)
      expect(await reader.codex.stat(cid)).to.equal(undefined)
    })
  })
})

async function sourceOf (path: string): Promise<ts.SourceFile> {
  return ts.createSourceFile(path, await readFile(new URL(path, ROOT), 'utf8'), ts.ScriptTarget.Latest, true)
}

/** Names of the properties of an interface. */
function membersOf (source: ts.SourceFile, name: string): string[] {
  const [found] = source.statements.filter(ts.isInterfaceDeclaration).filter(node => node.name.text === name)

  return found.members.map(member => member.name?.getText(source) ?? '')
}

/** Adds the names that properties are set or read by. */
function namesUsed (node: ts.Node, names: Set<string>): void {
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) || ts.isPropertyAccessExpression(node)) {
    names.add(node.name.getText())
  }

  node.forEachChild(child => { namesUsed(child, names) })
}
