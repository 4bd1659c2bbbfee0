/** Sessions and peers for the tests of decisions: no network, no clock. */
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { treeCid } from '../../src/dataset/codecs.ts'
import { RangeSet } from '../../src/dataset/ranges.ts'
import { Peer } from '../../src/exchange/peer-admin.ts'
import { Session } from '../../src/exchange/session.ts'
import type { Candidate } from '../../src/exchange/candidate.ts'
import type { PeerLink } from '../../src/exchange/peer-link.ts'
import type { PlanContext } from '../../src/exchange/plan.ts'
import type { Interest } from '../../src/exchange/session.ts'

export const BLOCK = 65_536

export function newSession (leaves: number): Session {
  return new Session({ shape: { root: treeCid(new Uint8Array(32)), leaves, blockSize: BLOCK }, names: [], likely: [] }, 'tree', 1_000)
}

export interface TestInterest extends Interest {
  waitingFor?: number
  stallsAt?: number
  error?: Error
}

export function newInterest (session: Session, start: number, end: number, more: Partial<TestInterest> = {}): TestInterest {
  const interest: TestInterest = {
    wanted: new RangeSet([{ start, end }]),
    horizon: session.shape.leaves,
    order: 'sequential',
    reads: true,
    store: true,
    patience: 30_000,
    providers: [],
    arrived () {},
    failed (error) { interest.error = error },
    ...more
  }
  session.interests.add(interest)

  return interest
}

/** A linked peer that was asked about everything and has `have`. */
export function newCandidate (session: Session, id: string, have: Array<[number, number]>, more: Partial<Candidate> = {}): Candidate {
  const peer = new Peer(id, DEFAULT_LIMITS)
  peer.link = { peer: id, features: { ranges: false, refusals: false, price: true } } as PeerLink
  const dataset = peer.dataset(session.key, session.shape)
  dataset.ask({ start: 0, end: session.shape.leaves }, 0)
  dataset.answered([], [{ start: 0, end: session.shape.leaves }], 0n)
  dataset.answered(have.map(([start, end]) => ({ start, end })), [], 0n)
  session.members.add(peer)

  return { peer, dataset, buys: true, ...more }
}

/** A peer that delivers `rate` bytes a millisecond after `rtt` milliseconds, as far as is known. */
export function known (candidate: Candidate, rtt: number, rate: number, window = 64 * BLOCK): Candidate {
  candidate.peer.pace.rtt = rtt
  candidate.peer.pace.rate = rate
  candidate.peer.pace.window = window

  return candidate
}

export function context (more: Partial<PlanContext> = {}): PlanContext {
  return { now: 100_000, random: () => 0.99, limits: DEFAULT_LIMITS, room: 1e9, reserved: () => 0, accepts: () => true, ...more }
}
