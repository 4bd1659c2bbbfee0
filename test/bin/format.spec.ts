import { expect } from 'aegir/chai'
import { formatBytes, formatSeconds } from '../../bin/format.ts'

describe('bin/format', () => {
  it('writes sizes', () => {
    expect([0, 1023, 1024, 1536, 134_217_728, 2 ** 50, 2 ** 60].map(formatBytes)).to.deep.equal([
      '0 B', '1023 B', '1.0 KiB', '1.5 KiB', '128.0 MiB', '1.0 PiB', '1024.0 PiB'
    ])
  })

  it('writes times', () => {
    expect([undefined, Infinity, NaN, 0, 0.2, 59, 60, 185, 3_600, 7_650].map(formatSeconds)).to.deep.equal([
      '?', '?', '?', '0s', '1s', '59s', '1m 00s', '3m 05s', '1h 00m', '2h 07m'
    ])
  })
})
