/** The process that is attacked: seeds one file, and says what that costs it. */
import { createHash } from 'node:crypto'
import { createNode } from '../../src/node/index.ts'
import { seededContent } from '../../src/testing/corpus.ts'
import { play } from './role.ts'
import type { CodexNode } from '../../src/node/index.ts'

export interface Seeded {
  cid: string
  treeCid: string
  address: string
  sha256: string
}

export interface Health {
  /** Bytes: the most that the process had in memory so far. */
  peakMemory: number
  /** What each peer was served, and what all were from its first block to its last. */
  served: Record<string, { bytes: number, meanwhile: number }>
  connections: number
  /** Entries of every internal map. */
  sizes: Record<string, number>
  /** Peers that were left alone, and why. */
  bans: Record<string, number>
}

const served = new Map<string, { bytes: number, before: number, after: number }>()
let total = 0
const bans: Record<string, number> = {}
let node: CodexNode | undefined

async function seed ({ dataDir, bytes }: { dataDir: string, bytes: number }): Promise<Seeded> {
  node = await createNode({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
  node.codex.addEventListener('codex:blocks:served', ({ detail: { peer, bytes } }) => {
    const own = served.get(peer) ?? { bytes: 0, before: total, after: 0 }
    total += bytes
    served.set(peer, { bytes: own.bytes + bytes, before: own.before, after: total })
  })
  node.codex.addEventListener('codex:peer:ban', ({ detail: { error } }) => {
    bans[error.message] = (bans[error.message] ?? 0) + 1
  })
  const content = seededContent(1)
  const hash = createHash('sha256')
  const cid = await node.codex.store(function * () {
    for (let at = 0; at < bytes; at += 1024 * 1024) {
      const chunk = content(Math.min(1024 * 1024, bytes - at), at)
      hash.update(chunk)
      yield chunk
    }
  }())
  const { treeCid } = await node.codex.manifest(cid)

  return { cid: cid.toString(), treeCid: treeCid.toString(), address: node.addresses()[0].toString(), sha256: hash.digest('hex') }
}

function health (): Health {
  if (node == null) {
    throw new Error('nothing is seeded')
  }

  return {
    peakMemory: process.resourceUsage().maxRSS * 1024,
    served: Object.fromEntries([...served].map(([peer, { bytes, before, after }]) => [peer, { bytes, meanwhile: after - before }])),
    connections: node.libp2p.getConnections().length,
    sizes: node.codex.stats().sizes,
    bans
  }
}

play({ seed, health }, async () => node?.stop())
