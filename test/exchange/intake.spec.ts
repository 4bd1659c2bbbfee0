import { expect } from 'aegir/chai'
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { standaloneShape } from '../../src/dataset/verify.ts'
import { Intake } from '../../src/exchange/intake.ts'
import { Peer } from '../../src/exchange/peer-admin.ts'
import { Session } from '../../src/exchange/session.ts'
import { hasher } from '../../src/hasher/node.ts'
import { newInterest } from './fixtures.ts'
import type { Delivery } from '../../src/dataset/delivery.ts'
import type { IntakeResult } from '../../src/exchange/intake.ts'
import type { Limits } from '../../src/index.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'

const peer = new Peer('peer', DEFAULT_LIMITS)

/** A session of one block that is wanted, and the block. */
function block (byte: number): { session: Session, delivery: Delivery } {
  const data = new Uint8Array(100).fill(byte)
  const cid = blockCid(hasher.digest(data) as Uint8Array)
  const session = new Session({ shape: standaloneShape(cid, 100), names: [], likely: [] }, `${byte}`, 1_000)
  newInterest(session, 0, 1)

  return { session, delivery: { root: cid, index: 0, cid: cid.bytes, data } }
}

interface Bench {
  intake: Intake
  results: IntakeResult[]
  /** Ends the puts that have begun; gives how many there were. */
  release(): number
}

function bench (limits: Partial<Limits>, done = (_: Bench): void => {}): Bench {
  let gates: Array<() => void> = []
  const store = {
    putBlock: async () => new Promise<void>(resolve => { gates.push(resolve) })
  } as unknown as LocalStore
  const made: Bench = {
    results: [],
    release: () => {
      const { length } = gates
      gates.forEach(open => { open() })
      gates = []

      return length
    },
    intake: new Intake({
      store,
      hasher,
      limits: { ...DEFAULT_LIMITS, ...limits },
      done: result => {
        made.results.push(result)
        done(made)
      }
    })
  }

  return made
}

async function settled (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}

describe('the intake', () => {
  for (const workers of [1, 2, 5]) {
    it(`works at ${workers} batches at a time, where there are so many`, async () => {
      const { intake, results, release } = bench({ intakeWorkers: workers })

      for (let i = 0; i < 7; i++) {
        const { session, delivery } = block(i)
        intake.push(session, peer, [delivery], 0n)
      }

      await settled()
      expect(intake.bytes).to.equal(700)
      expect(release()).to.equal(workers)
      await settled()

      for (let left = 7 - workers; left > 0; left -= workers) {
        expect(release()).to.equal(Math.min(left, workers))
        await settled()
      }

      expect(results.map(({ stored }) => stored)).to.deep.equal(Array.from({ length: 7 }, () => true))
      expect(intake.bytes).to.equal(0)
    })
  }

  it('begins with what comes in the moment in which it ends with the last', async () => {
    let next = 1
    const { intake, results, release } = bench({ intakeWorkers: 1 }, ({ intake }) => {
      if (next < 20) {
        const { session, delivery } = block(next++)
        let steps = next % 5

        // some moments later, while its worker is about to be gone
        const later = (): void => {
          if (steps-- > 0) {
            queueMicrotask(later)
          } else {
            intake.push(session, peer, [delivery], 0n)
          }
        }

        later()
      }
    })
    const { session, delivery } = block(0)
    intake.push(session, peer, [delivery], 0n)

    for (let i = 0; i < 20; i++) {
      await settled()
      expect(release()).to.equal(1)
    }

    await settled()
    expect(results).to.have.lengthOf(20)
  })

  it('tells what does not verify apart from what the store refuses', async () => {
    const { intake, results } = bench({})
    const { session, delivery } = block(1)
    intake.push(session, peer, [{ ...delivery, data: new Uint8Array(100) }], 3n)
    await settled()

    expect(results).to.have.lengthOf(1)
    expect(results[0]).to.deep.include({ verified: [], stored: false, price: 3n, indices: [0] })
    expect(results[0].rejected[0]).to.deep.include({ index: 0, bytes: 100 })
    expect(results[0].rejected[0].error).to.have.property('name', 'VerificationError')
  })

  it('forgets what waits when it is stopped, and waits for what is under way', async () => {
    const { intake, results, release } = bench({ intakeWorkers: 1 })

    for (let i = 0; i < 3; i++) {
      const { session, delivery } = block(i)
      intake.push(session, peer, [delivery], 0n)
    }

    let stopped = false
    const stopping = intake.stop().then(() => { stopped = true })
    await settled()
    expect(stopped).to.be.false()
    expect(release()).to.equal(1)
    await stopping

    expect(results).to.have.lengthOf(1)
    expect(intake.bytes).to.equal(0)
  })

  it('takes a message as one batch where nothing is kept, and a few blocks at a time where a kill would cost them', async () => {
    for (const store of [false, true]) {
      const made = bench({ intakeBlocks: 4 })
      const { session, delivery } = block(1)
      session.interests.clear()
      newInterest(session, 0, 1, { store })
      made.intake.push(session, peer, Array(10).fill(delivery), 0n)

      for (let turn = 0; turn < 10; turn++) {
        await settled()
        made.release()
      }

      expect(made.results.map(({ verified }) => verified.length)).to.deep.equal(store ? [4, 4, 2] : [10])
      await made.intake.stop()
    }
  })
})
