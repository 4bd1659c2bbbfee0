/** The bytes by this library: from a store in memory, downloaded without being kept. */
import { multiaddr } from '@multiformats/multiaddr'
import { createCodex } from '../../src/index.ts'
import { libp2pTransport } from '../../src/libp2p/index.ts'
import { contentChunks, seededContent } from '../../src/testing/corpus.ts'
import { startNode, STACKS } from './stacks.ts'
import type { Contender } from './contender.ts'
import type { StackName } from './stacks.ts'
import type { Codex } from '../../src/index.ts'

export function ours (stack: StackName): Contender {
  return {
    async seed (size) {
      const libp2p = await startNode(STACKS[stack]())
      const codex = createCodex({ transport: libp2pTransport(libp2p) }, { memoryStoreBytes: 2 * size })
      await codex.start()
      const cid = await codex.store(contentChunks(seededContent(1), size))

      return { address: libp2p.getMultiaddrs()[0].toString(), cid: cid.toString() }
    },

    async connect ({ address, cid }) {
      const libp2p = await startNode(STACKS[stack]())
      const codex = createCodex({ transport: libp2pTransport(libp2p) })
      await codex.start()
      await libp2p.dial(multiaddr(address))
      await connected(codex)

      return async took => {
        for await (const bytes of codex.download(cid, { store: false })) {
          took(bytes.byteLength)
        }

        return { duplicates: duplicatesOf(codex) }
      }
    }
  }
}

/** Resolves when a peer is known to speak the protocol. */
export async function connected (codex: Codex): Promise<void> {
  while (codex.peers().length === 0) {
    await new Promise(resolve => { setTimeout(resolve, 5) })
  }
}

/** Share of the bytes that came more than once. */
export function duplicatesOf (codex: Codex): number {
  const { used, duplicate } = codex.stats()

  return duplicate.bytes / (duplicate.bytes + used.bytes)
}
