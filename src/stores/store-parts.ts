import type { Activity } from './activity.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Records } from './records.ts'
import type { SharedBlocks } from './shared-blocks.ts'
import type { Hasher } from '../dataset/hasher.ts'

/** What the parts of one local store share. */
export interface StoreParts {
  readonly activity: Activity
  readonly records: Records
  readonly commits: CommitQueue
  readonly blocks: SharedBlocks
  readonly hasher: Hasher
  /** Tree pages in memory, a dataset. */
  readonly maxPages: number
  /** An id that nothing is kept under. */
  freshId (): Promise<string>
}
