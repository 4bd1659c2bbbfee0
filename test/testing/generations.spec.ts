import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { codexProtocol, collect, createCodex } from '../../src/index.ts'
import { faultyProtocol, memoryStores, rangeProtocol, runPromise, seededContent, seededRandom, SimulatedDiscovery, SimulatedNetwork, VirtualClock, wrongBytes } from '../../src/testing/index.ts'
import type { ExchangeProtocol } from '../../src/index.ts'
import type { TraceEvent } from '../../src/testing/index.ts'

const SIZE = 5_000_000
const content = seededContent(1)

/** A download from two nodes that have the file, each node speaking what `protocols` makes for it. */
async function download (protocols: Array<() => ExchangeProtocol[]>): Promise<{ bytes: Uint8Array, trace: TraceEvent[], peers: string[], ms: number }> {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const trace: TraceEvent[] = []
  const network = new SimulatedNetwork({ clock, random, trace: event => { trace.push(event) } })
  const discovery = new SimulatedDiscovery({ clock })
  const nodes = protocols.map(protocols => {
    const transport = network.addPeer({ latency: 10, jitter: 5, upload: 4_000_000 })

    return createCodex({ transport, discovery: discovery.for(transport), ...memoryStores(), protocols: protocols(), clock, random })
  })
  const [reader, ...seeders] = nodes

  const result = await runPromise(clock, (async () => {
    await Promise.all(nodes.map(async node => { await node.start() }))
    const [cid] = await Promise.all(seeders.map(async seeder => seeder.store(content(SIZE))))
    const bytes = await collect(reader.download(cid), { max: SIZE })
    const ms = clock.now()
    const peers = reader.peers().map(({ id }) => id)
    await Promise.all(nodes.map(async node => { await node.stop() }))

    return { bytes, trace, peers, ms }
  })(), { maxMs: 60_000 })

  await clock.run(undefined, { maxMs: 60_000 })
  expect(clock.pending).to.equal(0)

  return result
}

const codex = (): ExchangeProtocol[] => [codexProtocol()]
const ranges = (): ExchangeProtocol[] => [rangeProtocol()]
const both = (): ExchangeProtocol[] => [codexProtocol(), rangeProtocol()]
const reversed = (): ExchangeProtocol[] => [rangeProtocol(), codexProtocol()]
const liar = (): ExchangeProtocol[] => [faultyProtocol(rangeProtocol(), { blocks: [wrongBytes] })]

describe('generations of the protocol', () => {
  for (const [what, protocols] of Object.entries({ 'the codex protocol': [codex, codex, codex], ranges: [ranges, ranges, ranges] })) {
    it(`download over ${what}`, async () => {
      const { bytes, peers } = await download(protocols)

      expect(equals(bytes, content(SIZE))).to.equal(true)
      expect(peers).to.have.lengthOf(2)
    })
  }

  it('download over ranges in spite of a liar, which is dropped', async () => {
    const { bytes, peers } = await download([ranges, liar, ranges])

    expect(equals(bytes, content(SIZE))).to.equal(true)
    expect(peers).to.have.lengthOf(1)
  })

  it('download from peers of two generations at once', async () => {
    const { bytes, peers } = await download([both, codex, ranges])

    expect(equals(bytes, content(SIZE))).to.equal(true)
    expect(peers).to.have.lengthOf(2)
  })

  it('download where both speak two of them, named in another order', async () => {
    const { bytes } = await download([both, reversed])

    expect(equals(bytes, content(SIZE))).to.equal(true)
  })

  it('repeat a download to the last packet', async () => {
    const [first, second] = [await download([ranges, liar, ranges]), await download([ranges, liar, ranges])]

    expect(first.trace.length).to.be.above(50)
    expect(second.trace).to.deep.equal(first.trace)
    expect(second.ms).to.equal(first.ms)
  })
})
