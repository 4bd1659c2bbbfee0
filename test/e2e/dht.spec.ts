import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { withTempDir } from '../temp-dir.ts'
import type { Answer, Command, ProcessOptions, Started } from './dht-process.ts'
import type { ChildProcess } from 'node:child_process'

const SCRIPT = fileURLToPath(new URL('../../dist/test/e2e/dht-process.js', import.meta.url))
const PROCESSES = 9
const NODES = 3
const AT_A_TIME = 3
/** The node of a process, but the first, that serves what it has. */
const SERVER = 1
const SIZE = 300_000
/** Lookups in which what was announced has to be found: a busy machine may answer too late. */
const LOOKUPS = 10

interface Part extends Started {
  child: ChildProcess
}

/** A node, by its process and its place there. */
interface Place {
  part: Part
  node: number
}

interface Stored {
  cid: string
  sha256: string
  /** The only one that announces and serves it. */
  peer: string
}

function peerOf ({ part, node }: Place): string {
  return part.peers[node]
}

describe('e2e/dht', function () {
  this.timeout(600_000)

  let parts: Part[]

  beforeEach(() => { parts = [] })
  afterEach(async () => { await kill(parts) })

  async function start (options: ProcessOptions): Promise<Part> {
    const child = fork(SCRIPT, [JSON.stringify(options)])
    const part = { child, spr: '', peers: [] }
    parts.push(part)

    return Object.assign(part, await message<Started>(child))
  }

  async function message<T> (child: ChildProcess): Promise<T> {
    const ended = new AbortController()
    const failed = once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => { throw new Error(`a process ended: ${code ?? signal}`) })

    try {
      const [value] = await Promise.race([once(child, 'message', { signal: ended.signal }), failed])

      return value
    } finally {
      ended.abort()
      await failed.catch(() => {})
    }
  }

  async function tell ({ part: { child } }: Place, command: Command): Promise<Answer> {
    const answer = message<Answer>(child)
    child.send(command)
    const { error, ...rest } = await answer

    if (error != null) {
      throw new Error(error)
    }

    return rest
  }

  async function kill (gone: Part[]): Promise<void> {
    await Promise.all(gone.map(async ({ child }) => {
      if (child.exitCode == null && child.signalCode == null) {
        const exit = once(child, 'exit')
        child.kill('SIGKILL')
        await exit
      }
    }))
  }

  function placesOf (part: Part): Place[] {
    return part.peers.map((_, node) => ({ part, node }))
  }

  function places (): Place[] {
    return parts.flatMap(placesOf)
  }

  async function store (file: string, place: Place): Promise<Stored> {
    const content = randomBytes(SIZE)
    await writeFile(file, content)
    const { cid = '' } = await tell(place, { node: place.node, store: file })

    return { cid, sha256: createHash('sha256').update(content).digest('hex'), peer: peerOf(place) }
  }

  /** Each finds it by its CID and downloads it: a few processes at a time, or the machine is what is tested. */
  async function expectEverywhere (stored: Stored): Promise<void> {
    const left = [...parts]

    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      for (let part = left.shift(); part != null; part = left.shift()) {
        for (const place of placesOf(part).filter(place => peerOf(place) !== stored.peer)) {
          await expectFound(place, stored)
          expect((await tell(place, { node: place.node, get: stored.cid })).sha256).to.equal(stored.sha256)
        }
      }
    }))
  }

  async function expectFound (place: Place, { cid, peer }: Stored): Promise<void> {
    for (let i = 0; i < LOOKUPS; i++) {
      const { found } = await tell(place, { node: place.node, find: cid })

      if (found?.includes(peer) === true) {
        return
      }
    }

    throw new Error(`${peerOf(place)} does not find ${peer}, who has ${cid}`)
  }

  it('finds and downloads from 27 nodes what one stores, also when nine of them, the bootstrap node with them, are killed', async () => withTempDir(async dir => {
    const { spr } = await start({ dir: join(dir, '0'), nodes: NODES })
    await Promise.all(Array.from({ length: PROCESSES - 1 }, async (_, i) => start({ dir: join(dir, `${i + 1}`), nodes: NODES, server: SERVER, bootstrap: spr })))
    expect(places()).to.have.lengthOf(27)

    await expectEverywhere(await store(join(dir, 'one'), { part: parts[2], node: SERVER }))

    const stored = await store(join(dir, 'two'), { part: parts[4], node: SERVER })
    await expectFound({ part: parts[8], node: 0 }, stored)
    await kill(parts.filter((_, i) => i % 3 === 0))
    parts = parts.filter((_, i) => i % 3 !== 0)
    expect(places()).to.have.lengthOf(18)
    await expectEverywhere(stored)
  }))
})
