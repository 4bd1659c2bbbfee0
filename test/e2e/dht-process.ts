/**
 * A process with some nodes of a DHT, told what to do by the one that forked it: `dht-process.js <options as JSON>`. Ends
 * with it.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { formatCid, parseCid } from '../../src/dataset/codecs.ts'
import { createNode } from '../../src/node/index.ts'
import type { CodexNode } from '../../src/node/index.ts'

export interface ProcessOptions {
  dir: string
  nodes: number
  /** The node that serves what it has: it alone can be found, by those who do not announce what they download. */
  server?: number
  /** None for the process with the first node. */
  bootstrap?: string
}

/** The first answer: who the nodes are. */
export interface Started {
  spr: string
  peers: string[]
}

export type Command = { node: number, store: string } | { node: number, find: string } | { node: number, get: string }

/** `store` has a CID, `find` the peers that are known to have it, `get` the sha256 of the bytes. */
export interface Answer {
  cid?: string
  found?: string[]
  sha256?: string
  error?: string
}

/** Many processes share what may be a slow machine. */
const STALL_MS = 120_000
const nodes: CodexNode[] = []
const { dir, nodes: count, server, bootstrap }: ProcessOptions = JSON.parse(process.argv[2])
process.on('disconnect', () => { process.exit() })

while (nodes.length < count) {
  const known = bootstrap ?? nodes[0]?.spr()
  nodes.push(await createNode({
    dataDir: join(dir, `${nodes.length}`),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    serve: nodes.length === server,
    ...known == null ? { discoveryPort: 0 } : { bootstrap: [known] }
  }))
}

process.on('message', (command: Command) => {
  answer(command).catch((err: Error): Answer => ({ error: `${err.name}: ${err.message}` })).then(answer => process.send?.(answer))
})
process.send?.({ spr: nodes[0].spr(), peers: nodes.map(({ libp2p }) => libp2p.peerId.toString()) })

async function answer (command: Command): Promise<Answer> {
  const { codex, findProviders } = nodes[command.node]

  if ('store' in command) {
    return { cid: formatCid(await codex.store(createReadStream(command.store))) }
  }

  if ('find' in command) {
    const found = await Array.fromAsync(findProviders(parseCid(command.find)))

    return { found: found.map(provider => 'multiaddrs' in provider ? provider.id.toString() : provider.toString()) }
  }

  const hash = createHash('sha256')

  for await (const bytes of codex.download(command.get, { stallTimeout: STALL_MS })) {
    hash.update(bytes)
  }

  return { sha256: hash.digest('hex') }
}
