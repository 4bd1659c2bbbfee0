/** Many files, readers and peers at once under limits as tight as can be: nobody may be forgotten. */
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { int, memoryStores, pick, rangeProtocol, slowBlockstore } from '../../src/testing/index.ts'
import { held, onNetwork, seed } from '../api/network.ts'
import type { Limits } from '../../src/index.ts'
import type { TestFile, TestNetwork, TestNode } from '../api/network.ts'

/** Limits drawn between the tightest that can work and what is usual. */
function tight ({ random }: TestNetwork, block: number): Partial<Limits> {
  const drawn: Partial<Limits> = {
    readAheadBytes: pick(random, [0, block, 3 * block, MiB]),
    totalReadAheadBytes: pick(random, [block, 4 * block, MiB]),
    peerWindowBytes: pick(random, [1, block, 5 * block, MiB]),
    firstWindowBytes: pick(random, [1, block, 10 * block]),
    intakeBytes: pick(random, [0, block, MiB]),
    intakeBlocks: int(random, 1, 9),
    intakeWorkers: int(random, 1, 4),
    sessionPeers: int(random, 1, 4),
    askAhead: pick(random, [1, 7, 1_024]),
    duplicateBlocks: pick(random, [0, 1, 16]),
    exploration: pick(random, [0, 0.5, 1]),
    peerDatasets: pick(random, [0, 1, 32]),
    dials: pick(random, [1, 8]),
    lookups: pick(random, [1, 8]),
    lookupProviders: pick(random, [1, 64]),
    servingBytes: pick(random, [1, block, MiB]),
    firstDeliveryBlocks: pick(random, [1, 5]),
    peerWants: pick(random, [200, 65_536]),
    treePages: pick(random, [1, 1_024])
  }

  return Object.fromEntries(Object.entries(drawn).filter(() => random() < 0.5))
}

async function play (net: TestNetwork, what: { limits?: Partial<Limits> }): Promise<void> {
  const { random } = net
  const block = pick(random, [64, KiB, 4 * KiB])
  const protocol = random() < 0.3 ? rangeProtocol : undefined
  const seeders: TestNode[] = []
  const files: TestFile[] = []
  what.limits = tight(net, block)

  for (let i = int(random, 1, 4); i > 0; i--) {
    seeders.push(await net.add({ protocol, limits: random() < 0.5 ? what.limits : {}, conditions: { upload: int(random, 50, 2_000) * KiB, latency: int(random, 1, 60) } }))
  }

  for (let i = int(random, 1, 5); i > 0; i--) {
    const size = int(random, 1, 150 * block)

    for (const seeder of seeders) {
      files[i] = await seed(seeder, size, { blockSize: block })
    }
  }

  const reader = await net.add({
    protocol,
    limits: what.limits,
    ...random() < 0.3 ? { blockstore: slowBlockstore(memoryStores().blockstore, net.clock, int(random, 1, 50)) } : {}
  })
  const reads = files.flatMap(file => Array.from({ length: int(random, 1, 4) }, async () => {
    const size = file.content.byteLength
    const offset = random() < 0.5 ? 0 : int(random, 0, size)
    const controller = new AbortController()
    const { signal } = controller
    await net.sleep(int(random, 0, 500))

    switch (int(random, 0, 6)) {
      case 0:
        setAbort(net, controller, int(random, 0, 2_000))
        await collect(reader.codex.download(file.cid, { offset, signal }), { max: MiB }).catch(err => { expect(err).to.equal(signal.reason) })
        break
      case 1:
        for await (const progress of reader.codex.prefetch(file.cid)) {
          expect(progress.bytes).to.be.at.most(size)
        }
        break
      default:
        expect(await collect(reader.codex.download(file.cid, { offset, store: random() < 0.7 }), { max: MiB })).to.deep.equal(file.content.subarray(offset))
    }
  }))

  await Promise.all(reads)
  await net.sleep(2_000)
  expect(held(reader.codex)).to.deep.equal({})
  seeders.forEach(({ codex }) => { expect(held(codex)).to.deep.equal({}) })
}

function setAbort ({ clock }: TestNetwork, controller: AbortController, ms: number): void {
  clock.setTimeout(() => { controller.abort(new Error('enough')) }, ms)
}

describe('under tight limits', () => {
  for (let first = 1; first <= 30; first += 10) {
    it(`every download of the seeds ${first} to ${first + 9} is right`, async function () {
      this.timeout(60_000)

      for (let seedOf = first; seedOf < first + 10; seedOf++) {
        const what: { limits?: Partial<Limits> } = {}

        try {
          await onNetwork(async net => { await play(net, what) }, seedOf)
        } catch (err) {
          throw new Error(`seed ${seedOf}, limits ${JSON.stringify(what.limits)}: ${String(err)}`, { cause: err })
        }
      }
    })
  }
})
