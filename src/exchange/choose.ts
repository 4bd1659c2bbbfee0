/**
 * Whom to ask for one block: the peer expected to deliver it soonest among those whose price the policy accepts. Pure.
 */
import { mayHave } from './candidate.ts'
import type { Candidate } from './candidate.ts'
import type { Peer } from './peer-admin.ts'
import type { Interest } from './session.ts'
import type { Random } from '../interfaces.ts'

export interface ChoiceContext {
  now: number
  random: Random
  /** Bytes of a block. */
  blockSize: number
  /** Share of choices that go to another peer than the best. */
  exploration: number
  /** Bytes that a plan is about to ask of a peer, beside what it was asked. */
  planned(peer: Peer): number
}

/** The one, or why there is none. */
export interface Choice {
  candidate?: Candidate
  /** Nobody that may be asked has it: others must be found. Otherwise someone is about to have room, or to answer. */
  starving?: boolean
  /** Peers that it waits for: they have it and no room. */
  waitsFor?: Peer[]
  /** When an awaited answer is given up, in the clock's milliseconds. */
  wakeAt?: number
  /** Lowest price, where the only peers that have it are too dear. */
  bestPrice?: bigint
}

/** `not`: peers that are not to be asked: they hold the block up */
export function choose (index: number, interest: Interest, candidates: Candidate[], context: ChoiceContext, not: Peer[] = []): Choice {
  const { now, random, blockSize, exploration } = context
  const having = candidates.filter(candidate => !not.includes(candidate.peer) && mayHave(candidate, index))
  const buying = having.filter(({ buys }) => buys === true)
  const awake = buying.filter(({ peer }) => peer.restUntil <= now)
  const untried = awake.filter(({ dataset }) => !dataset.failed.has(index))
  const isSecondTry = not.length > 0 || untried.length < awake.length
  const reliable = isSecondTry ? untried.filter(({ peer }) => isReliable(peer, blockSize)) : []
  const [eligible = []] = [reliable, untried, awake].filter(({ length }) => length > 0)
  const offers = eligible.map(candidate => {
    const planned = context.planned(candidate.peer)

    return {
      candidate,
      eta: candidate.peer.pace.expected(candidate.peer.queued + planned, blockSize),
      hasRoom: candidate.peer.hasRoom(planned, blockSize)
    }
  })

  if (offers.length === 0) {
    return nobody(index, candidates, having, buying, now)
  }

  const open = offers.filter(({ hasRoom }) => hasRoom)
  const waitsFor = offers.filter(({ hasRoom }) => !hasRoom).map(({ candidate }) => candidate.peer)

  if (open.length === 0) {
    return { waitsFor }
  }

  const best = open.reduce((a, b) => b.eta < a.eta ? b : a)
  const soonest = Math.min(...offers.map(({ eta }) => eta))

  if (best.eta > soonest && best.eta > neededIn(index, interest, candidates, blockSize)) {
    return { waitsFor }
  }

  if (open.length > 1 && not.length === 0 && index !== interest.waitingFor && random() < exploration) {
    return open[Math.floor(random() * open.length)]
  }

  return best
}

/** Whether a peer delivered half of what it was asked for, at least: what others failed with is not tried on who may be like them. */
function isReliable ({ counters: { asked, used }, queued }: Peer, blockSize: number): boolean {
  return used > 0 && 2 * used >= asked - queued / blockSize
}

function nobody (index: number, candidates: Candidate[], having: Candidate[], buying: Candidate[], now: number): Choice {
  const awaited = candidates.filter(({ dataset: { unanswered, askAgainAt } }) => unanswered.has(index) && now < askAgainAt)

  if (awaited.length > 0) {
    // who has left this unanswered before keeps nobody from looking for others
    return {
      starving: awaited.every(({ dataset }) => dataset.silent.has(index)),
      wakeAt: Math.min(...awaited.map(({ dataset }) => dataset.askAgainAt))
    }
  }

  const prices = having.filter(({ buys }) => buys === false).map(({ dataset }) => dataset.price ?? 0n)
  const isTooDear = buying.length === 0 && prices.length > 0 && prices.length === having.length

  return { starving: true, bestPrice: isTooDear ? prices.reduce((a, b) => b < a ? b : a) : undefined }
}

/** Milliseconds until the block is of use: its turn with a reader, or the end of a download in the background. */
function neededIn (index: number, interest: Interest, candidates: Candidate[], blockSize: number): number {
  const rate = candidates.reduce((sum, { peer }) => sum + (peer.pace.rate ?? 0), 0)
  const first = interest.waitingFor ?? interest.wanted.first ?? index
  const blocks = interest.reads ? index - first : interest.wanted.count

  return rate === 0 ? Infinity : blocks * blockSize / rate
}
