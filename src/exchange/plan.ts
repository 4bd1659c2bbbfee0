/**
 * What to do next for one dataset. Pure: it reads the session and the peers and changes neither, so that every decision
 * can be tested without a clock or a network. In order: take back what nobody wants, ask who has what will be wanted,
 * request what is wanted of the peer expected to deliver it soonest, ask a second peer for what holds a reader up, and
 * look for more peers when nobody can help.
 */
import { mayHave } from './candidate.ts'
import { choose } from './choose.ts'
import { holdingUp, isPassedOver, overdueFrom } from './overdue.ts'
import { wantedRuns } from './want-order.ts'
import type { Candidate } from './candidate.ts'
import type { ChoiceContext } from './choose.ts'
import type { Peer } from './peer-admin.ts'
import type { Interest, Request, Session } from './session.ts'
import type { IdleBlocks, WantOrderContext } from './want-order.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Random } from '../interfaces.ts'

export type Action =
  | { type: 'ask', candidate: Candidate, ranges: IndexRange[], again: boolean }
  | { type: 'request', candidate: Candidate, range: IndexRange, duplicate: boolean, interest: Interest }
  | { type: 'cancel', indices: number[] }
  | { type: 'find' }

export interface Plan {
  actions: Action[]
  /** When to plan anew even if nothing happens, in the clock's milliseconds. */
  wakeAt: number
  /** Something was not requested because peers, or the intake, have no room: to be planned anew when there is some. */
  heldUp: boolean
  /** Of those, the peers in which it waits for room for a block. */
  waitsFor: Set<Peer>
  /** Set when a wanted block is had only by peers that are too dear: the lowest price. */
  tooDear?: { index: number, bestPrice: bigint }
}

export interface PlanContext {
  now: number
  random: Random
  limits: Limits
  /** Bytes that may be requested beyond what is on its way already. */
  room: number
  /** Bytes of a peer's window that are kept for those who waited longer for it. */
  reserved(peer: Peer): number
  /** Whether another block may be bought of a peer, `cost` being about to be spent beside what was. */
  accepts(candidate: Candidate, cost: bigint): boolean
}

/** Runs of wanted blocks looked at in one plan, so that its cost does not grow with the dataset. */
const MAX_RUNS = 256
/** Indices of the first question, those of a first window: a reference node takes 0.1 ms an entry, and the reader waits for the first. */
export const FIRST_ASK = 8
/** Milliseconds between two looks at what can be done for a reader that nobody can help. */
const STARVING = 1_000

export function plan (session: Session, candidates: Candidate[], context: PlanContext): Plan {
  const planner = new Planner(session, candidates, context)

  planner.cancel()
  planner.ask()
  planner.request()
  planner.duplicate()

  return planner
}

class Planner implements Plan {
  readonly actions: Action[] = []
  wakeAt = Infinity
  heldUp = false
  readonly waitsFor = new Set<Peer>()
  tooDear?: { index: number, bestPrice: bigint }
  readonly #session: Session
  readonly #candidates: Candidate[]
  readonly #context: PlanContext
  readonly #choice: ChoiceContext
  readonly #order: WantOrderContext
  /** Bytes that this plan asks of each peer. */
  readonly #planned = new Map<Peer, number>()
  readonly #taken = new Set<number>()
  #room: number
  /** What is requested by this plan costs. */
  #cost = 0n
  #isAllAsked = true

  constructor (session: Session, candidates: Candidate[], context: PlanContext) {
    this.#session = session
    this.#candidates = candidates
    this.#context = context
    this.#room = context.room
    this.#choice = {
      now: context.now,
      random: context.random,
      blockSize: session.shape.blockSize,
      exploration: context.limits.exploration,
      planned: peer => (this.#planned.get(peer) ?? 0) + context.reserved(peer)
    }
    this.#order = {
      candidates,
      random: context.random,
      hasRoom: candidate => candidate.peer.restUntil <= context.now && this.#hasRoom(candidate),
      idle: this.#idle
    }
  }

  cancel (): void {
    if (!this.#session.dropped) {
      return
    }

    const indices = [...this.#session.flights.keys()].filter(index => !this.#session.isWanted(index))

    if (indices.length > 0) {
      this.actions.push({ type: 'cancel', indices })
    }
  }

  /** Asks about what is wanted and was not asked about, so many indices ahead; then also about what will come after it. */
  ask (): void {
    for (const { wanted, horizon } of this.#session.interests) {
      for (const candidate of this.#candidates) {
        if (wanted.first == null || candidate.dataset.asked.covers({ start: wanted.first, end: wanted.end })) {
          continue
        }

        const spells = candidate.peer.link?.features.ranges !== true
        const ranges: IndexRange[] = []
        let left = this.#askAhead(candidate)
        let reached = 0

        for (const { start, end } of wanted) {
          const from = Math.max(start, reached)
          const gap = candidate.dataset.asked.firstGap({ start: from, end: Math.min(end, from + left) })

          if (gap !== -1) {
            reached = Math.max(Math.min(end, gap + left), Math.min(horizon, spells ? gap + left : Infinity))
            ranges.push(...candidate.dataset.asked.gaps({ start: gap, end: reached }))
          }

          left -= Math.max(0, Math.max(end, reached) - from)

          if (left <= 0) {
            break
          }
        }

        if (ranges.length > 0) {
          this.actions.push({ type: 'ask', candidate, ranges: splitFirst(ranges), again: false })
        }
      }
    }
  }

  /** What is asked of a peer that is taken to have everything: little before its first answer, which its first blocks follow. */
  #askAhead ({ dataset, buys }: Candidate): number {
    const isNew = dataset.likely && buys === true && dataset.have.count + dataset.absent.count === 0

    return isNew ? FIRST_ASK : this.#context.limits.askAhead
  }

  request (): void {
    let starving = this.#wantsAnything() && !this.#candidates.some(({ buys }) => buys === true)
    let runs = 0

    this.#wakeForTheRested()

    for (const { interest, run } of wantedRuns(this.#session, this.#order)) {
      this.#isAllAsked = false

      if (this.#room <= 0 || runs++ >= MAX_RUNS || (this.#candidates.length > 0 && !this.#candidates.some(c => this.#hasRoom(c)))) {
        this.heldUp = true
        this.#candidates.filter(candidate => candidate.buys === true && mayHave(candidate, run.start)).forEach(({ peer }) => this.waitsFor.add(peer))
        break
      }

      let { start } = run

      while (start < run.end && this.#room > 0) {
        const { candidate, starving: isStarving = false, waitsFor = [], wakeAt = Infinity, bestPrice } = choose(start, interest, this.#candidates, this.#choice)
        this.wakeAt = Math.min(this.wakeAt, wakeAt)

        if (candidate == null) {
          starving ||= isStarving
          this.heldUp ||= waitsFor.length > 0
          waitsFor.forEach(peer => this.waitsFor.add(peer))
          this.tooDear ??= bestPrice == null ? undefined : { index: start, bestPrice }
          break
        }

        const end = this.#reach(candidate, start, run.end)
        this.#take(candidate, { start, end }, false, interest)
        start = end
      }

      this.heldUp ||= start < run.end && this.#room <= 0
    }

    if (starving) {
      this.#starve()
    }
  }

  /** Asks another peer for the blocks that a reader waits for, or that are the last of all, and that are overdue with all who were asked. */
  duplicate (): void {
    const { limits, now } = this.#context
    let left = limits.duplicateBlocks - this.#session.duplicates

    for (const interest of this.#session.interests) {
      for (const index of holdingUp(this.#session, interest, this.#isAllAsked)) {
        if (left <= 0) {
          break
        }

        const flights = this.#session.flights.get(index) ?? []

        if (flights.length === 0 || this.#taken.has(index) || this.#session.intake.has(index)) {
          continue
        }

        const overdueAt = Math.max(...flights.map(overdueFrom))

        if (overdueAt > now) {
          this.wakeAt = Math.min(this.wakeAt, overdueAt)

          if (interest.waitingFor != null && flights.length === 1) {
            break
          }

          continue
        }

        const again = flights.length === 1 ? this.#again(flights[0]) : undefined
        const { candidate = again } = choose(index, interest, this.#candidates, this.#choice, flights.map(({ peer }) => peer))

        if (candidate != null) {
          this.#take(candidate, { start: index, end: index + 1 }, true, interest)
          left--
        }
      }
    }
  }

  /** The peer of an overdue request, where it passed it over. With several readers the order of answers does not tell that. */
  #again (request: Request): Candidate | undefined {
    const { now } = this.#context

    return this.#session.interests.size === 1 && isPassedOver(this.#session, request)
      ? this.#candidates.find(({ peer, buys }) => peer === request.peer && buys === true && peer.restUntil <= now)
      : undefined
  }

  /** How far a request that starts at `start` may go. */
  #reach (candidate: Candidate, start: number, end: number): number {
    const { blockSize } = this.#session.shape
    let planned = this.#choice.planned(candidate.peer) + blockSize
    let room = this.#room - blockSize
    let index = start + 1

    while (index < end && room > 0 && mayHave(candidate, index) && !candidate.dataset.failed.has(index) &&
      candidate.peer.hasRoom(planned, blockSize) && this.#affords(candidate, index - start)) {
      planned += blockSize
      room -= blockSize
      index++
    }

    return index
  }

  #take (candidate: Candidate, range: IndexRange, duplicate: boolean, interest: Interest): void {
    const bytes = (range.end - range.start) * this.#session.shape.blockSize
    this.#planned.set(candidate.peer, (this.#planned.get(candidate.peer) ?? 0) + bytes)
    this.#room -= bytes

    for (let index = range.start; index < range.end; index++) {
      this.#taken.add(index)
    }

    this.actions.push({ type: 'request', candidate, range, duplicate, interest })
    this.#spend(BigInt(range.end - range.start) * (candidate.dataset.price ?? 0n))
  }

  /** What costs may be too dear afterwards. */
  #spend (cost: bigint): void {
    this.#cost += cost

    for (const candidate of cost > 0n ? this.#candidates : []) {
      candidate.buys &&= this.#affords(candidate, 0)
    }
  }

  /** Whether a block may be bought of a peer after `blocks` more of it. */
  #affords (candidate: Candidate, blocks: number): boolean {
    const { price = 0n } = candidate.dataset

    return price === 0n || this.#context.accepts(candidate, this.#cost + BigInt(blocks) * price)
  }

  /** Looks for peers, and asks those again that had nothing a while ago. */
  #starve (): void {
    const { now, limits } = this.#context

    for (const candidate of this.#candidates) {
      const { dataset } = candidate

      for (const { wanted: { first }, horizon } of this.#session.interests) {
        if (first == null || mayHave(candidate, first) || !dataset.asked.has(first)) {
          continue
        }

        if (dataset.askAgainAt > now) {
          this.wakeAt = Math.min(this.wakeAt, dataset.askAgainAt)
          continue
        }

        const range = { start: first, end: Math.max(first + 1, Math.min(horizon, first + limits.askAhead)) }
        this.actions.push({ type: 'ask', candidate, ranges: splitFirst([range]), again: true })
        break
      }
    }

    this.actions.push({ type: 'find' })
    this.wakeAt = Math.min(this.wakeAt, now + STARVING)
  }

  #wakeForTheRested (): void {
    for (const { peer: { restUntil } } of this.#candidates) {
      if (restUntil > this.#context.now) {
        this.wakeAt = Math.min(this.wakeAt, restUntil)
      }
    }
  }

  /** Whether a candidate may be asked for more; one that rests has none to offer, but does not end the search for others. */
  #hasRoom ({ peer }: Candidate): boolean {
    return peer.restUntil > this.#context.now || peer.hasRoom(this.#choice.planned(peer), this.#session.shape.blockSize)
  }

  #wantsAnything (): boolean {
    return [...this.#session.interests].some(({ wanted }) => !wanted.isEmpty)
  }

  readonly #idle: IdleBlocks = {
    next: (from, end) => {
      const { busy } = this.#session
      let index = busy.nextClear(from, end)

      while (index !== -1 && this.#taken.has(index)) {
        index = busy.nextClear(index + 1, end)
      }

      return index
    },

    until: (from, end) => {
      const busyFrom = this.#session.busy.nextSet(from, end)
      const last = busyFrom === -1 ? end : busyFrom
      let index = from

      while (index < last && !this.#taken.has(index)) {
        index++
      }

      return index
    }
  }
}

/** Cuts a few indices off the front, to be asked first. */
function splitFirst (ranges: IndexRange[]): IndexRange[] {
  const [first, ...rest] = ranges

  if (first == null || first.end - first.start <= 2 * FIRST_ASK) {
    return ranges
  }

  const cut = first.start + FIRST_ASK

  return [{ start: first.start, end: cut }, { start: cut, end: first.end }, ...rest]
}
