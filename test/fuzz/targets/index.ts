import { loadVectors } from '../vectors.ts'
import { datasetTargets } from './dataset.ts'
import { dhtTargets } from './dht.ts'
import { framingTarget } from './framing.ts'
import { messageTargets } from './message.ts'
import { storeTargets } from './store.ts'
import type { AsyncTarget, Target } from '../target.ts'

const FILES = ['manifests.json', 'erasure.json', 'merkletrees.json', 'blockexc_messages.json', 'spr.json', 'dht_capture.json']

/** Everything that reads bytes that others wrote. `folder` has the vectors. */
export async function allTargets (folder: string): Promise<Array<Target | AsyncTarget>> {
  const vectors = await loadVectors(folder, FILES)

  return [
    ...datasetTargets(vectors),
    framingTarget(vectors),
    ...messageTargets(vectors),
    ...await storeTargets(),
    ...await dhtTargets(vectors)
  ]
}
