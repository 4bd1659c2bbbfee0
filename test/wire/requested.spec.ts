import { expect } from 'aegir/chai'
import { treeCid } from '../../src/dataset/codecs.ts'
import { DEFAULT_WIRE_LIMITS, DELIVERY_OVERHEAD } from '../../src/wire/limits.ts'
import { Requested } from '../../src/wire/requested.ts'
import { rootKey } from '../../src/wire/root-key.ts'
import type { WireLimits } from '../../src/wire/limits.ts'

function root (n: number): ReturnType<typeof treeCid> {
  return treeCid(new Uint8Array(32).fill(n))
}

function key (n: number): string {
  return rootKey(root(n).bytes)
}

function requested (limits: Partial<WireLimits> = {}): Requested {
  return new Requested({ ...DEFAULT_WIRE_LIMITS, ...limits })
}

describe('wire/requested', () => {
  it('knows what was asked for, and nothing else', () => {
    const asked = requested()
    asked.add(root(1), [{ start: 2, end: 4 }, { start: 9, end: 10 }], 100)

    expect([1, 2, 3, 4, 9].map(index => asked.has(key(1), index))).to.deep.equal([false, true, true, false, true])
    expect(asked.has(key(2), 2)).to.be.false()
  })

  it('counts the bytes that may still come', () => {
    const asked = requested()
    asked.add(root(1), [{ start: 0, end: 2 }], 100)
    asked.add(root(2), [{ start: 0, end: 1 }], 1_000)
    expect(asked.bytes).to.equal(1_200 + 3 * DELIVERY_OVERHEAD)

    asked.delivered(key(2))
    expect(asked.bytes).to.equal(200 + 2 * DELIVERY_OVERHEAD)
  })

  it('waits no more for what was taken back, though it may come', () => {
    const asked = requested()
    asked.add(root(1), [{ start: 0, end: 4 }], 100)
    asked.takeBack(root(1), [{ start: 0, end: 3 }])
    expect(asked.awaitedBytes).to.equal(100 + DELIVERY_OVERHEAD)
    expect(asked.bytes).to.equal(4 * (100 + DELIVERY_OVERHEAD))
    expect(asked.has(key(1), 0)).to.be.true()

    asked.delivered(key(1))
    asked.delivered(key(1))
    expect(asked.awaitedBytes).to.equal(0)
  })

  it('expects a block twice that was asked for twice, and none less than nothing', () => {
    const asked = requested()
    asked.add(root(1), [{ start: 0, end: 1 }], 100)
    asked.add(root(1), [{ start: 0, end: 1 }], 100)
    asked.delivered(key(1))
    expect(asked.bytes).to.equal(100 + DELIVERY_OVERHEAD)

    asked.delivered(key(1))
    asked.delivered(key(1))
    expect(asked.bytes).to.equal(0)
    expect(asked.has(key(1), 0)).to.be.true()
  })

  it('forgets the root that was asked for longest ago beyond `requestedRoots`', () => {
    const asked = requested({ requestedRoots: 2 })

    for (const n of [1, 2, 1, 3]) {
      asked.add(root(n), [{ start: 0, end: 1 }], 1)
    }

    expect([1, 2, 3].map(n => asked.has(key(n), 0))).to.deep.equal([true, false, true])
  })

  it('takes gaps for requested beyond `requestedRanges`, but nothing outside of them', () => {
    const asked = requested({ requestedRanges: 4 })

    for (let i = 1; i <= 4; i++) {
      asked.add(root(1), [{ start: 10 * i, end: 10 * i + 1 }], 1)
    }

    expect(asked.has(key(1), 15)).to.be.false()
    asked.add(root(1), [{ start: 50, end: 51 }], 1)
    expect([9, 10, 15, 50, 51].map(index => asked.has(key(1), index))).to.deep.equal([false, true, true, true, false])
  })
})
