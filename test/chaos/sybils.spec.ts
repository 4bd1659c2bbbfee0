import { expect } from 'aegir/chai'
import { MemoryBlockstore } from 'blockstore-core'
import { MemoryDatastore } from 'datastore-core'
import { KiB, MiB } from '../../src/constants.ts'
import { codexProtocol, createCodex } from '../../src/index.ts'
import { countingBlockstore, faultyProtocol, runPromise, seededContent, seededRandom, SimulatedDiscovery, SimulatedNetwork, VirtualClock, wrongBytes } from '../../src/testing/index.ts'
import type { Codex } from '../../src/index.ts'
import type { CID } from 'multiformats/cid'

const SIZE = 64 * MiB
const SYBILS = 50
const content = seededContent(3)(SIZE)

/** Milliseconds that a download takes from one honest peer, beside so many that serve wrong blocks; and what was kept. */
async function download (sybils: number): Promise<{ ms: number, stored: number, banned: number, rejected: number }> {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const network = new SimulatedNetwork({ clock, random })
  const discovery = new SimulatedDiscovery({ clock })
  const blockstore = new MemoryBlockstore()
  const datastore = new MemoryDatastore()
  const nodes: Codex[] = []

  const serve = async (lies: boolean): Promise<CID> => {
    const transport = network.addPeer({ latency: 20, upload: 8_000 * KiB })
    const protocol = lies ? faultyProtocol(codexProtocol(), { blocks: [wrongBytes] }) : codexProtocol()
    const copy = new MemoryDatastore()

    for await (const { key, value } of datastore.query({})) {
      copy.put(key, value)
    }

    const codex = createCodex({ transport, discovery: discovery.for(transport), blockstore, datastore: nodes.length === 0 ? datastore : copy, protocols: [protocol], clock, random })
    nodes.push(codex)
    await codex.start()

    const { value: listed } = await codex.list().next()

    if (listed == null) {
      return codex.store(content)
    }

    for (const name of [listed.cid, listed.manifest.treeCid]) {
      discovery.add(name, { id: transport.peerId, multiaddrs: transport.addresses() })
    }

    return listed.cid
  }

  const play = async (): Promise<{ ms: number, stored: number, banned: number, rejected: number }> => {
    const cid = await serve(false)

    for (let i = 0; i < sybils; i++) {
      await serve(true)
    }

    const transport = network.addPeer({ latency: 20 })
    const counting = countingBlockstore(new MemoryBlockstore())
    const reader = createCodex({ transport, discovery: discovery.for(transport), blockstore: counting.blockstore, datastore: new MemoryDatastore(), clock, random })
    let banned = 0
    reader.addEventListener('codex:peer:ban', () => { banned++ })
    await reader.start()
    const startedAt = clock.now()
    let at = 0

    for await (const chunk of reader.download(cid)) {
      expect(Buffer.compare(chunk, content.subarray(at, at + chunk.byteLength))).to.equal(0)
      at += chunk.byteLength
    }

    expect(at).to.equal(SIZE)
    const ms = clock.now() - startedAt
    const { rejected } = reader.stats()
    await Promise.all([...nodes, reader].map(async node => { await node.stop() }))

    return { ms, banned, rejected: rejected.blocks, stored: counting.counts.bytesPut }
  }

  return runPromise(clock, play(), { maxMs: 10 * 60_000 })
}

describe('sybils', () => {
  it(`${SYBILS} of them serving wrong blocks cost a download no more than its time once again, and none of their bytes is kept`, async function () {
    this.timeout(120_000)
    const honest = await download(0)
    const hostile = await download(SYBILS)

    expect(hostile.ms).to.be.at.most(2 * honest.ms)
    expect(hostile.banned).to.be.above(10)
    expect(hostile.stored).to.equal(honest.stored)
  })
})
