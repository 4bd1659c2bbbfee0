import { getEventListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { standaloneShape, verify } from '../../src/dataset/verify.ts'
import { hasher } from '../../src/hasher/node.ts'
import { NetworkSource } from '../../src/stores/network-source.ts'
import { NetworkStore } from '../../src/stores/network-store.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { BLOCK_SIZE, inMemory, makeDataset, openStore, verified } from './fixtures.ts'
import type { TestDataset } from './fixtures.ts'
import type { VerifiedBlock } from '../../src/dataset/verify.ts'
import type { Engine } from '../../src/exchange/engine.ts'
import type { Interest, Session, SessionInit } from '../../src/exchange/session.ts'
import type { Limits } from '../../src/index.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'
import type { SourceOptions } from '../../src/stores/network-source.ts'

/** What a source says to the exchange, and a session that a test fills. */
class FakeEngine {
  readonly joined: Array<{ init: SessionInit, interest: Interest }> = []
  readonly left: Interest[] = []
  drops = 0
  changes = 0
  nobody = false
  late = false
  readonly session = { flights: new Map<number, unknown[]>(), intake: new Map<number, boolean>(), refused: undefined as Error | undefined }

  join (init: SessionInit, interest: Interest): Session {
    this.joined.push({ init, interest })
    return this.session as unknown as Session
  }

  changed (_: Session, dropped = false): void {
    this.changes++
    this.drops += dropped ? 1 : 0
  }

  leave (_: Session, interest: Interest): void {
    this.left.push(interest)
  }

  peersOf (): number { return this.session.flights.size }
  isHadByNobody (): boolean { return this.nobody }
  isLate (): boolean { return this.late }
}

interface Bench {
  engine: FakeEngine
  clock: VirtualClock
  local: LocalStore
  network: NetworkStore
  dataset: TestDataset
  open(options?: Partial<SourceOptions> & { readAheadBytes?: number }): Promise<NetworkSource>
  /** Blocks as the exchange gives them. */
  blocks(...indices: number[]): Promise<VerifiedBlock[]>
}

async function bench ({ here = [], limits = {} }: { here?: number[], limits?: Partial<Limits> } = {}): Promise<Bench> {
  const dataset = await makeDataset(Array.from({ length: 40 }, (_, i) => i))
  const local = await openStore(inMemory())
  const engine = new FakeEngine()
  const clock = new VirtualClock()
  const network = new NetworkStore({ local, engine: engine as unknown as Engine, clock, limits: { ...DEFAULT_LIMITS, ...limits } })
  const tree = await local.tree(dataset.shape)

  if (here.length > 0) {
    await tree.put(await verified(dataset, here, tree))
  }

  return {
    engine,
    clock,
    local,
    network,
    dataset,
    open: async ({ readAheadBytes = DEFAULT_LIMITS.readAheadBytes, ...options } = {}) => network.open({
      shape: dataset.shape,
      names: [dataset.cid],
      likely: ['peer'],
      readAheadBytes,
      options: { providers: [], offline: false, store: true, patience: 5_000, horizon: 40, order: 'sequential', reads: true, ...options }
    }),
    blocks: async (...indices) => verified(dataset, indices, tree)
  }
}

async function settled (): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, 5) })
}

function indices (blocks: VerifiedBlock[]): number[] {
  return blocks.map(({ index }) => index)
}

async function failure (promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

describe('a source of blocks', () => {
  it('takes what is here from the local store, and asks nobody', async () => {
    const { engine, open, dataset } = await bench({ here: [3, 4, 5] })
    const source = await open()
    source.want([{ start: 3, end: 6 }])
    const blocks = await source.next(3, 1_000)

    expect(indices(blocks)).to.deep.equal([3, 4, 5])
    expect(blocks[0].data).to.deep.equal(dataset.data[3])
    await settled()
    expect(engine.joined).to.deep.equal([])
    expect(source.figures).to.deep.include({ fromStore: 3, fromPeers: 0 })
  })

  it('wants of the exchange what is not, and gives it in order', async () => {
    const { engine, open, blocks, dataset } = await bench({ here: [1, 2] })
    const source = await open()
    source.want([{ start: 0, end: 5 }])
    const next = source.next(0, 1_000)
    await settled()

    expect(engine.joined).to.have.lengthOf(1)
    expect(engine.joined[0].init).to.deep.include({ likely: ['peer'], names: [dataset.shape.root, dataset.cid] })
    expect(source.wanted.ranges()).to.deep.equal([{ start: 0, end: 1 }, { start: 3, end: 5 }])
    expect(source.waitingFor).to.equal(0)
    source.arrived(await blocks(4, 0), 'peer')
    expect(indices(await next)).to.deep.equal([0])
    expect(source.waitingFor).to.equal(undefined)
    expect(indices(await source.next(1, 1_000))).to.deep.equal([1, 2])
    const third = source.next(3, 1_000)
    source.arrived(await blocks(3), 'other')
    expect(indices(await third)).to.deep.equal([3, 4])
    expect(source.figures).to.deep.equal({ fromStore: 2, fromPeers: 3, recovered: 0, peers: new Set(['peer', 'other']) })
    expect(source.heldBytes).to.equal(0)
  })

  it('wants what is picked here and there together, and gives several that are waited for', async () => {
    const { engine, open, blocks } = await bench({ here: [12] })
    const source = await open({ horizon: 0 })
    const picked = [2, 12, 22, 32]
    source.want([{ start: 1, end: 2 }])
    await settled()
    source.want(picked.map(index => ({ start: index, end: index + 1 })))
    await settled()
    expect(engine.changes).to.equal(1)
    const all = Promise.all(picked.map(async index => source.next(index, 100)))
    await settled()

    expect(engine.joined).to.have.lengthOf(1)
    expect(source.wanted.ranges()).to.deep.equal([{ start: 1, end: 3 }, { start: 22, end: 23 }, { start: 32, end: 33 }])
    source.arrived(await blocks(32, 2), 'peer')
    source.arrived(await blocks(22), 'peer')
    expect((await all).map(indices)).to.deep.equal(picked.map(index => [index]))
  })

  it('wants what is between more blocks that are here than a call takes arguments', async () => {
    const { dataset, local } = await bench()
    const shape = { ...dataset.shape, leaves: 300_000 }
    const tree = await local.tree(dataset.shape)
    tree.presentIn = async ({ start, end }) => Array.from({ length: (end - start) / 2 }, (_, i) => ({ start: start + 2 * i, end: start + 2 * i + 1 }))
    const source = new NetworkSource({
      engine: new FakeEngine() as unknown as Engine,
      store: local,
      tree,
      shape,
      names: [],
      likely: [],
      clock: new VirtualClock(),
      options: { providers: [], offline: false, store: true, patience: 5_000, horizon: shape.leaves, order: 'rarest', reads: false },
      window: () => DEFAULT_LIMITS.readAheadBytes,
      closed: () => {}
    })

    source.want([{ start: 0, end: shape.leaves }])
    await source.progressed(-1)
    expect(source.wanted.count).to.equal(shape.leaves / 2)
    source.close()
  })

  it('tells who gives up when what it waits for was recovered, whoever did it', async () => {
    const { engine, local, open, dataset } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 5 }])
    const first = source.next(0, 1_000, true)
    await settled()
    const tree = await local.tree(dataset.shape)
    await tree.put(await verified(dataset, [0], tree))
    tree.release()
    engine.joined[0].interest.looked?.()
    expect(indices(await first)).to.deep.equal([0])

    const second = source.next(1, 1_000, true)
    await settled()
    source.drop([{ start: 1, end: 2 }])
    expect(await second).to.deep.equal([])
    source.close()
  })

  it('waits for what is stored and about to be given to it', async () => {
    const { engine, local, open, blocks, dataset } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 5 }])
    const next = source.next(0, 1_000, true)
    await settled()
    engine.session.intake.set(0, false)
    const [block] = await blocks(0)
    const tree = await local.tree(dataset.shape)
    await tree.put([block])
    tree.release()
    const before = engine.changes
    engine.joined[0].interest.looked?.()
    await settled()
    expect(engine.changes).to.equal(before)
    expect(source.outlook(0)).to.deep.equal({ state: 'coming', eta: 0 })
    engine.session.intake.delete(0)
    source.arrived([block], 'peer')
    expect(indices(await next)).to.deep.equal([0])
    source.close()
  })

  it('tells of what is late again when it was not for a while', async () => {
    const { engine, open } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 5 }])

    for (let i = 0; i < 2; i++) {
      engine.late = false
      const next = source.next(0, 1_000, true)
      await settled()
      engine.joined[0].interest.looked?.()
      engine.late = true
      engine.joined[0].interest.looked?.()
      expect(await next).to.deep.equal([])
    }

    source.close()
  })

  it('gives as much as is asked for, and a block at least', async () => {
    const { open, blocks } = await bench({ here: [10, 11, 12, 13] })
    const source = await open()
    source.want([{ start: 0, end: 14 }])
    await settled()
    source.arrived(await blocks(0, 1, 2, 3), 'peer')
    expect(source.heldBytes).to.equal(4 * BLOCK_SIZE)

    expect(indices(await source.next(0, 1))).to.deep.equal([0])
    expect(indices(await source.next(1, 2 * BLOCK_SIZE))).to.deep.equal([1, 2])
    expect(indices(await source.next(10, 1))).to.deep.equal([10])
    expect(indices(await source.next(11, 2 * BLOCK_SIZE))).to.deep.equal([11, 12])
  })

  it('says where a block stands', async () => {
    const { engine, open, blocks, clock } = await bench({ here: [0] })
    const source = await open()
    expect(source.outlook(0)).to.deep.equal({ state: 'here' })
    source.want([{ start: 0, end: 5 }])
    await settled()
    source.arrived(await blocks(1), 'peer')
    expect(source.outlook(1)).to.deep.equal({ state: 'here' })
    engine.session.flights.set(2, [{ expectedAt: 700 }, { expectedAt: 300 }])
    await clock.advance(100)
    expect(source.outlook(2)).to.deep.equal({ state: 'coming', eta: 200 })
    engine.session.intake.set(3, false)
    expect(source.outlook(3)).to.deep.equal({ state: 'coming', eta: 0 })
    expect(source.outlook(4)).to.deep.equal({ state: 'coming', eta: Infinity })
    engine.nobody = true
    expect(source.outlook(4)).to.deep.equal({ state: 'nobody' })
  })

  it('reads what came for another reader and is in the store, though the exchange is not done with it', async () => {
    const { engine, open, blocks } = await bench({ here: [1, 2] })
    const source = await open()
    source.want([{ start: 0, end: 3 }])
    await settled()
    source.arrived(await blocks(0), 'peer')
    await source.next(0, 1_000)
    engine.session.intake.set(1, false)

    expect(indices(await source.next(1, 1_000))).to.deep.equal([1, 2])
  })

  it('wants no more what is dropped, and lets go of what came of it', async () => {
    const { engine, open, blocks } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 10 }])
    await settled()
    source.arrived(await blocks(4), 'peer')
    source.drop([{ start: 3, end: 6 }])

    expect(source.wanted.ranges()).to.deep.equal([{ start: 0, end: 3 }, { start: 6, end: 10 }])
    expect(source.heldBytes).to.equal(0)
    expect(engine.drops).to.equal(1)
  })

  it('waits as long as its reader does, and no longer', async () => {
    const { open, blocks, clock } = await bench()
    const source = await open({ patience: 2_000 })
    source.want([{ start: 0, end: 3 }])
    await settled()
    expect(source.stallsAt).to.equal(undefined)
    const next = source.next(0, 1_000)
    await settled()
    expect(source.stallsAt).to.equal(2_000)
    await clock.advance(500)
    source.arrived(await blocks(1), 'peer')
    await settled()
    expect(source.stallsAt).to.equal(2_500)
    source.arrived(await blocks(0), 'peer')
    await next
    expect(source.stallsAt).to.equal(undefined)
  })

  it('fails with what the exchange fails with, after what is here was given', async () => {
    const { open, blocks } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 3 }])
    await settled()
    const err = new Error('nobody')
    source.arrived(await blocks(0), 'peer')
    source.failed(err)

    expect(indices(await source.next(0, 1_000))).to.deep.equal([0])
    expect(await failure(source.next(1, 1_000))).to.equal(err)
  })

  it('asks nobody offline, and fails for what is not here', async () => {
    const { engine, open } = await bench({ here: [0] })
    const source = await open({ offline: true })
    source.want([{ start: 0, end: 3 }])

    expect(indices(await source.next(0, 1_000))).to.deep.equal([0])
    expect(await failure(source.next(1, 1_000))).to.include({ name: 'NotFoundError', index: 1 })
    expect(engine.joined).to.deep.equal([])
  })

  it('ends once: who waits is told why, and it leaves the exchange', async () => {
    const { engine, open, network } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 3 }])
    const next = failure(source.next(0, 1_000))
    await settled()
    const reason = new Error('enough')
    source.close(reason)
    source.close(new Error('again'))

    expect(await next).to.equal(reason)
    expect(await failure(source.next(0, 1_000))).to.equal(reason)
    expect(engine.left).to.deep.equal([source])
    expect(source.wanted.isEmpty).to.be.true()
    expect(network.sizes).to.deep.equal({ sources: 0, heldBytes: 0 })
  })

  it('gives up on a block that is late, once it is told so', async () => {
    const { engine, open } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 3 }])
    const waiting = source.next(0, BLOCK_SIZE, true)
    await settled()
    engine.late = true
    source.looked()

    expect(source.outlook(0)).to.deep.equal({ state: 'late' })
    expect(await waiting).to.deep.equal([])
    source.close()
  })

  it('does not join the exchange when it ends while it looks what is here', async () => {
    const { engine, open } = await bench()
    const source = await open()
    source.want([{ start: 0, end: 3 }])
    source.close()
    await settled()

    expect(engine.joined).to.deep.equal([])
    expect(engine.left).to.deep.equal([])
  })

  it('that takes no blocks tells how many there are', async () => {
    const { engine, open, blocks } = await bench({ here: [0, 1] })
    const source = await open({ reads: false })
    source.want([{ start: 0, end: 40 }])
    let seen = await source.progressed(-1)
    expect(source.figures).to.deep.include({ fromStore: 2, fromPeers: 0 })
    const progress = source.progressed(seen)
    source.arrived(await blocks(5, 6, 7), 'peer')
    seen = await progress
    expect(source.figures).to.deep.include({ fromStore: 2, fromPeers: 3 })
    expect(source.heldBytes).to.equal(0)
    expect(engine.joined[0].interest.reads).to.be.false()
    const failing = failure(source.progressed(seen))
    const err = new Error('nobody')
    source.failed(err)
    expect(await failing).to.equal(err)
  })
})

describe('the windows of sources', () => {
  it('are what a reader asks for, and share one cap', async () => {
    const { open } = await bench({ limits: { totalReadAheadBytes: 30 * BLOCK_SIZE } })
    const [first, small] = [await open(), await open({ readAheadBytes: 5 * BLOCK_SIZE })]
    expect(first.window).to.equal(15 * BLOCK_SIZE)
    expect(small.window).to.equal(5 * BLOCK_SIZE)
    const third = await open()
    expect(first.window).to.equal(10 * BLOCK_SIZE)
    third.close()
    expect(first.window).to.equal(15 * BLOCK_SIZE)
    // who takes no blocks has no share
    await open({ reads: false })
    expect(first.window).to.equal(15 * BLOCK_SIZE)
  })

  it('make readers let go of what is beyond them when another comes, and want it again when it is near', async () => {
    const { engine, open, blocks } = await bench({ limits: { totalReadAheadBytes: 20 * BLOCK_SIZE } })
    const first = await open()
    first.want([{ start: 0, end: 20 }])
    await settled()
    first.arrived(await blocks(0, 1, 15, 16), 'peer')
    const second = await open()

    expect(first.wanted.ranges()).to.deep.equal([{ start: 0, end: 10 }])
    expect(first.heldBytes).to.equal(2 * BLOCK_SIZE)
    expect(engine.drops).to.equal(1)
    expect(indices(await first.next(0, 1_000))).to.deep.equal([0, 1])
    first.arrived(await blocks(2), 'peer')
    await first.next(2, 1_000)
    await settled()
    expect(first.wanted.end).to.equal(12)
    second.close()
    first.arrived(await blocks(3), 'peer')
    await first.next(3, 1_000)
    await settled()
    expect(first.wanted.end).to.equal(20)
  })
})

describe('a block by its own CID', () => {
  it('comes from the store, or from peers', async () => {
    const { engine, local, network, dataset: { block, cid } } = await bench()
    const asking = network.block(cid, 1_000, { providers: [], offline: false, store: true, patience: 1_000 })
    await settled()
    const [{ interest, init }] = engine.joined
    expect(init.shape).to.deep.equal(standaloneShape(cid, 1_000))
    interest.arrived([await verify(init.shape, { root: cid, index: 0, cid: cid.bytes, data: block.data }, undefined, hasher)], 'peer')
    const got = await asking
    expect(got.block.data).to.deep.equal(block.data)
    expect(got.peers).to.deep.equal(['peer'])
    expect(engine.left).to.deep.equal([interest])

    await local.putBlock(block)
    const again = await network.block(cid, 1_000, { providers: [], offline: false, store: true, patience: 1_000 })
    expect(again.block.data).to.deep.equal(block.data)
    expect(again.peers).to.deep.equal([])
    expect(network.sizes.sources).to.equal(0)
  })

  it('is wanted no more when the signal aborts', async () => {
    const { engine, network, dataset: { cid } } = await bench()
    const controller = new AbortController()
    const asking = failure(network.block(cid, 1_000, { providers: [], offline: false, store: true, patience: 1_000 }, controller.signal))
    await settled()
    const reason = new Error('enough')
    controller.abort(reason)

    expect(await asking).to.equal(reason)
    expect(engine.left).to.have.lengthOf(1)
    expect(getEventListeners(controller.signal, 'abort')).to.have.lengthOf(0)
  })
})
