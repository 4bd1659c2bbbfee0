import { createHash } from 'node:crypto'
import { RecoveryError } from '../../../src/errors.ts'
import { peakBytes, say, withNode } from './node.ts'
import type { Job } from './node.ts'
import type { DownloadOptions } from '../../../src/index.ts'

export interface DownloadInput extends Job {
  options?: Pick<DownloadOptions, 'offset' | 'length' | 'offline' | 'stallTimeout'>
}

export interface Downloaded {
  sha256: string
  bytes: number
  milliseconds: number
  peakBytes: number
  /** Blocks recovered from parity. */
  recovered: number
  /** Set where a group of a protected file has too few blocks left. */
  failure?: Pick<RecoveryError, 'name' | 'group' | 'missing'>
}

/** Reads a file, or a part of it, and keeps it. */
export async function download ({ dataDir, peers, cid, options }: DownloadInput): Promise<void> {
  await withNode({ dataDir, peers }, async ({ codex }) => {
    const hash = createHash('sha256')
    const download = codex.download(cid, options)
    const started = performance.now()
    let failure: Downloaded['failure']

    try {
      for await (const bytes of download) {
        hash.update(bytes)
      }
    } catch (err) {
      failure = failureOf(err)
    }

    const { bytes, blocks: { recovered } } = download.progress
    const downloaded: Downloaded = { sha256: hash.digest('hex'), bytes, milliseconds: performance.now() - started, peakBytes: peakBytes(), recovered, failure }
    say(downloaded)
  })
}

function failureOf (err: unknown): Downloaded['failure'] {
  if (!(err instanceof RecoveryError)) {
    throw err
  }

  const { name, group, missing } = err

  return { name, group, missing }
}
