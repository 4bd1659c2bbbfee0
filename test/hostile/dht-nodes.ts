/** Nodes of a DHT over UDP on loopback, in a process of their own. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { parseCid } from '../../src/dataset/codecs.ts'
import { codexDiscovery, udpSocket } from '../../src/dht/index.ts'
import { play } from './role.ts'
import type { CodexDiscovery } from '../../src/dht/index.ts'

export interface NodesInit {
  nodes: number
  bootstrap: string[]
}

/** Of the first node. */
export interface NodeHealth {
  /** Bytes in use, once what is garbage was collected. */
  heap: number
  /** Bytes that the process has, and had at most. */
  memory: number
  peakMemory: number
  /** Sizes of what grows, and what became of the datagrams. */
  stats: Record<string, number>
}

const nodes: CodexDiscovery[] = []

play({
  /** Gives the record of the first. */
  async start ({ nodes: count, bootstrap }: NodesInit): Promise<string> {
    while (nodes.length < count) {
      const node = await codexDiscovery({
        bootstrap,
        privateKey: await generateKeyPair('secp256k1'),
        socket: udpSocket({ host: '127.0.0.1' }),
        addresses: () => [multiaddr('/ip4/127.0.0.1/tcp/8070')],
        datastore: new MemoryDatastore()
      })
      await node.start()
      nodes.push(node)
    }

    return nodes[0].spr
  },

  /** Has the last announce it. */
  provide: async (cid: string): Promise<void> => nodes[nodes.length - 1].provide(parseCid(cid)),

  /** How many providers the first finds. */
  async find (cid: string): Promise<number> {
    return (await Array.fromAsync(nodes[0].find(parseCid(cid)))).length
  },

  health (): NodeHealth {
    globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()

    return { heap: heapUsed, memory: rss, peakMemory: process.resourceUsage().maxRSS * 1024, stats: nodes[0].stats() }
  }
}, async () => {
  await Promise.all(nodes.map(async node => node.stop()))
})
