import { expect } from 'aegir/chai'
import { DEFAULT_LIMITS, KiB, MiB } from '../../src/constants.ts'
import { Pace } from '../../src/exchange/pace.ts'

/** A peer that delivers `rate` bytes a millisecond, `rtt` milliseconds after it was asked, kept as busy as the window allows. */
function deliver (pace: Pace, rate: number, rtt: number, rounds: number): void {
  let now = 0
  pace.answered(rtt)

  for (let i = 0; i < rounds; i++) {
    const bytes = Math.max(64 * KiB, Math.min(20 * 64 * KiB, Math.floor(pace.window)))
    pace.asked(0, now)
    now += rtt + bytes / rate
    pace.delivered(bytes, pace.window, now)
  }
}

describe('pace', () => {
  it('opens the window of a peer that keeps up, as far as it may', () => {
    const pace = new Pace(DEFAULT_LIMITS)
    deliver(pace, 100_000, 2, 50)

    expect(pace.window).to.equal(DEFAULT_LIMITS.peerWindowBytes)
  })

  it('lets a limit hold the window', () => {
    const pace = new Pace({ ...DEFAULT_LIMITS, peerWindowBytes: MiB })
    deliver(pace, 100_000, 2, 50)

    expect(pace.window).to.equal(MiB)
  })

  it('starts with the first window, and keeps a slow peer at what it delivers in a short time', () => {
    const pace = new Pace(DEFAULT_LIMITS)
    expect(pace.window).to.equal(DEFAULT_LIMITS.firstWindowBytes)

    deliver(pace, 100, 10, 20)
    expect(pace.window).to.be.below(64 * KiB)
  })

  it('does not take a peer that was asked for little to be slow', () => {
    const pace = new Pace(DEFAULT_LIMITS)
    pace.asked(0, 0)
    pace.delivered(200, 64 * KiB, 300)

    expect(pace.rate).to.equal(undefined)
    expect(pace.window).to.equal(DEFAULT_LIMITS.firstWindowBytes)
  })

  it('halves the window of a peer that fails', () => {
    const pace = new Pace(DEFAULT_LIMITS)
    const before = pace.window
    pace.failed()

    expect(pace.window).to.equal(before / 2)
  })

  it('waits for an unknown peer as long as the limit says, and for a known one in keeping with its pace', () => {
    const pace = new Pace(DEFAULT_LIMITS)
    expect(pace.timeout(MiB)).to.equal(DEFAULT_LIMITS.firstTimeout)

    deliver(pace, 1_000, 20, 50)
    expect(pace.timeout(2 * MiB)).to.be.above(4 * 2 * MiB / 1_000).and.below(5 * 2 * MiB / 1_000)
    expect(pace.timeout(0)).to.equal(DEFAULT_LIMITS.minTimeout)
    expect(pace.timeout(1e9)).to.equal(DEFAULT_LIMITS.maxTimeout)
  })
})
