/**
 * `npm run hostile [-- --attacks <name,name>]`: a process that seeds a file is attacked by others over TCP while it serves an honest peer. Exits with 1
 * unless the honest peer gets the right bytes and its share, and the attacked process stays within its memory.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ATTACKS } from './attacks.ts'
import { Role } from './role.ts'
import type { AttackFigures } from './attacks.ts'
import type { Downloaded } from './downloader.ts'
import type { Health, Seeded } from './seeder.ts'

const FILE_BYTES = 64 * 1024 * 1024
const BLOCK_BYTES = 64 * 1024
/** Bytes of memory that the attacked process may have at any time. */
const MAX_MEMORY = 300_000_000
/** Honest peers that download the same all the time. */
const RIVALS = 2
/** Of its fair share of what is served, an honest peer keeps this part at least. */
const FAIR = 0.5
/** Milliseconds that the attack goes on, at least. */
const ATTACK = 20_000
/** Milliseconds after which everything ends, whatever state it is in. */
const DEADLINE = 85_000

/** How a process is started that is to do with little memory: V8's nursery grows to 128 MB where garbage comes quickly. */
const LITTLE_MEMORY = ['--max-semi-space-size=8']

const { values } = parseArgs({ options: { attacks: { type: 'string' } } })
const roles: Role[] = []
const say = (line: string): void => { process.stdout.write(`${line}\n`) }
const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`

function start (name: string, module: string, execArgv?: string[]): Role {
  const role = new Role(name, module, execArgv)
  roles.push(role)

  return role
}

async function run (dir: string): Promise<string[]> {
  const faults: string[] = []
  const seeder = start('seeder', 'seeder', LITTLE_MEMORY)
  const { cid, treeCid, address, sha256 } = await seeder.ask<Seeded>('seed', { dataDir: join(dir, 'seeder'), bytes: FILE_BYTES })
  let downloads = 0
  const download = async (): Promise<Downloaded> => {
    const downloader = start('downloader', 'downloader')
    const result = await downloader.ask<Downloaded>('download', { dataDir: join(dir, `downloader ${downloads++}`), cid, address })
    await downloader.end()

    if (result.sha256 !== sha256 || result.bytes !== FILE_BYTES) {
      throw new Error('the bytes that came are not those that were seeded')
    }

    return result
  }

  const alone = await download()
  const before = await seeder.ask<Health>('health')
  say(`Alone: ${MB(FILE_BYTES)} in ${alone.milliseconds.toFixed(0)} ms; the seeder has had ${MB(before.peakMemory)} of memory at most`)

  const kinds = ATTACKS.filter(kind => (values.attacks ?? kind).split(',').includes(kind))
  const parts = Array.from({ length: 4 }, (_, i) => kinds.filter((_, at) => at % 4 === i))
  const attackers = parts.filter(({ length }) => length > 0).map((kinds, i) => ({ kinds, role: start(`attackers ${i}`, 'attacker') }))
  const rivals = Array.from({ length: RIVALS }, (_, i) => start(`rival ${i}`, 'downloader'))
  await Promise.all(rivals.map(async (role, i) => role.ask('goOn', { dataDir: join(dir, `rival ${i}`), cid, address })))
  await Promise.all(attackers.map(async ({ role, kinds }) => role.ask('begin', { kinds, address, treeCid, leaves: FILE_BYTES / BLOCK_BYTES })))
  const startedAt = performance.now()
  await sleep(2_000)

  while (performance.now() - startedAt < ATTACK) {
    const attacked = await download()
    const { served, connections, peakMemory } = await seeder.ask<Health>('health')
    const { bytes, meanwhile } = served[attacked.peer]
    const share = bytes / (meanwhile / (RIVALS + 1))
    say(`Attacked: in ${attacked.milliseconds.toFixed(0)} ms, ${(attacked.milliseconds / alone.milliseconds).toFixed(1)} times as long; ${MB(meanwhile)} served ` +
      `meanwhile, ${(100 * share).toFixed(0)} % of a fair share; ${connections} connections, ${MB(peakMemory)} of memory`)

    if (share < FAIR) {
      faults.push(`an honest peer had ${(100 * share).toFixed(0)} % of its fair share`)
    }
  }

  const figures: Record<string, AttackFigures> = Object.assign({}, ...await Promise.all(attackers.map(async ({ role }) => role.ask('end'))))
  await Promise.all([...rivals, ...attackers.map(({ role }) => role)].map(async role => role.end()))

  for (const [kind, { rounds, cutOff }] of Object.entries(figures)) {
    say(`  ${kind}: ${rounds} rounds, ${cutOff} cut off`)

    if (rounds + cutOff === 0) {
      faults.push(`there was no ${kind}`)
    }
  }

  await sleep(500)
  const after = await download()
  const { peakMemory, sizes, bans, connections } = await seeder.ask<Health>('health')
  say(`Afterwards: in ${after.milliseconds.toFixed(0)} ms. The seeder has had ${MB(peakMemory)} of memory at most, ${connections} connections are left, ${JSON.stringify(sizes)}`)
  say(`Left alone: ${JSON.stringify(bans)}`)

  if (peakMemory > MAX_MEMORY) {
    faults.push(`the seeder had ${MB(peakMemory)} of memory`)
  }

  return faults
}

const dir = await mkdtemp(join(tmpdir(), 'codex-download-hostile-'))
const deadline = setTimeout(() => { throw new Error(`not done after ${DEADLINE} ms`) }, DEADLINE)

try {
  const faults = await run(dir)
  faults.forEach(fault => { say(`Failed: ${fault}`) })
  process.exitCode = faults.length === 0 ? 0 : 1
} catch (err) {
  say(`Failed: ${err instanceof Error ? err.stack : String(err)}`)
  process.exitCode = 1
} finally {
  clearTimeout(deadline)
  await Promise.all(roles.map(async role => role.end()))
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
