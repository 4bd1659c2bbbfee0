/** Everything of a file into the local store, in the background: the next reader finds it there. */
import { rangesOf } from './dataset/ranges.ts'
import { StoreRefusedError } from './errors.ts'
import { Rate } from './progress.ts'
import { openRecovery } from './protected-retrieval.ts'
import { openSource, retrieve, sizeOf } from './retrieval.ts'
import type { Clock } from './interfaces.ts'
import type { Progress } from './progress.ts'
import type { RetrievalOptions, RetrievalParts } from './retrieval.ts'
import type { CID } from 'multiformats/cid'

/**
 * Yields how far it is after each batch, and ends when all is here. Ending the iteration ends the work.
 *
 * @throws {StoreRefusedError} when the store takes no more; what is there stays
 * @throws what a download fails with
 */
export async function * prefetch (cid: CID, selection: 'sequential' | 'rarest', parts: RetrievalParts, options: RetrievalOptions, clock: Clock): AsyncGenerator<Progress, void, undefined> {
  const { signal } = options
  const retrieved = await retrieve(cid, parts, options)
  assertTaken(cid, retrieved.refused)
  const source = await openSource(cid, retrieved, parts, options, { order: selection, reads: false })
  const rate = new Rate(clock)
  const totalBytes = sizeOf(retrieved)
  const recovered = (indices: number[]): void => {
    const wanted = indices.filter(index => source.wanted.has(index))
    source.figures.recovered += wanted.length
    source.drop(rangesOf(wanted))
  }
  const recovery = await openRecovery(cid, retrieved, parts, options, { repairs: false, recovered })
  const abort = (): void => {
    source.close(signal.reason)
    recovery?.abort(signal.reason)
  }
  signal.addEventListener('abort', abort)

  try {
    signal.throwIfAborted()
    source.want([{ start: 0, end: source.horizon }])

    for (let seen = -1, done = 0; done < source.horizon;) {
      seen = await source.progressed(seen, recovery != null)

      assertTaken(cid, source.refused)

      if (recovery != null && source.isFirstNobodys) {
        const block = await recovery.recover(source.wanted.first ?? 0)
        recovered(block == null ? [] : [block.index])
      }

      const { figures } = source
      const before = done
      done = figures.fromStore + figures.fromPeers + figures.recovered
      rate.add((done - before) * source.shape.blockSize)
      const bytes = Math.min(done * source.shape.blockSize, totalBytes ?? Infinity)

      yield {
        bytes,
        totalBytes,
        blocks: { fromStore: figures.fromStore, fromPeers: figures.fromPeers, recovered: figures.recovered },
        rate: rate.value,
        peers: source.activePeers,
        eta: totalBytes == null || rate.value === 0 ? undefined : (totalBytes - bytes) * 1000 / rate.value
      }
    }
  } finally {
    signal.removeEventListener('abort', abort)
    source.close()
    await recovery?.close()
  }
}

function assertTaken (cid: CID, cause: Error | undefined): void {
  if (cause != null) {
    throw new StoreRefusedError('the local store takes no more blocks', { cid, cause })
  }
}
