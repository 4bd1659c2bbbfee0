/** An honest peer: downloads a file, once or over and over, and says how that went. */
import { createHash } from 'node:crypto'
import { createNode } from '../../src/node/index.ts'
import { play } from './role.ts'
import type { CodexNode } from '../../src/node/index.ts'

export interface Downloaded {
  sha256: string
  bytes: number
  /** From the call to the last byte. */
  milliseconds: number
  /** The downloader's id. */
  peer: string
}

interface Source {
  cid: string
  address: string
}

let node: CodexNode | undefined

async function download ({ dataDir, ...source }: Source & { dataDir: string }): Promise<Downloaded> {
  node = await createNode({ dataDir, listen: [], peers: [source.address] })

  return read(node, source)
}

/** Downloads until the process ends. */
async function goOn ({ dataDir, ...source }: Source & { dataDir: string }): Promise<void> {
  const running = node = await createNode({ dataDir, listen: [], peers: [source.address] })
  const again = async (): Promise<void> => {
    await read(running, source)
    await again()
  }

  again().catch(() => {})
}

async function read (node: CodexNode, { cid }: Source): Promise<Downloaded> {
  const startedAt = performance.now()
  const hash = createHash('sha256')
  let bytes = 0

  for await (const chunk of node.codex.download(cid, { store: false })) {
    hash.update(chunk)
    bytes += chunk.byteLength
  }

  return { sha256: hash.digest('hex'), bytes, milliseconds: performance.now() - startedAt, peer: node.libp2p.peerId.toString() }
}

play({ download, goOn }, async () => node?.stop())
