import { checkBlockexcMessages } from './blockexc-messages.ts'
import { checkErasure } from './erasure.ts'
import { checkManifests } from './manifests.ts'
import { checkMerkleTrees } from './merkle-trees.ts'

/** Runs every check on the content of a file; gives their number, throws at the first that fails. */
export type VectorCheck = (json: unknown) => number | Promise<number>

/** The checks by the name of the file that they read. */
export const CHECKS: Record<string, VectorCheck> = {
  'blockexc_messages.json': checkBlockexcMessages,
  'manifests.json': checkManifests,
  'merkletrees.json': checkMerkleTrees,
  'erasure.json': checkErasure
}
