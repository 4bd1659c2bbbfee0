/** Limits on what is under way: how much is asked of a peer, how long it is waited for, how far the store may lag. */
import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { systemClock } from '../../src/runtime.ts'
import { memoryStores, seededContent, slowBlockstore } from '../../src/testing/index.ts'
import { BLOCK, events, failure, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { Limits } from '../../src/index.ts'

const BLOCKS = 1_000
const file = new ServedFile(seededContent(5)(200 * BLOCK), BLOCK)

/** The most that is asked of one peer at a time while a file is downloaded, in blocks; and of the first request of all. */
async function asked (limits: Partial<Limits>, latency = 50): Promise<{ most: number, first: number }> {
  let result = { most: 0, first: 0 }

  await onNetwork(async net => {
    const seeder = await net.add({ conditions: { upload: 8 * MiB, latency } })
    const { cid } = await seed(seeder, BLOCKS * BLOCK)
    const { codex, links } = await net.add({ limits })
    const { treeCid } = await codex.manifest(cid)
    await collect(codex.download(cid), { max: 8 * MiB })
    let queued = 0
    let most = 0
    let first = 0

    for (const { what, root, indices, time } of links.filter(({ root }) => root === treeCid.toString())) {
      if (what === 'request') {
        queued += indices.length
        most = Math.max(most, queued)
        first = links.filter(event => event.what === 'request' && event.root === root)[0].time === time ? queued : first
      } else if (what === 'delivered') {
        queued--
      }
    }

    result = { most, first }
  })

  return result
}

/** Milliseconds until a silent peer is given up, from the request on. */
async function givenUpAfter (limits: Partial<Limits>, delivers: number): Promise<number> {
  let ms = 0

  await onNetwork(async net => {
    let left = delivers
    const peer = await net.script({
      wanted: (link, wants) => {
        for (const want of wants) {
          const isData = want.root.equals(file.root)

          if (want.kind === 'have') {
            link.presence(want.root, { have: want.ranges, absent: [], price: 0n })
          } else if (want.kind === 'block') {
            const blocks = file.blocksOf(want).slice(0, isData ? left : 1)
            left -= isData ? blocks.length : 0

            if (blocks.length > 0) {
              void link.deliver(want.root, blocks)
            }
          }
        }
      }
    })
    const reader = await net.add({ limits })
    const timeouts = events(reader, 'codex:peer:timeout')
    const failing = failure(reader.codex.download(file.cid, { providers: [peer.transport.peerId], stallTimeout: 60_000, length: (delivers + 10) * BLOCK }).done)
    await net.until(() => timeouts.length > 0)
    const { time } = reader.links.filter(({ what, root }) => what === 'request' && root === file.root.toString())[0]
    ms = net.clock.now() - time
    await failing
  })

  return ms
}

describe('limits of what is under way', () => {
  it('`peerWindowBytes` is the most that is asked of a peer at a time', async () => {
    expect((await asked({ peerWindowBytes: 32 * BLOCK })).most).to.be.at.most(32)
    expect((await asked({})).most).to.be.above(100)
  })

  it('`firstWindowBytes` is what is asked of a peer of whom nothing is known', async () => {
    expect((await asked({ firstWindowBytes: 20 * BLOCK })).first).to.be.within(10, 20)
    expect((await asked({})).first).to.be.above(50)
  })

  it('`firstTimeout` is how long a peer is waited for that has not delivered yet, and `minTimeout` more when it sent something', async () => {
    expect(await givenUpAfter({ firstTimeout: 2_000 }, 0)).to.be.within(2_000, 3_100)
    expect(await givenUpAfter({}, 0)).to.be.within(5_000, 6_100)
  })

  it('`minTimeout` is how long a quick peer is waited for at least', async () => {
    const limits = { firstTimeout: 20_000, firstWindowBytes: 50 * BLOCK }
    const [usual, longer] = [await givenUpAfter(limits, 150), await givenUpAfter({ ...limits, minTimeout: 8_000 }, 150)]

    expect(usual).to.be.below(7_000)
    expect(longer).to.be.at.least(8_000)
  })

  it('`maxTimeout` is how long any peer is waited for at most', async () => {
    expect(await givenUpAfter({ maxTimeout: 3_000, firstTimeout: 10_000 }, 0)).to.be.within(3_000, 3_100)
  })

  it('`intakeBytes` holds requests back when the store is slow', async () => {
    const most = async (limits: Partial<Limits>): Promise<number> => {
      let most = 0
      await onNetwork(async net => {
        const seeder = await net.add()
        const { cid } = await seed(seeder, 600 * BLOCK)
        const { codex } = await net.add({ limits: { peerWindowBytes: 16 * BLOCK, ...limits }, blockstore: slowBlockstore(memoryStores().blockstore, net.clock, 500) })
        const state = { done: false }
        const downloading = codex.download(cid).done.finally(() => { state.done = true })

        while (!state.done) {
          most = Math.max(most, codex.stats().sizes.intakeBytes)
          await net.sleep(10)
        }

        await downloading
      })

      return most / BLOCK
    }

    // what was asked when the limit was reached comes all the same
    expect(await most({ intakeBytes: 30 * BLOCK })).to.be.within(10, 30 + 16)
    expect(await most({})).to.be.above(100)
  })

  it('`readAheadBytes` and `stallTimeout` hold where a download is told nothing else', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 100 * BLOCK)
      const { codex } = await net.add({ limits: { readAheadBytes: 5 * BLOCK, stallTimeout: 3_000 } })
      const iterator = codex.download(cid)[Symbol.asyncIterator]()
      await iterator.next()
      await net.sleep(10_000)
      expect(codex.stats().used.blocks).to.be.within(5, 7)
      await seeder.codex.stop()
      const stoppedAt = net.clock.now()
      await failure((async () => {
        while ((await iterator.next()).done !== true) {
          expect(net.clock.now() - stoppedAt).to.be.below(100)
        }
      })())
      expect(net.clock.now() - stoppedAt).to.be.within(3_000, 3_200)
    })
  })
})

describe('the clock of the machine', () => {
  it('takes a time that is too long for it as long, not as none', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => { warnings.push(warning) }
    process.on('warning', onWarning)
    let fired = 0
    const timers = [2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, Infinity].map(ms => systemClock.setTimeout(() => { fired++ }, ms))
    await new Promise(resolve => { setTimeout(resolve, 20) })
    timers.forEach(timer => { systemClock.clearTimeout(timer) })
    process.off('warning', onWarning)

    expect(fired).to.equal(0)
    expect(warnings).to.deep.equal([])
  })
})
