import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { run } from '../run-command.ts'

const SRC = new URL('../../src/', import.meta.url)
const ADAPTERS = /^(libp2p|dht|node|testing)\//

/** They are compiled when they are loaded: who simulates waits for that. */
const COMPILED = /^erasure\/leopard\//

describe('what is loaded on demand', () => {
  it('fails the call that needs it when it cannot be loaded, and is there for the next one', async function () {
    this.timeout(60_000)
    const printed = await run(process.execPath, [fileURLToPath(new URL('../../dist/test/api/loading-fails.js', import.meta.url))])

    expect(JSON.parse(printed)).to.deep.equal({
      'start without stores': 'cannot be loaded',
      'start without the server': 'cannot be loaded',
      start: 'done',
      'store without drafts': 'cannot be loaded',
      'gc without it': 'cannot be loaded',
      'store without it': 'cannot be loaded',
      'prefetch without it': 'cannot be loaded',
      'repair without it': 'cannot be loaded',
      gc: 'done',
      prefetch: 'done',
      download: 'done',
      'protect without leopard': 'cannot be loaded',
      protect: 'done'
    })
  })

  it('is loaded before a simulation begins', async () => {
    const preloaded = await readFile(new URL('testing/preload.ts', SRC), 'utf8')
    const loaded = (await onDemand()).filter(file => !COMPILED.test(file))

    expect(loaded).to.not.be.empty()
    loaded.forEach(file => expect(preloaded).to.include(`import '../${file}'`))
  })
})

/** The files of `src/` that the core imports dynamically. */
async function onDemand (): Promise<string[]> {
  const files = new Set<string>()

  for (const entry of await readdir(SRC, { recursive: true })) {
    if (entry.endsWith('.ts') && !ADAPTERS.test(entry)) {
      const file = new URL(entry, SRC)

      for (const [, specifier] of (await readFile(file, 'utf8')).matchAll(/import\('(\..*)'\)/g)) {
        files.add(new URL(specifier, file).href.slice(SRC.href.length))
      }
    }
  }

  return [...files]
}
