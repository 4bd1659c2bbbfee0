/** The bytes by this library, from one data directory to another: what `createNode` makes, over noise and mplex. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { createCodex } from '../../src/index.ts'
import { libp2pTransport } from '../../src/libp2p/index.ts'
import { openDataDir } from '../../src/node/data-dir.ts'
import { contentChunks, seededContent } from '../../src/testing/corpus.ts'
import { connected, duplicatesOf } from './ours.ts'
import { startNode, STACKS } from './stacks.ts'
import type { Contender } from './contender.ts'
import type { Codex } from '../../src/index.ts'
import type { Libp2p } from '@libp2p/interface'

/** `keeps` says whether the downloader keeps what comes. */
export function oursOnDisk (keeps: boolean): Contender {
  return {
    async seed (size) {
      const { codex, libp2p } = await start()
      const cid = await codex.store(contentChunks(seededContent(1), size))

      return { address: libp2p.getMultiaddrs()[0].toString(), cid: cid.toString() }
    },

    async connect ({ address, cid }) {
      const { codex, libp2p } = await start()
      await libp2p.dial(multiaddr(address))
      await connected(codex)

      return async took => {
        for await (const bytes of codex.download(cid, { store: keeps })) {
          took(bytes.byteLength)
        }

        return { duplicates: duplicatesOf(codex) }
      }
    }
  }
}

/** As `createNode` does, but that the network is chosen: two of its nodes would speak yamux. */
async function start (): Promise<{ codex: Codex, libp2p: Libp2p }> {
  const { blockstore, datastore } = await openDataDir(await scratchDir())
  const libp2p = await startNode(STACKS['tuned+mplex']())
  const codex = createCodex({ transport: libp2pTransport(libp2p), blockstore, datastore })
  await codex.start()

  return { codex, libp2p }
}

/** A directory that whoever started the process deletes. */
export async function scratchDir (): Promise<string> {
  return mkdtemp(join(tmpdir(), 'data-'))
}
