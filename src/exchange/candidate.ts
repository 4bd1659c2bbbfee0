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

/** Whether a peer let a request for this block, or its last few of whatever, go unanswered. */
export function keepsWaiting (peer: Peer, dataset: PeerDataset, index: number): boolean {
  return peer.failures > 1 || dataset.failed.has(index)
}

/** Whether every peer said that it has not got a block, says nothing, asks too much for it, or does not send it. */
export function isHadByNobody (candidates: Candidate[], index: number, now: number): boolean {
  return candidates.every(candidate => {
    const { peer, dataset, buys } = candidate
    const { absent, unanswered, askAgainAt, silent } = dataset
    const isSilent = silent.has(index) || (unanswered.has(index) && now >= askAgainAt)

    return (!mayHave(candidate, index) && (absent.get(index) || isSilent)) || buys === false || keepsWaiting(peer, dataset, index)
  })
}
