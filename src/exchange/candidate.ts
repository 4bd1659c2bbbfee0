import type { PeerDataset, Peer } from './peer-admin.ts'

/** A linked peer, as one session may use it. */
export interface Candidate {
  peer: Peer
  dataset: PeerDataset
  /** The policy accepts its price; undefined while the price is not known and matters. */
  buys?: boolean
}

/** Whether the peer said that it has a block, or is expected to and may be asked without. */
export function mayHave ({ dataset, buys }: Candidate, index: number): boolean {
  return dataset.have.get(index) || (dataset.likely && buys === true && !dataset.absent.get(index))
}
