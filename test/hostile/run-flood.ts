/**
 * `npm run flood [-- --seconds <n>]`: a node of the DHT gets 20,000 datagrams a second over UDP, of several kinds, while it looks for what others
 * announce and others for what it announces. Exits with 1 unless they find it and its memory stays where it was.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { formatCid, manifestCid } from '../../src/dataset/codecs.ts'
import { FLOODS } from './floods.ts'
import { Role } from './role.ts'
import type { NodeHealth, NodesInit } from './dht-nodes.ts'
import type { FloodInit } from './floods.ts'

/** Datagrams a second. */
const RATE = 20_000
const OTHERS = 11
/** Bytes that more may be in use after a flood than before. */
const MAX_GROWTH = 8_000_000
/** Bytes of memory that the attacked process may have at any time. */
const MAX_MEMORY = 300_000_000
/** Of the lookups under a flood, those that have to find. */
const FOUND = 0.9
/** Milliseconds after which everything ends, whatever state it is in. */
const DEADLINE = 180_000

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '8' } } })
const roles: Role[] = []
const say = (line: string): void => { process.stdout.write(`${line}\n`) }
const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

function start (name: string, module: string, execArgv?: string[]): Role {
  const role = new Role(name, module, execArgv)
  roles.push(role)

  return role
}

async function run (): Promise<string[]> {
  const faults: string[] = []
  const victim = start('victim', 'dht-nodes', ['--expose-gc', '--max-semi-space-size=16'])
  const spr = await victim.ask<string>('start', { nodes: 1, bootstrap: [] } satisfies NodesInit)
  const others = start('others', 'dht-nodes')
  await others.ask('start', { nodes: OTHERS, bootstrap: [spr] } satisfies NodesInit)
  const flooder = start('flooder', 'flooder')
  /** What one side announces is what the other finds. */
  const look = async (provider: Role, asker: Role): Promise<boolean> => {
    const cid = formatCid(manifestCid(randomBytes(32)))
    await provider.ask('provide', cid).catch(() => {})

    return await asker.ask<number>('find', cid) > 0
  }
  // all that it ever does is loaded and warm
  await look(others, victim)
  await look(victim, others)

  for (const kind of FLOODS) {
    const before = await victim.ask<NodeHealth>('health')
    const startedAt = performance.now()
    await flooder.ask('begin', { spr, kind, rate: RATE } satisfies FloodInit)
    const found: boolean[] = []

    while (performance.now() - startedAt < Number(values.seconds) * 1_000) {
      found.push(await look(others, victim), await look(victim, others))
    }

    const sent = await flooder.ask<number>('end')
    const seconds = (performance.now() - startedAt) / 1_000
    const after = await victim.ask<NodeHealth>('health')
    const seen = arrivals(after) - arrivals(before)
    const share = found.filter(found => found).length / found.length
    const growth = after.heap - before.heap
    say(`${kind}: ${Math.round(sent / seconds)} datagrams a second sent, ${Math.round(seen / seconds)} read; ${found.length} lookups, ${(100 * share).toFixed(0)} % found; ` +
      `${MB(before.heap)} in use before, ${MB(after.heap)} after; ${MB(after.peakMemory)} of memory at most; ${after.stats.challenges} challenges, ${after.stats.sessions} sessions, ${after.stats.nodes} nodes`)

    if (share < FOUND) {
      faults.push(`under ${kind} ${(100 * share).toFixed(0)} % of the lookups found`)
    }

    if (growth > MAX_GROWTH || after.peakMemory > MAX_MEMORY) {
      faults.push(`under ${kind} memory grew by ${MB(growth)}, to ${MB(after.peakMemory)} at most`)
    }
  }

  return faults
}

/** Datagrams that were read. */
function arrivals ({ stats }: NodeHealth): number {
  return stats.messages + stats.garbage + stats.unreadable + stats.admitted + stats.refused + stats.answered
}

const deadline = setTimeout(() => {
  say(`Not done after ${DEADLINE / 1_000} s`)
  process.exit(1)
}, DEADLINE)

try {
  const faults = await run()
  faults.forEach(fault => { say(`Failed: ${fault}`) })
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await Promise.all(roles.map(async role => role.end()))
  clearTimeout(deadline)
}
