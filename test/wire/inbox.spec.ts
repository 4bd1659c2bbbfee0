import { expect } from 'aegir/chai'
import { VirtualClock } from '../../src/testing/index.ts'
import { Inbox } from '../../src/wire/inbox.ts'
import { DEFAULT_WIRE_LIMITS, MESSAGE_COST } from '../../src/wire/limits.ts'
import type { WireLimits } from '../../src/wire/limits.ts'

interface Opened {
  inbox: Inbox
  clock: VirtualClock
  /** Lengths of the messages that were read. */
  read: number[]
  /** Whether more waited than may. */
  overflowed(): boolean
}

/** An inbox in which each message costs its length. */
function open (limits: Partial<WireLimits>): Opened {
  const clock = new VirtualClock()
  const read: number[] = []
  let overflowed = false
  const inbox = new Inbox({
    clock,
    limits: { ...DEFAULT_WIRE_LIMITS, ...limits },
    receive: ({ byteLength }) => {
      read.push(byteLength)
      inbox.charge(byteLength)
    },
    overflowed: () => { overflowed = true }
  })

  return { inbox, clock, read, overflowed: () => overflowed }
}

function push (inbox: Inbox, ...lengths: number[]): void {
  lengths.forEach(length => { inbox.push(new Uint8Array(length)) })
}

describe('wire/inbox', () => {
  it('reads at once what is within `unaskedBurst`, and the message that goes over it', () => {
    const { inbox, read } = open({ unaskedBurst: 100 })
    push(inbox, 60, 60, 1)

    expect(read).to.deep.equal([60, 60])
    expect(inbox.waitingBytes).to.equal(1 + MESSAGE_COST)
  })

  it('reads what waits, in order, as `unaskedRate` pays for it', async () => {
    const { inbox, clock, read } = open({ unaskedBurst: 100, unaskedRate: 1000 })
    push(inbox, 120, 50, 30, 10)
    expect(read).to.deep.equal([120])

    await clock.advance(20)
    expect(read).to.deep.equal([120, 50])
    await clock.advance(49)
    expect(read).to.deep.equal([120, 50])
    await clock.advance(1)
    expect(read).to.deep.equal([120, 50, 30])

    await clock.run()
    expect(read).to.deep.equal([120, 50, 30, 10])
    expect(clock.now()).to.equal(100)
    expect(inbox.waitingBytes).to.equal(0)
  })

  it('saves no more than `unaskedBurst`', async () => {
    const { inbox, clock, read } = open({ unaskedBurst: 100, unaskedRate: 1000 })
    await clock.advance(1_000_000)
    push(inbox, 100, 1, 1)

    expect(read).to.deep.equal([100, 1])
  })

  it('lets what else the peer causes wait too', () => {
    const { inbox, read } = open({ unaskedBurst: 100 })
    inbox.charge(101)
    push(inbox, 1)

    expect(read).to.be.empty()
  })

  it('says when more than `waitingBytes` wait, an empty message counting for its memory', () => {
    const { inbox, overflowed } = open({ unaskedBurst: 0, waitingBytes: 2 * MESSAGE_COST + 10 })
    push(inbox, 1, 5, 5)
    expect(overflowed()).to.be.false()

    push(inbox, 0)
    expect(overflowed()).to.be.true()
  })

  it('leaves nothing when it is cleared', () => {
    const { inbox, clock } = open({ unaskedBurst: 0 })
    push(inbox, 1, 1, 1)
    expect(clock.pending).to.equal(1)

    inbox.clear()
    expect([clock.pending, inbox.waitingBytes]).to.deep.equal([0, 0])
  })
})
