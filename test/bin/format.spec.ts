import { expect } from 'aegir/chai'
import { formatBytes, formatMilliseconds } from '../../bin/format.ts'

describe('bin/format', () => {
  it('writes sizes', () => {
    expect([0, 1023, 1024, 1536, 134_217_728, 2 ** 50, 2 ** 60].map(formatBytes)).to.deep.equal([
      '0 B', '1023 B', '1.0 KiB', '1.5 KiB', '128.0 MiB', '1.0 PiB', '1024.0 PiB'
    ])
  })

  it('writes times', () => {
    expect([undefined, Infinity, NaN, 0, 240, 9_900, 12_345, 59_400, 59_600, 185_000, 3_600_000, 7_650_000].map(formatMilliseconds)).to.deep.equal([
      '?', '?', '?', '0.0s', '0.2s', '9.9s', '12s', '59s', '1m 00s', '3m 05s', '1h 00m', '2h 07m'
    ])
  })
})
