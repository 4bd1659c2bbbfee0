import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'aegir/chai'
import { EXIT } from '../../bin/exit-codes.ts'

const INTERRUPT = new URL('../../dist/bin/interrupt.js', import.meta.url)
/** Does not end by itself, and not when it is told to. */
const STUBBORN = `
  import { interruptSignal } from '${INTERRUPT.href}'
  const { signal, release } = interruptSignal()
  signal.addEventListener('abort', () => console.log(signal.reason.message))
  console.log('ready')
  setInterval(() => {}, 1000)
`

describe('bin/interrupt', () => {
  for (const [name, code] of [['SIGINT', EXIT.interrupted], ['SIGTERM', EXIT.terminated]] as const) {
    it(`aborts at ${name} and ends at the second`, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', STUBBORN], { stdio: ['ignore', 'pipe', 'inherit'] })
      const gone = once(child, 'exit')

      try {
        expect(String(await once(child.stdout, 'data'))).to.equal('ready\n')
        child.kill(name)
        expect(String(await once(child.stdout, 'data'))).to.equal(`ended by ${name}\n`)
        child.kill(name)
        expect(await gone).to.deep.equal([code, null])
      } finally {
        child.kill('SIGKILL')
      }
    })
  }
})
