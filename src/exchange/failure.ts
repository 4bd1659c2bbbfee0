/**
 * Why a download that cannot go on failed, in an error that names what is missing and what was tried.
 */
import { formatCid } from '../dataset/codecs.ts'
import { NotFoundError, StallError, TooExpensiveError } from '../errors.ts'
import type { Candidate } from './candidate.ts'
import type { Interest, Session } from './session.ts'

/** The error for a reader that waited `waited` milliseconds. */
export function failureOf (session: Session, interest: Interest, candidates: Candidate[], waited: number): Error {
  const index = interest.waitingFor ?? interest.wanted.first ?? 0
  const { root, leaves } = session.shape
  const what = leaves === 1 ? formatCid(root) : `block ${index} of ${formatCid(root)}`
  const context = { cid: root, index, errors: [...session.errors] }
  const having = candidates.filter(({ dataset }) => dataset.have.get(index))

  if (having.length === 0) {
    return new NotFoundError(`nobody found has ${what}: ${count(candidates.length, 'peer')} asked, ` +
      `${count(session.lookups.ended, 'lookup')} made, no verified byte in ${waited} ms`, context)
  }

  const prices = having.filter(({ buys }) => buys === false).map(({ dataset }) => dataset.price ?? 0n)

  if (prices.length === having.length) {
    return tooExpensive(session, index, prices.reduce((a, b) => a < b ? a : b))
  }

  return new StallError(`${count(having.length, 'peer')} said to have ${what}, but no verified byte came in ${waited} ms`,
    { ...context, peer: having[0].peer.id })
}

/** The error for a block that is too dear wherever it is had. */
export function tooExpensive (session: Session, index: number, bestPrice: bigint): TooExpensiveError {
  return new TooExpensiveError(`every peer that has block ${index} of ${formatCid(session.shape.root)} asks more than the ` +
    `policy accepts; the best price is ${bestPrice} a block`, bestPrice, { cid: session.shape.root, index })
}

function count (n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
