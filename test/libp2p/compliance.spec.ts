import { libp2pTransport } from '../../src/libp2p/index.ts'
import { transportCompliance } from '../../src/testing/index.ts'
import { disconnect, STACKS, startNode } from './nodes.ts'
import type { StackName } from './nodes.ts'
import type { Transport } from '../../src/interfaces.ts'
import type { TransportPair } from '../../src/testing/index.ts'
import type { Libp2p } from '@libp2p/interface'

interface Libp2pPair extends TransportPair {
  nodes: Libp2p[]
}

for (const stack of Object.keys(STACKS) as StackName[]) {
  describe(`libp2p transport over ${stack}`, () => {
    transportCompliance({
      setup: async (): Promise<Libp2pPair> => {
        const nodes = await Promise.all([startNode(stack), startNode(stack)])
        const [a, b]: Transport[] = nodes.map(node => libp2pTransport(node))

        return { a, b, nodes, disconnect: async () => disconnect(nodes[0], nodes[1]) }
      },
      teardown: async pair => {
        await Promise.all((pair as Libp2pPair).nodes.map(async node => node.stop()))
      }
    })
  })
}
