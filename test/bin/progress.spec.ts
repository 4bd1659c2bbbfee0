import { PassThrough } from 'node:stream'
import { expect } from 'aegir/chai'
import { showProgress } from '../../bin/progress.ts'
import type { Progress } from '../../src/progress.ts'

const progress: Progress = { bytes: 1_048_576, totalBytes: 4_194_304, blocks: { fromStore: 0, fromPeers: 16, recovered: 0 }, rate: 2_097_152, peers: 2, eta: 1_500 }

function textOf (stream: PassThrough): string {
  return String(stream.read() ?? '')
}

describe('bin/progress', () => {
  it('prints plain lines where there is no terminal', () => {
    const stream = new PassThrough()
    const hide = showProgress(() => progress, stream)
    hide()

    expect(textOf(stream)).to.equal('1.0 MiB of 4.0 MiB, 2.0 MiB/s, 2 peers, ETA 1.5s\n')
  })

  it('counts what an earlier run has left', () => {
    const stream = new PassThrough()
    showProgress(() => ({ ...progress, peers: 1, eta: undefined }), stream, 4_194_304)()

    expect(textOf(stream)).to.equal('5.0 MiB of 8.0 MiB, 2.0 MiB/s, 1 peer, ETA ?\n')
  })

  it('keeps the last rate and the peers of the last second', () => {
    const stream = new PassThrough()
    const moments = [progress, { ...progress, bytes: 4_194_304, rate: 0, peers: 0, eta: undefined }]
    const look = (): Progress => moments[0]
    const hide = showProgress(look, Object.assign(stream, { isTTY: true, columns: 120, rows: 24 }))
    moments.shift()
    hide()

    expect(textOf(stream)).to.contain('100%  4.0 MiB of 4.0 MiB  2.0 MiB/s  2 peers  ETA 0.0s')
  })

  it('draws a bar on a terminal and gives the cursor back', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 24 })
    const hide = showProgress(() => progress, stream)
    hide()
    const text = textOf(stream)

    expect(text).to.contain('25%  1.0 MiB of 4.0 MiB  2.0 MiB/s  2 peers  ETA 1.5s')
    expect(text).to.contain('█')
    // hidden, then shown
    expect(text.lastIndexOf('\u001b[?25h')).to.be.above(text.lastIndexOf('\u001b[?25l'))
  })
})
