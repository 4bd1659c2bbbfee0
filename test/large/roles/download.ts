import { createHash } from 'node:crypto'
import { peakBytes, say, withNode } from './node.ts'
import type { Job } from './node.ts'
import type { DownloadOptions } from '../../../src/index.ts'

export interface DownloadInput extends Job {
  options?: Pick<DownloadOptions, 'offset' | 'length' | 'offline'>
}

export interface Downloaded {
  sha256: string
  bytes: number
  milliseconds: number
  peakBytes: number
}

/** Reads a file, or a part of it, and keeps it. */
export async function download ({ dataDir, peers, cid, options }: DownloadInput): Promise<void> {
  await withNode({ dataDir, peers }, async ({ codex }) => {
    const hash = createHash('sha256')
    const download = codex.download(cid, options)

    for await (const bytes of download) {
      hash.update(bytes)
    }

    const { bytes, milliseconds } = await download.done
    const downloaded: Downloaded = { sha256: hash.digest('hex'), bytes, milliseconds, peakBytes: peakBytes() }
    say(downloaded)
  })
}
