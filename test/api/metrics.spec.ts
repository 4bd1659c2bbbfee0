import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { buyUpTo, collect } from '../../src/index.ts'
import { COUNTERS, EVENTS, GAUGES, HISTOGRAMS } from '../../src/metrics.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { faultyDiscovery, memoryStores, neverDelivered, seededContent, simulatedPeerId, sometimes, wrongBytes } from '../../src/testing/index.ts'
import { ALL, Purse, cid as sold, seller } from '../exchange/market.ts'
import { BLOCK, failure, onNetwork, seed } from './network.ts'
import { RecordingMetrics } from './recording-metrics.ts'
import type { NodeOptions, TestNetwork, TestNode } from './network.ts'

interface Watched extends TestNode {
  told: RecordingMetrics
}

async function watch (net: TestNetwork, options: NodeOptions = {}): Promise<Watched> {
  const told = new RecordingMetrics()

  return { ...await net.add({ ...options, metrics: told.metrics }), told }
}

/** Collects the metrics all the while that something is going on. */
async function scraped (net: TestNetwork, nodes: Watched[], work: Promise<unknown>): Promise<void> {
  const state = { settled: false }
  const ended = work.then(() => {}, () => {}).then(() => { state.settled = true })

  while (!state.settled) {
    nodes.forEach(({ told }) => { told.collect() })
    await net.sleep(10)
  }

  await ended
  nodes.forEach(({ told }) => { told.collect() })
}

/** The metrics and `stats()` say the same, each read on its own. */
function expectSame ({ codex, told }: Watched): void {
  told.collect()
  const stats = codex.stats()
  const outcomes = (name: string): object => Object.fromEntries(['used', 'late', 'duplicate', 'rejected'].map(outcome => [outcome, told.value(name, outcome)]))

  expect(outcomes('codex_blocks_received_total')).to.deep.equal({
    used: stats.used.blocks,
    late: stats.late.blocks,
    duplicate: stats.duplicate.blocks,
    rejected: stats.rejected.blocks
  })
  expect(outcomes('codex_received_bytes_total')).to.deep.equal({
    used: stats.used.bytes,
    late: stats.late.bytes,
    duplicate: stats.duplicate.bytes,
    rejected: stats.rejected.bytes
  })

  for (const [name, figure] of Object.entries({
    codex_blocks_sent_total: stats.served.blocks,
    codex_sent_bytes_total: stats.served.bytes,
    codex_blocks_asked_total: stats.asked,
    codex_blocks_asked_twice_total: stats.askedTwice,
    codex_blocks_recovered_total: stats.recovered,
    codex_blocks_again_total: stats.again,
    codex_peer_timeouts_total: stats.timeouts,
    codex_peer_bans_total: stats.bans,
    codex_dial_errors_total: stats.dialErrors,
    codex_lookups_total: stats.lookups.begun,
    codex_lookups_failed_total: stats.lookups.failed,
    codex_providers_found_total: stats.lookups.providers,
    'codex_downloads_total{done}': stats.ended.done,
    'codex_downloads_total{failed}': stats.ended.failed,
    'codex_downloads_total{aborted}': stats.ended.aborted,
    codex_peers: stats.peers,
    codex_downloads_active: stats.downloads,
    codex_blocks_wanted: stats.wanted,
    codex_blocks_in_flight: stats.sizes.flights,
    codex_peer_wants: stats.sizes.wants,
    codex_spent: Number(stats.spent),
    'codex_size{lookups}': stats.sizes.lookups
  })) {
    expect(told.value(name), name).to.equal(figure)
  }

  for (const [name, times] of [['codex_retrieval_seconds', stats.retrieval], ['codex_download_seconds', stats.downloadTime]] as const) {
    const observed = (told.observed.get(name) ?? []).sort((a, b) => a - b)
    expect(observed.length, name).to.equal(times.count)
    expect(observed.reduce((sum, seconds) => sum + seconds, 0), name).to.be.closeTo(times.total / 1000, 1e-6)
    expect(observed.at(-1) ?? 0, name).to.equal(times.max / 1000)
    // a bucket ends at 2.5 times its beginning, at most
    expect(times.p50 / 1000, name).to.be.within((observed[Math.ceil(observed.length / 2) - 1] ?? 0) / 2.5, (observed[Math.ceil(observed.length / 2) - 1] ?? 0) * 2.5)
  }
}

/** What happens, and which nodes are watched while it does. */
const STORIES: Record<string, (net: TestNetwork) => Promise<Watched[]>> = {
  async 'a download from a peer' (net) {
    const seeder = await watch(net, { conditions: { upload: 500 * KiB } })
    const { cid } = await seed(seeder, 200 * BLOCK)
    const reader = await watch(net)
    await scraped(net, [seeder, reader], collect(reader.codex.download(cid), { max: MiB }))
    const stats = reader.codex.stats()

    expect(stats.used.blocks).to.equal(201)
    expect(stats.asked).to.equal(201)
    expect(stats.lookups).to.include({ begun: stats.lookups.begun, failed: 0 })
    expect(stats.ended).to.deep.equal({ done: 1, failed: 0, aborted: 0 })
    expect(stats.peers).to.equal(1)
    expect(reader.told.highest.get('codex_blocks_wanted')).to.be.within(100, 200)
    expect(reader.told.highest.get('codex_downloads_active')).to.equal(1)
    expect(reader.told.value('codex_events_total', 'codex:download:end')).to.equal(1)
    // 200 blocks at 500 KiB/s are 1.6 s; the path is 20 to 100 ms
    expect(stats.downloadTime.total).to.be.within(1_600, 4_000)
    expect(stats.retrieval.p50).to.be.within(20, 1_600)
    expect(stats.retrieval.count).to.be.within(201 / 8, 201)

    return [seeder, reader]
  },

  async 'peers that lie, and peers that do not send all' (net) {
    const nodes: TestNode[] = []

    for (const faults of [undefined, { blocks: [sometimes(net.random, 0.05, wrongBytes)] }, { blocks: [sometimes(net.random, 0.3, neverDelivered)] }]) {
      nodes.push(await net.add({ faults, conditions: { upload: 300 * KiB, latency: 20 } }))
    }

    const [{ cid }] = await Promise.all(nodes.map(async node => seed(node, 200 * BLOCK)))
    const reader = await watch(net, { limits: { firstTimeout: 1_000 } })
    await Promise.all([0, 1].map(async i => {
      await net.sleep(i * 300)
      await collect(reader.codex.download(cid, { offset: i * 50 * BLOCK, store: i === 0 }), { max: MiB })
    }))
    await net.sleep(60_000)

    return [reader]
  },

  async 'a peer that sends late, beside one that does not send' (net) {
    const nodes = [
      await net.add({ faults: { slow: { clock: net.clock, ms: 1_500 } } }),
      await net.add({ faults: { blocks: [sometimes(() => 0, 1, neverDelivered)] }, conditions: { latency: 5 } })
    ]
    const [{ cid }] = await Promise.all(nodes.map(async node => seed(node, 20 * BLOCK)))
    const reader = await watch(net, { limits: { firstTimeout: 1_000 } })
    await collect(reader.codex.download(cid), { max: MiB })
    expect(reader.codex.stats().late.blocks).to.be.above(0)
    expect(reader.codex.stats().timeouts).to.be.above(0)

    return [reader]
  },

  async 'a download that nobody can serve, and one that is ended' (net) {
    const discovery = faultyDiscovery({ ...net.discovery.for(net.transports.addPeer()) }, { clock: net.clock, random: net.random, probability: 1, faults: ['fails'] })
    const reader = await watch(net, { discovery })
    await failure(reader.codex.download(sold, { stallTimeout: 5_000, providers: [simulatedPeerId(999)] }).done)
    const download = reader.codex.download(sold)
    const { done } = download
    await net.sleep(10)
    download.abort()
    await failure(done)
    const { ended, dialErrors, lookups } = reader.codex.stats()

    expect(ended).to.deep.equal({ done: 0, failed: 1, aborted: 1 })
    expect(dialErrors).to.be.above(0)
    expect(lookups.failed).to.equal(lookups.begun).and.to.be.above(0)

    return [reader]
  },

  async 'a protected download of which blocks are lost' (net) {
    const stores = memoryStores()
    const seeder = await watch(net, stores)
    const content = seededContent(1)(8 * BLOCK)
    const cid = await seeder.codex.store(content, { blockSize: BLOCK, erasure: { data: 4, parity: 2 } })

    for (const index of [1, 6]) {
      await stores.blockstore.delete(blockCid(hasher.digest(content.subarray(index * BLOCK, (index + 1) * BLOCK)) as Uint8Array))
    }

    const reader = await watch(net)
    const passing = await watch(net)
    await collect(passing.codex.download(cid, { store: false, readAheadBytes: BLOCK }), { max: MiB })
    await collect(reader.codex.download(cid), { max: MiB })
    expect(reader.codex.stats().recovered).to.be.above(0)
    expect(reader.codex.stats().again).to.equal(0)
    expect(passing.codex.stats().again).to.be.above(0)

    return [reader, passing]
  },

  async 'a download that is bought' (net) {
    await seller(net, 5n)
    const reader = await watch(net, { payment: new Purse(2), buyPolicy: buyUpTo({ maxPricePerBlock: 5n }) })
    await collect(reader.codex.download(sold), { max: MiB })
    expect(reader.codex.stats().spent).to.equal(5n * BigInt(ALL))

    return [reader]
  }
}

describe('the metrics', () => {
  before(async () => { await loadLeopard() })

  for (const [story, play] of Object.entries(STORIES)) {
    it(`say what \`stats()\` says: ${story}`, async () => {
      await onNetwork(async net => {
        const watched = await play(net)
        watched.forEach(expectSame)
      })
    })
  }

  it('change, each of them, when what they count happens', async () => {
    const highest = new Map<string, number>()
    const observed = new Map<string, number>()

    for (const play of Object.values(STORIES)) {
      await onNetwork(async net => {
        for (const { told } of await play(net)) {
          told.collect()
          told.highest.forEach((value, name) => { highest.set(name, Math.max(value, highest.get(name) ?? 0)) })
          told.observed.forEach(({ length }, name) => { observed.set(name, length + (observed.get(name) ?? 0)) })
        }
      })
    }

    const still = [...highest].filter(([name, value]) => value === 0 && !name.startsWith('codex_size{')).map(([name]) => name)
    expect(still).to.deep.equal([])
    expect([...observed].filter(([, count]) => count === 0)).to.deep.equal([])

    for (const { name } of [...COUNTERS, ...GAUGES, ...HISTOGRAMS, EVENTS]) {
      expect([...highest.keys(), ...observed.keys()].some(told => told === name || told.startsWith(`${name}{`)), name).to.be.true()
    }
  })

  it('have a label where they have several values, and say what they are', async () => {
    await onNetwork(async net => {
      const { told } = await watch(net)
      told.collect()

      expect(told.registered.size).to.equal(COUNTERS.length + GAUGES.length + HISTOGRAMS.length + 1)

      for (const [name, { help, label, buckets }] of told.registered) {
        expect(help, name).to.match(/^[A-Z].{10,}\.$/)
        expect([...told.values.keys()].some(series => series.startsWith(`${name}{`)), name).to.equal(label != null && name !== EVENTS.name)
        expect(buckets == null, name).to.equal(!HISTOGRAMS.some(histogram => histogram.name === name))
      }
    })
  })

  it('go on over a stop and a start, are registered once, and begin at 0', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const [first, second] = [await seed(seeder, 20 * BLOCK), await seed(seeder, 30 * BLOCK)]
      const { codex, told } = await watch(net, { start: false })
      told.collect()
      expect(told.registered.size).to.equal(0)
      await codex.start()
      expect(told.value('codex_blocks_received_total', 'used')).to.equal(0)
      expect(told.value('codex_lookups_total')).to.equal(0)

      await codex.download(first.cid).done
      await codex.stop()
      const { size } = told.registered
      expect(told.value('codex_blocks_received_total', 'used')).to.equal(21)
      told.collect()
      expect(told.value('codex_peers')).to.equal(0)

      await codex.start()
      expect(told.registered.size).to.equal(size)
      await codex.download(second.cid).done
      expect(codex.stats().used.blocks).to.equal(31)
      expect(told.value('codex_blocks_received_total', 'used')).to.equal(21 + 31)
      expect(told.value('codex_downloads_total', 'done')).to.equal(2)
    })
  })

  it('are told of a download that `stop` ends', async () => {
    await onNetwork(async net => {
      const seeder = await net.add({ conditions: { upload: 10 * KiB } })
      const { cid } = await seed(seeder, 50 * BLOCK)
      const { codex, told } = await watch(net)
      const done = failure(codex.download(cid).done)
      await net.sleep(1_000)
      await codex.stop()
      await done

      expect(told.value('codex_downloads_total', 'aborted')).to.equal(1)
      expect(codex.stats().ended.aborted).to.equal(1)
    })
  })
})
