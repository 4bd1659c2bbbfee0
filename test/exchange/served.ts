/** A node that serves, for tests of what it says and sends. */
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { BLOCK, seed } from '../api/network.ts'
import type { PeerLink } from '../../src/exchange/peer-link.ts'
import type { NodeOptions, TestFile, TestNetwork, TestNode } from '../api/network.ts'
import type { ScriptedPeer } from '../api/scripted-peer.ts'
import type { CID } from 'multiformats/cid'

interface Served {
  server: TestNode
  file: TestFile
  root: CID
  client: ScriptedPeer
  link: PeerLink
}

/** A node with a file, and a peer without an engine that is connected to it. */
export async function served (net: TestNetwork, blocks = 100, options: NodeOptions = {}): Promise<Served> {
  const server = await net.add(options)
  const file = await seed(server, blocks * BLOCK)
  const { treeCid } = await server.codex.manifest(file.cid, { offline: true })
  const client = await net.script()
  const link = await client.connect(server.transport)

  return { server, file, root: treeCid, client, link }
}

export function indicesOf (client: ScriptedPeer): number[] {
  return client.deliveries.flat().map(({ index }) => index)
}

/** CIDs of blocks that nobody has. */
export function unknown (count: number): CID[] {
  return Array.from({ length: count }, (_, i) => blockCid(hasher.digest(new Uint8Array([i & 255, i >> 8])) as Uint8Array))
}
