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

/** Whether every peer said that it has not got a block, or says nothing though it had time to. */
export function isHadByNobody (candidates: Candidate[], index: number, now: number): boolean {
  return candidates.every(candidate => {
    const { absent, asked, askAgainAt } = candidate.dataset

    return !mayHave(candidate, index) && (absent.get(index) || (asked.has(index) && now >= askAgainAt))
  })
}
