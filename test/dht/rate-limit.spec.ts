import { expect } from 'aegir/chai'
import { RateLimit } from '../../src/dht/rate-limit.ts'
import { VirtualClock } from '../../src/testing/index.ts'

describe('dht/rate-limit', () => {
  let clock: VirtualClock
  let limit: RateLimit

  beforeEach(() => {
    clock = new VirtualClock()
    limit = new RateLimit(clock, { total: 100, network: 10 })
  })

  function take (count: number, host: (i: number) => string): number {
    return Array.from({ length: count }, (_, i) => limit.take(host(i))).filter(Boolean).length
  }

  it('lets a second\'s worth through at once, then as time brings it', async () => {
    expect(take(500, i => `198.${i % 100}.1.1`)).to.equal(100)
    await clock.advance(500)
    expect(take(500, i => `198.${i % 100}.1.1`)).to.equal(50)
    await clock.advance(60_000)
    expect(take(500, i => `198.${i % 100}.1.1`)).to.equal(100)
  })

  it('lets one network have its share, whatever its addresses', async () => {
    expect(take(50, i => `192.0.2.${i}`)).to.equal(10)
    expect(take(50, () => '203.0.113.1')).to.equal(10)
    await clock.advance(200)
    expect(take(50, () => '192.0.2.1')).to.equal(2)
  })

  it('does not count private and loopback networks apart', () => {
    expect(take(40, () => '127.0.0.1') + take(40, () => '10.0.0.1')).to.equal(80)
    expect(take(40, () => '127.0.0.1')).to.equal(20)
  })

  it('holds the total however many networks there are', async () => {
    let taken = 0

    for (let second = 0; second < 5; second++) {
      taken += take(20_000, i => `${20 + second}.${i >> 8}.${i & 0xff}.1`)
      await clock.advance(1_000)
    }

    expect(taken).to.equal(500)
  })
})
