/**
 * A node in a process of its own where what is loaded on demand cannot be loaded, until it can: prints what each call
 * came to. Run by loading.spec.ts.
 */
import { registerHooks } from 'node:module'
import { createCodex } from '../../src/index.ts'
import type { Transport } from '../../src/interfaces.ts'

let broken: string[] = []

registerHooks({
  resolve (specifier, context, next) {
    if (broken.some(name => specifier.endsWith(`/${name}.js`))) {
      throw new Error('cannot be loaded')
    }

    return next(specifier, context)
  }
})

/** One that never meets anybody. */
const transport = {
  peerId: { toString: () => 'nobody' },
  addresses: () => [],
  async register () {},
  async unregister () {},
  async start () {},
  async stop () {}
} as unknown as Transport

const codex = createCodex({ transport })
const outcomes: Record<string, string> = {}
const content = new Uint8Array(100_000)

async function attempt (name: string, work: () => Promise<unknown>): Promise<void> {
  outcomes[name] = await work().then(() => 'done', (err: Error) => err.message)
}

async function drain (values: AsyncIterable<unknown>): Promise<void> {
  const iterator = values[Symbol.asyncIterator]()

  for (let step = await iterator.next(); step.done !== true;) {
    step = await iterator.next()
  }
}

broken = ['in-memory']
await attempt('start without stores', async () => codex.start())
broken = ['server']
await attempt('start without the server', async () => codex.start())
broken = []
await attempt('start', async () => codex.start())
broken = ['changing']
await attempt('store without drafts', async () => codex.store(content))
await attempt('gc without it', async () => drain(codex.gc()))
broken = ['storing']
await attempt('store without it', async () => codex.store(content))
broken = []
const cid = await codex.store(content)
broken = ['prefetch', 'repair']
await attempt('prefetch without it', async () => drain(codex.prefetch(cid)))
await attempt('repair without it', async () => codex.repair(cid))
broken = []
await attempt('gc', async () => drain(codex.gc()))
await attempt('prefetch', async () => drain(codex.prefetch(cid)))
await attempt('download', async () => drain(codex.download(cid)))
broken = ['leopard/index']
await attempt('protect without leopard', async () => codex.store(content, { erasure: { data: 1, parity: 1 } }))
broken = []
await attempt('protect', async () => codex.store(content, { erasure: { data: 1, parity: 1 } }))
await codex.stop()
process.stdout.write(JSON.stringify(outcomes))
