/**
 * Which requests hold a reader up, and which blocks come late. Pure.
 */
import { indicesOf } from '../dataset/ranges.ts'
import { mayHave } from './candidate.ts'
import type { Candidate } from './candidate.ts'
import type { Peer } from './peer-admin.ts'
import type { Interest, Request, Session } from './session.ts'

/** A block is held up when it takes this many times as long as expected, and this many milliseconds more. */
const OVERDUE = { times: 2, more: 50 }

/** When a request is overdue, in the clock's milliseconds. */
export function overdueFrom ({ sentAt, expectedAt }: Request): number {
  return sentAt + OVERDUE.times * (expectedAt - sentAt) + OVERDUE.more
}

/** What is on its way and holds an interest up: what its reader waits for and what comes next; or, once all is asked for, the last. */
export function * holdingUp ({ flights, intake }: Session, { waitingFor, wanted }: Interest, isAllAsked: boolean): Generator<number> {
  for (let index = waitingFor; index != null && (flights.has(index) || intake.has(index)); index++) {
    yield index
  }

  if (waitingFor == null && isAllAsked) {
    yield * indicesOf(wanted)
  }
}

/** Whether its peer sent a part of what it was asked for later: what is left of it does not come. */
export function isPassedOver ({ requests }: Session, { peer, sentAt }: Request): boolean {
  return [...requests].some(other => other.peer === peer && other.sentAt > sentAt && other.left < other.end - other.start)
}

/** A block is late when it takes so many times as long as so many blocks of others do, and so many milliseconds more. */
const LATE = { times: 2, blocks: 20, ms: 100 }

/**
 * Whether a block comes so late that as many blocks as recovery takes would be here before, of peers that have not got it
 * and deliver what they have.
 */
export function isLate (session: Session, index: number, candidates: Candidate[], now: number): boolean {
  const { flights, shape: { blockSize } } = session
  const asked = flights.get(index) ?? []
  const etas = asked.length > 0
    ? [Infinity, ...inTime(session, asked, now).map(({ expectedAt }) => expectedAt - now)]
    : candidates.filter(candidate => candidate.buys === true && mayHave(candidate, index)).map(({ peer }) => peer.pace.expected(peer.queued, blockSize))
  const eta = etas.length === 0 ? 0 : Math.min(...etas)

  return candidates.some(candidate => {
    const { peer, buys } = candidate
    const isOther = buys === true && !mayHave(candidate, index) && !asked.some(request => request.peer === peer) && delivers(peer, session)

    return isOther && eta > LATE.times * peer.pace.expected(peer.queued, LATE.blocks * blockSize) + LATE.ms
  })
}

/** Whether a block that is asked for is expected about now. */
export function isSoon (session: Session, asked: readonly Request[], now: number): boolean {
  return inTime(session, asked, now).some(({ expectedAt }) => expectedAt - now < LATE.ms)
}

/** Requests for a block that are not overdue; where others are, those of peers that deliver. */
function inTime (session: Session, asked: readonly Request[], now: number): Request[] {
  const inTime = asked.filter(request => overdueFrom(request) > now)

  return inTime.length === asked.length ? inTime : inTime.filter(({ peer }) => delivers(peer, session))
}

/** Whether a peer has some of the dataset, and has delivered and failed nothing since. */
function delivers ({ counters, failures, datasets }: Peer, { key }: Session): boolean {
  return counters.used > 0 && failures === 0 && (datasets.get(key)?.have.count ?? 0) > 0
}
