/** Makes every missing block of a protected dataset again. */
import { RangeSet } from './dataset/ranges.ts'
import { shapeOf } from './dataset/verify.ts'
import { ErasureLayout } from './erasure/layout.ts'
import { InvalidParametersError } from './errors.ts'
import { openRecovery } from './protected-retrieval.ts'
import { retrieve } from './retrieval.ts'
import type { RetrievalOptions, RetrievalParts } from './retrieval.ts'
import type { CID } from 'multiformats/cid'

/**
 * Afterwards every block of the dataset, parity included, is in the local store. Gives how many were made again; what
 * others had was fetched.
 *
 * @throws {InvalidParametersError} for a dataset without parity that can be undone
 * @throws {RecoveryError} when a group has too few blocks left; what was repaired before stays
 * @throws what a download fails with
 */
export async function repair (cid: CID, parts: RetrievalParts, options: RetrievalOptions): Promise<number> {
  const retrieved = await retrieve(cid, parts, options)
  const { manifest } = retrieved
  let repaired = 0
  const recovery = await openRecovery(cid, retrieved, parts, options, { repairs: true, recovered: ({ length }) => { repaired += length } })
  const layout = manifest == null ? undefined : ErasureLayout.of(manifest)

  if (recovery == null || manifest == null || layout == null) {
    throw new InvalidParametersError(`${cid.toString()} has no parity to repair it with`)
  }

  const abort = (): void => { recovery.abort(options.signal.reason) }
  options.signal.addEventListener('abort', abort)
  const tree = await parts.local.tree(shapeOf(manifest))

  try {
    const missing = new RangeSet([{ start: 0, end: layout.blocks }]);
    (await tree.presentIn({ start: 0, end: layout.blocks })).forEach(range => { missing.delete(range) })

    for (const { start, end } of missing.ranges()) {
      for (let index = start; index < end; index++) {
        options.signal.throwIfAborted()
        await (tree.has(index) ? undefined : recovery.recover(index))
      }
    }
  } finally {
    options.signal.removeEventListener('abort', abort)
    tree.release()
    await recovery.close()
  }

  if (parts.serve) {
    void parts.engine.provide(cid)
    void parts.engine.provide(manifest.treeCid)
  }

  return repaired
}
