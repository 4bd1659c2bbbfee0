import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { EXIT, EXIT_MEANING, InterruptedError, OutputExistsError, exitCodeOf } from '../../bin/exit-codes.ts'
import * as errors from '../../src/errors.ts'

describe('bin/exit-codes', () => {
  it('are distinct', () => {
    expect(new Set(Object.values(EXIT)).size).to.equal(Object.keys(EXIT).length)
    expect(Object.keys(EXIT_MEANING)).to.deep.equal(Object.keys(EXIT))
  })

  it('tell errors apart', async () => {
    const missing: unknown = await readFile('no/such/file').catch(err => err)

    expect(exitCodeOf(new errors.NotFoundError('x'))).to.equal(EXIT.notFound)
    expect(exitCodeOf(new errors.StallError('x'))).to.equal(EXIT.stalled)
    expect(exitCodeOf(new errors.TooExpensiveError('x', 5n))).to.equal(EXIT.tooExpensive)
    expect(exitCodeOf(new errors.RecoveryError('x', 0, [1]))).to.equal(EXIT.unrecoverable)
    expect(exitCodeOf(new errors.InvalidManifestError('x'))).to.equal(EXIT.invalid)
    expect(exitCodeOf(new errors.DataDirInUseError('x'))).to.equal(EXIT.dataDirInUse)
    expect(exitCodeOf(new errors.StoreRefusedError('x'))).to.equal(EXIT.disk)
    expect(exitCodeOf(new OutputExistsError('x'))).to.equal(EXIT.exists)
    expect(exitCodeOf(new InterruptedError('SIGINT'))).to.equal(EXIT.interrupted)
    expect(exitCodeOf(new InterruptedError('SIGTERM'))).to.equal(EXIT.terminated)
    expect(exitCodeOf(missing)).to.equal(EXIT.disk)
    expect(exitCodeOf(Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' }))).to.equal(EXIT.disk)
    expect(exitCodeOf(Object.assign(new Error('in use'), { code: 'EADDRINUSE', syscall: 'listen' }))).to.equal(EXIT.failed)
    expect(exitCodeOf(new Error('x'))).to.equal(EXIT.failed)
    expect(exitCodeOf('x')).to.equal(EXIT.failed)
  })

  it('are written in the README', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')

    for (const code of Object.values(EXIT)) {
      expect(readme).to.match(new RegExp(`^\\| ${code} \\|`, 'm'))
    }
  })
})
