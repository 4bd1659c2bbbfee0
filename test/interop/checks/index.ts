import { checkBlockexcMessages } from './blockexc-messages.ts'
import { checkDhtCapture } from './dht-capture.ts'
import { checkDht } from './dht.ts'
import { checkErasure } from './erasure.ts'
import { checkLeopard } from './leopard.ts'
import { checkManifests } from './manifests.ts'
import { checkMerkleTrees } from './merkle-trees.ts'
import { checkSprs } from './spr.ts'

/** Runs every check on the content of a file; gives their number, throws at the first that fails. */
export type VectorCheck = (json: unknown) => number | Promise<number>

/** The checks by the name of the file that they read. */
export const CHECKS: Record<string, VectorCheck> = {
  'blockexc_messages.json': checkBlockexcMessages,
  'manifests.json': checkManifests,
  'merkletrees.json': checkMerkleTrees,
  'erasure.json': checkErasure,
  'leopard.json': checkLeopard,
  'spr.json': checkSprs,
  'dht.json': checkDht,
  'dht_capture.json': checkDhtCapture
}
