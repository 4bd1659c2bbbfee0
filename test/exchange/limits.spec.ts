/** Limits and options of which no other test shows that they change what is done. */
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core/memory'
import { DEFAULT_LIMITS, KiB, MiB } from '../../src/constants.ts'
import { plan } from '../../src/exchange/plan.ts'
import { collect } from '../../src/index.ts'
import { memoryStores, seededContent, slowBlockstore } from '../../src/testing/index.ts'
import { BLOCK, events, failure, onNetwork, seed } from '../api/network.ts'
import { RecordingMetrics } from '../api/recording-metrics.ts'
import { context, known, newCandidate, newInterest, newSession } from './fixtures.ts'
import type { CodexInit, Limits } from '../../src/index.ts'
import type { TestNode } from '../api/network.ts'

interface Fetched {
  seeders: TestNode[]
  reader: TestNode
  /** Blocks of each batch that was verified. */
  batches: number[]
  refusals: number
  ms: number
}

/** What is seen of a download of 100 blocks under some limits, of the reader's and of the seeders'. */
async function fetched (limits: Partial<Limits>, { seeders: count = 1, ...init }: Partial<CodexInit> & { seeders?: number } = {}, size = 100 * BLOCK, blockSize = BLOCK): Promise<Fetched> {
  let result: Fetched | undefined

  await onNetwork(async net => {
    const content = seededContent(1)(size)
    const seeders: TestNode[] = []

    for (let i = 0; i < count; i++) {
      seeders.push(await net.add({ limits, conditions: { upload: 500 * KiB } }))
      await seed(seeders[i], size, { content, blockSize })
    }

    const { cid } = await seed(seeders[0], size, { content, blockSize })
    const reader = await net.add({ ...init, ...'blockstore' in init && init.blockstore != null ? { blockstore: slowBlockstore(init.blockstore, net.clock, 200) } : {}, limits })
    const batches = events(reader, 'codex:blocks:verified')
    const refusals = events(reader, 'codex:store:refused')
    await net.sleep(1_000)
    const startedAt = net.clock.now()
    expect(await collect(reader.codex.download(cid), { max: 4 * MiB })).to.deep.equal(content)
    result = { seeders, reader, batches: batches.map(({ indices }) => indices.length), refusals: refusals.length, ms: net.clock.now() - startedAt }
  })

  return result as Fetched
}

class CountingDatastore extends MemoryDatastore {
  gets = 0

  override get (...args: Parameters<MemoryDatastore['get']>): ReturnType<MemoryDatastore['get']> {
    this.gets++

    return super.get(...args)
  }
}

describe('limits', () => {
  it('`intakeBlocks` is the most that is verified as one batch', async () => {
    expect(Math.max(...(await fetched({ intakeBlocks: 3 })).batches)).to.equal(3)
    expect(Math.max(...(await fetched({})).batches)).to.equal(DEFAULT_LIMITS.intakeBlocks)
  })

  it('`intakeWorkers` write at the same time', async () => {
    const alone = await fetched({ intakeWorkers: 1 }, { blockstore: memoryStores().blockstore })
    const many = await fetched({ intakeWorkers: 8 }, { blockstore: memoryStores().blockstore })

    expect(many.ms).to.be.below(alone.ms / 1.5)
  })

  it('`sessionPeers` is how many a dataset is fetched from', async () => {
    const peers = ({ reader }: Fetched): number => {
      const asks = reader.links.filter(({ what }) => what === 'ask')
      return new Set(asks.filter(({ root }) => root === asks[asks.length - 1].root).map(({ peer }) => peer)).size
    }

    expect(peers(await fetched({ sessionPeers: 1 }, { seeders: 3 }))).to.equal(1)
    expect(peers(await fetched({}, { seeders: 3 }))).to.equal(3)
  })

  it('`askAhead` is how many blocks are asked about at a time', async () => {
    const most = ({ reader }: Fetched): number => Math.max(...reader.links.filter(({ what }) => what === 'ask').map(({ indices }) => indices.length))

    expect(most(await fetched({ askAhead: 10 }))).to.be.at.most(10)
    expect(most(await fetched({}))).to.be.above(10)
  })

  it('`exploration` is the share of requests that go to another than the best', () => {
    const asked = (exploration: number): string[] => {
      const session = newSession(10)
      newInterest(session, 0, 1)
      const candidates = [known(newCandidate(session, 'best', [[0, 10]]), 10, 10_000), known(newCandidate(session, 'other', [[0, 10]]), 20, 5_000)]
      const dice = [0.3, 0.9]
      const { actions } = plan(session, candidates, context({ random: () => dice.shift() ?? 0, limits: { ...DEFAULT_LIMITS, exploration } }))

      return actions.flatMap(action => action.type === 'request' ? [action.candidate.peer.id] : [])
    }

    expect(asked(0.2)).to.deep.equal(['best'])
    expect(asked(0.4)).to.deep.equal(['other'])
  })

  it('`firstDeliveryBlocks` is where the size of deliveries begins', async () => {
    const begins = async (firstDeliveryBlocks: number): Promise<number> => {
      const { seeders: [{ links }] } = await fetched({ firstDeliveryBlocks })
      // the very first is the manifest
      const [, first] = links.filter(({ what }) => what === 'deliver')
      return first.indices.length
    }

    expect(await begins(1)).to.be.at.most(2)
    expect(await begins(5)).to.be.within(5, 10)
  })

  it('`peerDatasets` is how many are remembered of a peer', async () => {
    const remembered = async (limits: Partial<Limits>): Promise<number> => {
      let most = 0
      await onNetwork(async net => {
        const seeder = await net.add()
        const { codex } = await net.add({ limits })

        for (let blocks = 1; blocks <= 4; blocks++) {
          await codex.download((await seed(seeder, blocks * BLOCK)).cid).done
        }

        await net.sleep(1)
        most = codex.stats().sizes.peerDatasets
      })

      return most
    }

    expect(await remembered({ peerDatasets: 2 })).to.be.at.most(2)
    expect(await remembered({})).to.equal(8)
  })

  it('`treePages` are held in memory; others are read again', async function () {
    this.timeout(20_000)
    const reads = async (limits: Partial<Limits>): Promise<number> => {
      const datastore = new CountingDatastore()
      let before = 0
      await onNetwork(async net => {
        const { codex } = await net.add({ datastore, limits })
        const cid = await codex.store(seededContent(1)(2_560 * 64), { blockSize: 64 })
        // the tree stays open
        const iterator = codex.download(cid, { readAheadBytes: 64 })[Symbol.asyncIterator]()
        await iterator.next()
        await codex.download(cid).done
        before = datastore.gets
        await codex.download(cid).done
        await iterator.return?.()
      })

      return datastore.gets - before
    }

    const [few, all] = [await reads({ treePages: 1 }), await reads({})]
    expect(few).to.be.above(all + 10)
  })

  it('`lookupInterval` and `lookupIntervalMax` are how often discovery is asked', async () => {
    const lookups = async (limits: Partial<Limits>): Promise<number> => {
      let made = 0
      await onNetwork(async net => {
        const { cid } = await seed(await net.add({ serve: false }), BLOCK)
        const { codex } = await net.add({ limits })
        await failure(codex.download(cid, { stallTimeout: 60_000 }).done)
        made = net.discovery.lookups
      })

      return made
    }
    const usual = await lookups({})

    expect(await lookups({ lookupInterval: 15_000 })).to.be.below(usual)
    expect(await lookups({ lookupIntervalMax: 1_000 })).to.be.above(2 * usual)
  })

  it('`memoryStoreBytes` is what the block store holds that is used when there is none', async () => {
    const none = { blockstore: undefined, datastore: undefined }

    expect((await fetched({ memoryStoreBytes: 200 * BLOCK }, none)).refusals).to.equal(0)
    expect((await fetched({ memoryStoreBytes: 20 * BLOCK }, none)).refusals).to.equal(1)
  })
})

describe('options', () => {
  it('`logger` and `metrics` are told every event', async () => {
    const logged: string[] = []
    const log = Object.assign(() => {}, { enabled: true, trace: (_: string, type: string) => { logged.push(type) }, error () {}, newScope: () => log })
    const logger = { forComponent: () => log } as unknown as CodexInit['logger']
    const told = new RecordingMetrics()
    const { batches } = await fetched({}, { logger, metrics: told.metrics })

    expect(logged.filter(type => type === 'codex:blocks:verified')).to.have.lengthOf(batches.length)

    for (const type of new Set(logged)) {
      expect(told.value('codex_events_total', type), type).to.equal(logged.filter(other => other === type).length)
    }
  })
})
