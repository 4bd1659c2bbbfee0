import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { KiB } from '../../src/constants.ts'
import { shapeOf } from '../../src/dataset/verify.ts'
import { ErasureLayout } from '../../src/erasure/layout.ts'
import { InvalidDatasetError, RecoveryError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import { createCodex } from '../../src/index.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { LocalStore } from '../../src/stores/local-store.ts'
import { int, memoryStores, runPromise, seededContent, seededRandom, shuffle, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import type { Manifest } from '../../src/dataset/manifest.ts'
import type { CodexStats, DownloadFigures, DownloadOptions } from '../../src/index.ts'
import type { CID } from 'multiformats/cid'

const BLOCK = 4 * KiB

interface Scene {
  blocks: number
  data: number
  parity: number
  /** Which blocks the seeder has lost. */
  lost(layout: ErasureLayout): number[]
  options?: DownloadOptions
  /** Fetches it into the store first, then reads it there, with the seeder gone. */
  prefetches?: boolean
  /** The reader's disk is full. */
  refuses?: boolean
  /** The author's parity is of no use, though the tree is over it. */
  wrongParity?: boolean
}

interface Outcome {
  bytes: Uint8Array
  expected: Uint8Array
  error?: Error
  figures?: DownloadFigures
  stats: CodexStats
  blocksHere: number
  ms: number
}

/** A download of a protected file from one seeder that has lost blocks. */
async function download ({ blocks, data, parity, lost, options = {}, wrongParity = false, prefetches = false, refuses = false }: Scene): Promise<Outcome> {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const network = new SimulatedNetwork({ clock, random })
  const content = seededContent(9)(blocks * BLOCK - 100)
  const stores = memoryStores()
  const seeder = createCodex({ ...stores, transport: network.addPeer({ upload: 5_000_000 }), clock, random })
  const own = memoryStores()
  const reader = createCodex({ ...own, transport: network.addPeer(), clock, random })

  if (refuses) {
    own.blockstore.put = async () => { throw new Error('no space left') }
  }

  const play = async (): Promise<Outcome> => {
    await seeder.start()
    const right = await seeder.store(content, { blockSize: BLOCK, erasure: { data, parity } })
    const rightManifest = await seeder.manifest(right)
    await seeder.stop()
    const local = new LocalStore({ ...stores, hasher, random })
    await local.open()
    const { manifestCid: cid, manifest } = wrongParity ? await lie(local, rightManifest) : { manifestCid: right, manifest: rightManifest }
    const tree = await local.tree(shapeOf(manifest))

    for (const index of lost(ErasureLayout.of(manifest) as ErasureLayout)) {
      const block = await tree.get(index)
      await stores.blockstore.delete(block?.cid as NonNullable<typeof block>['cid'])
      expect(await tree.get(index)).to.equal(undefined)
    }

    tree.release()
    await local.close()
    await Promise.all([seeder.start(), reader.start()])
    const { offset = 0, length = content.byteLength } = options
    const providers = [network.peers[0].peerId]

    for await (const progress of prefetches ? reader.prefetch(cid, { providers }) : []) {
      expect(progress.bytes).to.be.at.most(content.byteLength)
    }

    await (prefetches ? seeder.stop() : undefined)
    const download = reader.download(cid, { providers: [network.peers[0].peerId], ...options })
    const expected = content.subarray(offset, offset + length)
    const bytes = new Uint8Array(expected.byteLength)
    let at = 0
    let error: Error | undefined
    const startedAt = clock.now()

    try {
      for await (const chunk of download) {
        bytes.set(chunk, at)
        at += chunk.byteLength
      }
    } catch (err) {
      error = err as Error
    }

    const figures = await download.done.catch(() => undefined)
    const stats = reader.stats()
    const ms = clock.now() - startedAt
    const stat = options.store === false ? undefined : await reader.stat(cid)
    await Promise.all([seeder.stop(), reader.stop()])

    return { bytes: bytes.subarray(0, at), expected, error, figures, stats, ms, blocksHere: stat?.blocksHere ?? 0 }
  }

  const outcome = await runPromise(clock, play(), { maxMs: 10 * 60_000 })
  await clock.run(undefined, { maxMs: 60_000 })
  expect(clock.pending).to.equal(0)
  expect(outcome.stats.sizes.sources).to.equal(0)
  expect(outcome.stats.sizes.flights).to.equal(0)

  return outcome
}

/** The same dataset with other parity, in a tree of its own. */
async function lie (local: LocalStore, manifest: Manifest): Promise<{ manifestCid: CID, manifest: Manifest }> {
  const layout = ErasureLayout.of(manifest) as ErasureLayout
  const tree = await local.tree(shapeOf(manifest))
  const draft = await local.protectedDraft(layout.blocks)

  for (let index = 0; index < layout.blocks; index++) {
    const block = await tree.get(index)
    const data = block?.data.slice() as Uint8Array

    if (index >= layout.rounded) {
      data[0] ^= 1
    }

    await draft.add([{ index, data }])
  }

  tree.release()

  return draft.finish(treeCid => ({ ...manifest, treeCid }))
}

/** So many blocks of every group, at random positions. */
function ofEachGroup (count: number, seed = 1): Scene['lost'] {
  return layout => {
    const random = seededRandom(seed)

    return Array.from({ length: layout.groups }).flatMap((_, group) => {
      const positions = Array.from({ length: layout.data + layout.parity }, (_, position) => position)
      const indices = positions.map(position => layout.indexOf({ group, position })).filter(index => !layout.isPadding(index))

      return shuffle(random, indices).slice(0, count)
    })
  }
}

describe('a protected dataset', () => {
  // loading takes no virtual time
  before(async () => { await loadLeopard() })

  it('is read as any other when nothing is missing, and no parity is fetched', async () => {
    const { bytes, expected, error, figures, stats } = await download({ blocks: 90, data: 8, parity: 4, lost: () => [] })

    expect(error).to.equal(undefined)
    expect(equals(bytes, expected)).to.equal(true)
    expect(figures?.blocks).to.deep.equal({ fromStore: 0, fromPeers: 90, recovered: 0 })
    expect(stats.used.blocks).to.equal(91)
  })

  for (const [data, parity] of [[8, 4], [20, 10], [3, 1], [5, 5]]) {
    it(`is read with ${parity} of ${data}+${parity} blocks of every group gone`, async () => {
      const { bytes, expected, error, figures, blocksHere } = await download({ blocks: 83, data, parity, lost: ofEachGroup(parity) })

      expect(error).to.equal(undefined)
      expect(equals(bytes, expected)).to.equal(true)
      expect(figures?.blocks.recovered).to.be.above(0)
      expect(blocksHere).to.equal(83)
    })
  }

  it('is read with one block in ten gone in little more time: groups are recovered ahead of the reader, many at once', async () => {
    const scene = { blocks: 1_000, data: 20, parity: 10, options: { readAheadBytes: 256 * BLOCK } }
    const random = seededRandom(1)
    const whole = await download({ ...scene, lost: () => [] })
    const lossy = await download({ ...scene, lost: layout => [...Array(layout.blocks).keys()].filter(index => !layout.isPadding(index) && random() < 0.1) })

    expect(lossy.error).to.equal(undefined)
    expect(equals(lossy.bytes, lossy.expected)).to.equal(true)
    expect(lossy.ms).to.be.below(1.6 * whole.ms)
  })

  it('is read, later, with a run of losses at its head', async () => {
    const { bytes, expected, error, figures } = await download({ blocks: 120, data: 8, parity: 4, lost: layout => Array.from({ length: layout.groups * 3 }, (_, i) => i) })

    expect(error).to.equal(undefined)
    expect(equals(bytes, expected)).to.equal(true)
    expect(figures?.blocks.recovered).to.equal(45)
  })

  it('is prefetched with blocks gone, and then read alone', async () => {
    const { bytes, expected, error, figures } = await download({ blocks: 83, data: 8, parity: 4, lost: ofEachGroup(4), prefetches: true })

    expect(error).to.equal(undefined)
    expect(equals(bytes, expected)).to.equal(true)
    expect(figures?.blocks).to.deep.equal({ fromStore: 83, fromPeers: 0, recovered: 0 })
  })

  for (const [what, { store, refuses }] of Object.entries({
    'nothing where it is kept': { store: true, refuses: false },
    'where it is not to be kept': { store: false, refuses: false },
    'where the store refuses it': { store: true, refuses: true }
  })) {
    it(`counts what is fetched or recovered again, ${what}`, async () => {
      const { bytes, expected, error, figures, stats } = await download({
        blocks: 83, data: 8, parity: 4, lost: ofEachGroup(2), refuses, options: { store, readAheadBytes: 8 * BLOCK }
      })

      expect(error).to.equal(undefined)
      expect(equals(bytes, expected)).to.equal(true)
      expect(figures?.bytes).to.equal(83 * BLOCK - 100)
      // more than the file's blocks was fetched and recovered: what came again, and a few blocks of parity
      expect(stats.again > 0).to.equal(!store || refuses)
      expect(stats.used.blocks - 1 + stats.recovered - stats.again).to.be.within(83, 83 + 2 * 11)
    })
  }

  it('is read with a run of losses longer than may be held', async () => {
    for (const store of [true, false]) {
      const { bytes, expected, error } = await download({
        blocks: 120,
        data: 8,
        parity: 4,
        lost: layout => Array.from({ length: layout.groups * 3 }, (_, i) => i),
        options: { readAheadBytes: 10 * BLOCK, store }
      })

      expect(error).to.equal(undefined)
      expect(equals(bytes, expected)).to.equal(true)
    }
  })

  it('is read where what proves its last block is parity that nobody has either', async () => {
    for (const store of [true, false]) {
      const { bytes, expected, error, ms } = await download({ blocks: 3, data: 3, parity: 2, lost: () => [2, 3], options: { store } })

      expect(error).to.equal(undefined)
      expect(equals(bytes, expected)).to.equal(true)
      expect(ms).to.be.below(5_000)
    }
  })

  it('is read where what proves its last block is an empty one that nobody has either', async () => {
    const { bytes, expected, error, ms } = await download({ blocks: 5, data: 3, parity: 1, lost: () => [4, 5] })

    expect(error).to.equal(undefined)
    expect(equals(bytes, expected)).to.equal(true)
    expect(ms).to.be.below(5_000)
  })

  it('is read where nothing is kept', async () => {
    const { bytes, expected, error } = await download({ blocks: 83, data: 8, parity: 4, lost: ofEachGroup(4), options: { store: false } })

    expect(error).to.equal(undefined)
    expect(equals(bytes, expected)).to.equal(true)
  })

  it('gives a part of it', async () => {
    const { bytes, expected, error } = await download({ blocks: 83, data: 8, parity: 4, lost: ofEachGroup(4), options: { offset: 40 * BLOCK + 7, length: 3 * BLOCK } })

    expect(error).to.equal(undefined)
    expect(equals(bytes, expected)).to.equal(true)
  })

  it('fails with the group and the missing blocks where one too many is gone, after all bytes before it', async () => {
    const missing = [7, 7 + 11, 7 + 2 * 11, 7 + 3 * 11, 7 + 8 * 11]
    const { bytes, expected, error, ms } = await download({ blocks: 83, data: 8, parity: 4, lost: () => missing, options: { stallTimeout: 5_000 } })

    expect(error).to.have.property('name', RecoveryError.name)
    expect(error).to.deep.include({ group: 7, missing, index: 7 })
    expect(bytes.byteLength).to.equal(7 * BLOCK)
    expect(equals(bytes, expected.subarray(0, 7 * BLOCK))).to.equal(true)
    expect(ms).to.be.below(20_000)
  })

  it('ends in an error, never in wrong bytes, where the parity in the tree is not that of the code', async () => {
    const { bytes, expected, error } = await download({ blocks: 83, data: 8, parity: 4, lost: () => [30], wrongParity: true })

    expect(error).to.have.property('name', InvalidDatasetError.name)
    expect(bytes.byteLength).to.equal(30 * BLOCK)
    expect(equals(bytes, expected.subarray(0, 30 * BLOCK))).to.equal(true)
  })

  it('survives random losses of any kind within the limit', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seededRandom(seed)
      const data = int(random, 2, 12)
      const parity = int(random, 1, data)
      const blocks = int(random, data, 100)
      const { bytes, expected, error } = await download({ blocks, data, parity, lost: ofEachGroup(int(random, 0, parity), seed) })

      expect(error, `seed ${seed}: ${blocks} blocks, ${data}+${parity}`).to.equal(undefined)
      expect(equals(bytes, expected)).to.equal(true)
    }
  })
})
