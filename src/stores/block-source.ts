import type { IndexRange } from '../dataset/ranges.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'

/**
 * Where a block stands: in the local store or held; on its way, in about so many milliseconds; on its way of peers that keep
 * it longer than they should while others deliver; or had by nobody that is known. The last two are states to plan from, not
 * failures.
 */
export type Outlook = { state: 'here' } | { state: 'coming', eta: number } | { state: 'late' } | { state: 'nobody' }

/** Verified blocks of one dataset, wherever they come from. What streams see. One reader. */
export interface BlockSource {
  readonly shape: DatasetShape
  /** Bytes that the reader may want ahead of its cursor now. Changes as other readers come and go. */
  readonly window: number
  /** Wants blocks from now on, in their order. Returns at once. */
  want(ranges: IndexRange[]): void
  /** Wants them no more. */
  drop(ranges: IndexRange[]): void
  /**
   * The blocks from `cursor` on that are here, as many as fit `maxBytes` and at least one; waits for the first. They
   * are handed over: the source holds them no more. May be asked for several blocks at the same time. With `giveUp` none, as soon as it is known that nobody has the first, that
   * it is late, or that it is wanted no more.
   *
   * @throws {NotFoundError} nobody has it, or it is not here and the source is offline
   * @throws {StallError} no verified byte came for as long as its reader would wait
   * @throws {TooExpensiveError} whoever has it asks too much
   * @throws {InvalidDatasetError} the dataset contradicts itself
   * @throws {NotRunningError} the node was stopped
   */
  next(cursor: number, maxBytes: number, giveUp?: boolean): Promise<VerifiedBlock[]>
  outlook(index: number): Outlook
  /**
   * Resolves as soon as something came or failed since `seen`, with what to give next time; with `giveUp` also when nobody
   * has what is wanted first, or something is late. Throws what `next` throws.
   */
  progressed(seen: number, giveUp?: boolean): Promise<number>
  /** Ends it: what it wanted is cancelled, what it held is let go, and a waiting `next` rejects with `reason`. */
  close(reason?: unknown): void
}
