import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { formatCid } from '../../../src/dataset/codecs.ts'
import { peakBytes, say, withNode } from './node.ts'
import type { Job } from './node.ts'

export interface NapInput extends Job {
  /** Of the tree. */
  root: string
  /** Blocks that the reader takes before each nap. */
  takes: number[]
  /** Milliseconds of a nap. */
  nap: number
}

/** Said after each nap; all in blocks, but for the bytes. */
export interface Napped {
  taken: number
  /** Requested of peers or here, and not taken by the reader: now, and the most at any time. */
  ahead: number
  mostAhead: number
  readAheadBytes: number
  peakBytes: number
}

/** Takes a few blocks, sleeps, takes a few more. After each nap it waits until it is told to go on. */
export async function nap ({ dataDir, peers, cid, root, takes, nap }: NapInput): Promise<void> {
  await withNode({ dataDir, peers }, async ({ codex }) => {
    const requested = new Set<number>()
    let taken = 0
    let mostAhead = 0
    codex.addEventListener('codex:blocks:request', ({ detail }) => {
      if (formatCid(detail.root) !== root) {
        return
      }

      for (let index = detail.start; index < detail.end; index++) {
        requested.add(index)
      }

      mostAhead = Math.max(mostAhead, requested.size - taken)
    })

    const reader = codex.download(cid)[Symbol.asyncIterator]()

    for (const take of takes) {
      for (const end = taken + take; taken < end; taken++) {
        await reader.next()
      }

      await delay(nap)
      const napped: Napped = {
        taken,
        ahead: requested.size - taken,
        mostAhead,
        readAheadBytes: codex.limits.readAheadBytes,
        peakBytes: peakBytes()
      }
      say(napped)
      await once(process, 'message')
    }

    await reader.return?.()
  })
}
