import { openSync, writeSync } from 'node:fs'
import { formatCid } from '../../../src/dataset/codecs.ts'
import { hasher } from '../../../src/hasher/node.ts'
import { say, withNode } from './node.ts'
import type { Job } from './node.ts'
import type { Hasher } from '../../../src/index.ts'

export interface PrefetchInput extends Job {
  /** Of the tree. */
  root: string
  blockSize: number
  /** Gets a byte for each block whose bytes are hashed, before they are. */
  hashedFile: string
  /** Gets the index of each block that was verified, a line an index. */
  verifiedFile: string
}

/** Said after each batch, and when all is here. */
export interface Prefetched {
  /** Blocks that this process got of peers. */
  fetched: number
  done: boolean
}

/**
 * Fetches all that is not here. What it verifies is written to files at once, by calls that return when the system has
 * it: nothing of it is lost when the process is killed.
 */
export async function prefetch ({ dataDir, peers, cid, root, blockSize, hashedFile, verifiedFile }: PrefetchInput): Promise<void> {
  const hashed = openSync(hashedFile, 'a')
  const indices = openSync(verifiedFile, 'a')
  const counting: Hasher = {
    digest (bytes) {
      if (bytes.byteLength === blockSize) {
        writeSync(hashed, '.')
      }

      return hasher.digest(bytes)
    },
    digestNode: bytes => hasher.digestNode(bytes)
  }
  let fetched = 0
  const tell = (prefetched: Prefetched): void => { say(prefetched) }

  await withNode({ dataDir, peers, hasher: counting }, async ({ codex }) => {
    codex.addEventListener('codex:blocks:verified', ({ detail }) => {
      if (formatCid(detail.root) === root) {
        writeSync(indices, detail.indices.map(index => `${index}\n`).join(''))
      }
    })

    for await (const { blocks } of codex.prefetch(cid)) {
      fetched = blocks.fromPeers
      tell({ fetched, done: false })
    }

    tell({ fetched, done: true })
  })
}
