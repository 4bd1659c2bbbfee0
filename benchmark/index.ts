/** `npm run bench -- <name> [--size <number>] [--json]`: figures of this machine, each beside what it is to be compared with. */
import { parseArgs } from 'node:util'
import { benchDht } from './dht.ts'
import { benchEngine } from './engine.ts'
import { benchLeopard } from './leopard.ts'
import { benchLocal } from './local.ts'
import { benchMemory } from './memory.ts'
import { benchPaths } from './paths.ts'
import { benchProtected } from './protected.ts'
import { parseSize } from './report.ts'
import { benchSwarm } from './swarm.ts'
import { benchTransfer } from './transfer.ts'
import type { Bench } from './report.ts'

const BENCHES: Record<string, Bench> = {
  dht: benchDht,
  engine: benchEngine,
  leopard: benchLeopard,
  local: benchLocal,
  memory: benchMemory,
  paths: benchPaths,
  protected: benchProtected,
  swarm: benchSwarm,
  transfer: benchTransfer
}

const { positionals, values: { json, size } } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, size: { type: 'string' } }
})
const names = positionals.length === 0 ? Object.keys(BENCHES) : positionals

for (const name of names) {
  if (!Object.hasOwn(BENCHES, name)) {
    throw new Error(`There is no benchmark ${name}: ${Object.keys(BENCHES).join(', ')}`)
  }
}

for (const name of names) {
  for await (const { figures, line } of BENCHES[name]({ json, size: size == null ? undefined : parseSize(size) })) {
    console.log(json ? JSON.stringify({ bench: name, ...figures }) : line)
  }
}
