import { createHash } from 'node:crypto'
import { peakBytes, say, withNode } from './node.ts'
import type { Job } from './node.ts'
import type { Codex } from '../../../src/index.ts'

export interface ReadersInput extends Job {
  readers: number
  /** Bytes after which the first of them aborts. */
  abortAfter: number
}

export interface ReadersFigures {
  /** Of all readers but the first. */
  sha256: string[]
  /** What the first reader's download ended with. */
  aborted: string
  milliseconds: number
  peakBytes: number
}

const REASON = 'enough'

/** Many readers of one file at once; the first has enough before the end. */
export async function readers ({ dataDir, peers, cid, readers, abortAfter }: ReadersInput): Promise<void> {
  await withNode({ dataDir, peers }, async ({ codex }) => {
    const started = performance.now()
    const [aborted, ...sha256] = await Promise.all([
      readSome(codex, cid, abortAfter),
      ...Array.from({ length: readers - 1 }, async () => readAll(codex, cid))
    ])
    const figures: ReadersFigures = { sha256, aborted, milliseconds: performance.now() - started, peakBytes: peakBytes() }
    say(figures)
  })
}

async function readAll (codex: Codex, cid: string): Promise<string> {
  const hash = createHash('sha256')

  for await (const bytes of codex.download(cid)) {
    hash.update(bytes)
  }

  return hash.digest('hex')
}

/** Resolves with the message of what its download failed with. */
async function readSome (codex: Codex, cid: string, abortAfter: number): Promise<string> {
  const download = codex.download(cid)
  let bytes = 0

  try {
    for await (const chunk of download) {
      bytes += chunk.byteLength

      if (bytes >= abortAfter) {
        download.abort(new Error(REASON))
      }
    }
  } catch (err) {
    return err instanceof Error ? err.message : String(err)
  }

  return 'nothing'
}
