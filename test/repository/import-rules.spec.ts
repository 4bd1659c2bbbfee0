import { readFile, readdir } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { checkRules } from './import-rules.ts'
import type { Sources } from './import-rules.ts'

const SRC = new URL('../../src/', import.meta.url)

async function readSources (): Promise<Sources> {
  const sources: Sources = new Map()

  for (const entry of await readdir(SRC, { recursive: true })) {
    const file = entry.replaceAll('\\', '/')

    if (file.endsWith('.ts')) {
      sources.set(file, await readFile(new URL(file, SRC), 'utf8'))
    }
  }

  return sources
}

function violationsOf (files: Record<string, string>): string[] {
  return checkRules(new Map(Object.entries(files))).map(({ file, line, message }) => `${file}:${line} ${message}`)
}

describe('repository/import-rules', () => {
  it('finds nothing in src', async () => {
    const sources = await readSources()
    expect(sources.size).to.be.above(3)

    const violations = checkRules(sources)
    expect(violations.map(({ file, line, message }) => `${file}:${line} ${message}`)).to.deep.equal([])
  })

  const broken: Array<[name: string, file: string, text: string]> = [
    ['dataset that imports the exchange', 'dataset/block.ts', "import { x } from '../exchange/session.ts'"],
    ['dataset that imports a type of interfaces', 'dataset/block.ts', "import type { X } from '../interfaces.ts'"],
    ['leopard that imports the errors', 'erasure/leopard/ff8.ts', "import { X } from '../../errors.ts'"],
    ['leopard that imports its own room', 'erasure/leopard/ff8.ts', "import { X } from '../layout.ts'"],
    ['erasure that imports a store', 'erasure/layout.ts', "import { x } from '../stores/local-store.ts'"],
    ['local store that imports the exchange', 'stores/local-store.ts', "import { x } from '../exchange/engine.ts'"],
    ['exchange that imports the wire', 'exchange/engine.ts', "import { x } from '../wire/codex/index.ts'"],
    ['exchange that imports a stream', 'exchange/engine.ts', "import { x } from '../streams/store-stream.ts'"],
    ['exchange that loads a room on demand', 'exchange/engine.ts', "await import('../wire/codex/index.ts')"],
    ['wire that imports the engine', 'wire/codex/index.ts', "export { x } from '../../exchange/engine.ts'"],
    ['core that imports an adapter', 'codex.ts', "import { libp2pTransport } from './libp2p/index.ts'"],
    ['core that imports a type of an adapter', 'codex.ts', "type X = import('./testing/index.ts').X"],
    ['core that leaves src', 'codex.ts', "import { x } from '../bin/main.ts'"],
    ['core that imports a Node built-in', 'codex.ts', "import fs from 'node:fs'"],
    ['core that imports a built-in without its prefix', 'codex.ts', "import { EventEmitter } from 'events'"],
    ['core that loads libp2p', 'codex.ts', "import { createLibp2p } from 'libp2p'"],
    ['core that sets a timer', 'codex.ts', 'export const x = () => setTimeout(() => {}, 1)'],
    ['core that passes a timer on', 'codex.ts', 'export const x = { setTimeout }'],
    ['core that sets a timer of globalThis', 'codex.ts', 'export const x = globalThis.setTimeout'],
    ['core that reads the clock', 'exchange/plan.ts', 'export const x = Date.now()'],
    ['core that makes a date of now', 'exchange/plan.ts', 'export const x = new Date()'],
    ['core that draws a random number', 'exchange/plan.ts', 'export const x = Math.random()'],
    ['core that times a signal out', 'download.ts', 'export const x = AbortSignal.timeout(5)']
  ]

  for (const [name, file, text] of broken) {
    it(`finds ${name}`, () => {
      expect(violationsOf({ [file]: `// one\n${text}\n` })).to.have.lengthOf(1)
        .with.nested.property('[0]').that.matches(new RegExp(`^${file}:2 `))
    })
  }

  it('finds a circle', () => {
    expect(violationsOf({
      'dataset/a.ts': "import { b } from './b.ts'",
      'dataset/b.ts': "import { c } from './c.ts'",
      'dataset/c.ts': "import type { A } from './a.ts'"
    })).to.deep.equal(['dataset/a.ts:1 imports go in a circle: dataset/a.ts → dataset/b.ts → dataset/c.ts → dataset/a.ts'])
  })

  it('lets the core use what is injected', () => {
    expect(violationsOf({
      'exchange/engine.ts': `
        import { CID } from 'multiformats/cid'
        import type { Libp2p } from 'libp2p'
        import type { Clock } from '../interfaces.ts'
        export interface Timers { setTimeout(fn: () => void): void }
        // setTimeout and Date.now in a comment
        export const run = (clock: Clock, text = 'Math.random()') => clock.setTimeout(() => clock.now(), 1)
      `,
      'runtime.ts': 'export const clock = { now: () => performance.now(), setTimeout }',
      'node/index.ts': "import fs from 'node:fs'\nimport { createCodex } from '../index.ts'\nsetTimeout(() => {}, 1)"
    })).to.deep.equal([])
  })
})
