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

/** The first block from `from`, below `end`, that a candidate `mayHave`; -1 where there is none. */
export function nextHad ({ dataset: { have, absent, likely }, buys }: Candidate, from: number, end: number): number {
  const had = have.nextSet(from, end)
  const guessed = likely && buys === true ? absent.nextClear(from, end) : -1

  return had === -1 || guessed === -1 ? Math.max(had, guessed) : Math.min(had, guessed)
}

/** The first block from `from`, below `end`, that it is not taken to have; -1 where there is none. */
export function nextLacked (candidate: Candidate, from: number, end: number): number {
  const { have, absent } = candidate.dataset
  let index = have.nextClear(from, end)

  while (index !== -1 && mayHave(candidate, index)) {
    const at = absent.nextSet(index, end)
    index = at === -1 ? -1 : have.nextClear(at, end)
  }

  return index
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
