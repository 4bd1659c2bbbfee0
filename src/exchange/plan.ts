/**
 * What to do next for one dataset. Pure: it reads the session and the peers and changes neither, so that every decision
 * can be tested without a clock or a network. In order: take back what nobody wants, ask who has what will be wanted,
 * request what is wanted of the peer expected to deliver it soonest, ask a second peer for what holds a reader up, and
 * look for more peers when nobody can help.
 */
import { MiB } from '../constants.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Random } from '../interfaces.ts'
import type { PeerDataset, Peer } from './peer-admin.ts'
import type { Interest, Session } from './session.ts'

/** A linked peer, as this session may use it. */
export interface Candidate {
  peer: Peer
  dataset: PeerDataset
  /** The policy accepts its price; undefined while the price is not known and matters. */
  buys?: boolean
}

export type Action =
  | { type: 'ask', candidate: Candidate, ranges: IndexRange[], again: boolean }
  | { type: 'request', candidate: Candidate, range: IndexRange, duplicate: boolean }
  | { type: 'cancel', indices: number[] }
  | { type: 'find' }

export interface Plan {
  actions: Action[]
  /** When to plan anew even if nothing happens, in the clock's milliseconds. */
  wakeAt: number
  /** Set when a wanted block is had only by peers that are too dear: the lowest price. */
  tooDear?: { index: number, bestPrice: bigint }
}

export interface PlanContext {
  now: number
  random: Random
  limits: Limits
  /** Bytes that may be requested beyond what is on its way already. */
  room: number
}

/** Bytes of one request, about. */
const REQUEST_BYTES = MiB
/** Blocks of one request; a reference node answers 20 a message. */
const REQUEST_BLOCKS = 16
/** Runs of wanted blocks looked at in one plan, so that its cost does not grow with the dataset. */
const MAX_RUNS = 256
/** Blocks among which the rarest is sought. */
const RAREST_AMONG = 2_048
/** Indices of the first question: a reference node takes 0.1 ms an entry, and the reader waits for the first. */
const FIRST_ASK = 32
/** A block is held up when it takes this many times as long as expected, and this many milliseconds more. */
const OVERDUE = { times: 2, more: 50 }

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
  tooDear?: { index: number, bestPrice: bigint }
  readonly #session: Session
  readonly #candidates: Candidate[]
  readonly #context: PlanContext
  readonly #planned = new Map<Peer, number>()
  readonly #taken = new Set<number>()
  #room: number
  #sawIdle = false

  constructor (session: Session, candidates: Candidate[], context: PlanContext) {
    this.#session = session
    this.#candidates = candidates
    this.#context = context
    this.#room = context.room
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

  ask (): void {
    for (const interest of this.#session.interests) {
      const first = interest.wanted.first

      if (first == null) {
        continue
      }

      const { askAhead } = this.#context.limits
      const soon = Math.min(interest.wanted.end, first + askAhead)

      for (const candidate of this.#candidates) {
        const { asked } = candidate.dataset
        const [gap] = gaps(asked, { start: first, end: soon })

        if (gap != null) {
          const reach = candidate.peer.link?.features.ranges === true ? Infinity : gap.start + askAhead
          const ranges = gaps(asked, { start: gap.start, end: Math.min(interest.horizon, reach) })
          this.actions.push({ type: 'ask', candidate, ranges: splitFirst(ranges), again: false })
        }
      }
    }
  }

  request (): void {
    const { now } = this.#context
    let starving = false
    let runs = 0

    for (const { peer } of this.#candidates) {
      if (peer.restUntil > now) {
        this.wakeAt = Math.min(this.wakeAt, peer.restUntil)
      }
    }

    for (const { interest, run } of this.#runs()) {
      this.#sawIdle = true

      if (this.#room <= 0 || runs++ >= MAX_RUNS || !this.#candidates.some(c => this.#hasRoom(c))) {
        break
      }

      let { start } = run

      while (start < run.end && this.#room > 0) {
        const choice = this.#choose(start, interest)

        if (choice === 'starving') {
          starving = true
        }

        if (typeof choice === 'string') {
          break
        }

        const end = this.#reach(choice, start, run.end)
        this.#take(choice, { start, end }, false)
        start = end
      }
    }

    if (starving || (!this.#candidates.some(c => c.buys === true) && this.#wantsAnything())) {
      this.#starve()
    }
  }

  /** Asks another peer for the blocks that a reader waits for and that are overdue, or that are the last of all. */
  duplicate (): void {
    const { limits, now } = this.#context
    let left = limits.duplicateBlocks

    for (const request of this.#session.requests) {
      left -= request.duplicate ? request.left : 0
    }

    for (const interest of this.#session.interests) {
      let index = interest.waitingFor ?? (this.#sawIdle ? undefined : interest.wanted.first)

      for (; index != null && left > 0; index++, left--) {
        const flights = this.#session.flights.get(index)

        if (flights?.length !== 1) {
          break
        }

        const [{ peer, sentAt, expectedAt }] = flights
        const overdueAt = expectedAt + (OVERDUE.times - 1) * (expectedAt - sentAt) + OVERDUE.more

        if (overdueAt > now) {
          this.wakeAt = Math.min(this.wakeAt, overdueAt)
          break
        }

        const choice = this.#choose(index, interest, peer)

        if (typeof choice === 'string') {
          break
        }

        this.#take(choice, { start: index, end: index + 1 }, true)
      }
    }
  }

  /**
   * The peer to request a block of. `'later'` when a better one is about to have room, or an answer is awaited;
   * `'starving'` when nobody that may be asked has it.
   */
  #choose (index: number, interest: Interest, not?: Peer): Candidate | 'later' | 'starving' {
    const { now, random, limits } = this.#context
    const { blockSize } = this.#session.shape
    const open: Array<{ candidate: Candidate, eta: number }> = []
    let soonest = Infinity
    let rate = 0
    let later = false
    let failedOnly = true
    let bestPrice: bigint | undefined

    for (const candidate of this.#candidates) {
      const { peer, dataset } = candidate

      if (peer === not) {
        continue
      }

      if (!mayHave(candidate, index)) {
        later ||= dataset.unanswered.has(index) && now < dataset.askAgainAt
        continue
      }

      if (candidate.buys !== true) {
        if (candidate.buys == null) {
          later = true
        } else if (dataset.price != null && (bestPrice == null || dataset.price < bestPrice)) {
          bestPrice = dataset.price
        }

        continue
      }

      if (peer.restUntil > now) {
        later = true
        continue
      }

      const eta = peer.pace.expected(peer.queued + (this.#planned.get(peer) ?? 0), blockSize)
      const failed = dataset.failed.has(index)
      rate += peer.pace.rate ?? 0

      if (failed && !failedOnly) {
        continue
      }

      if (!failed && failedOnly) {
        failedOnly = false
        soonest = Infinity
        open.length = 0
      }

      soonest = Math.min(soonest, eta)

      if (this.#hasRoom(candidate)) {
        open.push({ candidate, eta })
      }
    }

    if (open.length === 0) {
      if (later || soonest < Infinity) {
        return 'later'
      }

      if (bestPrice != null) {
        this.tooDear ??= { index, bestPrice }
      }

      return 'starving'
    }

    let best = open[0]

    for (const other of open) {
      if (other.eta < best.eta) {
        best = other
      }
    }

    if (best.eta > soonest && best.eta > this.#neededIn(index, interest, rate)) {
      return 'later'
    }

    if (open.length > 1 && not == null && index !== interest.waitingFor && random() < limits.exploration) {
      best = open[Math.floor(random() * open.length)]
    }

    return best.candidate
  }

  /** Milliseconds until the block is of use: its turn with a reader, or the end of a download in the background. */
  #neededIn (index: number, interest: Interest, rate: number): number {
    const { blockSize } = this.#session.shape
    const first = interest.waitingFor ?? interest.wanted.first ?? index
    const blocks = interest.reads ? index - first : interest.wanted.count

    return rate === 0 ? Infinity : blocks * blockSize / rate
  }

  /** How far a request that starts at `start` may go. */
  #reach (candidate: Candidate, start: number, end: number): number {
    const { blockSize } = this.#session.shape
    let planned = (this.#planned.get(candidate.peer) ?? 0) + blockSize
    let room = this.#room - blockSize
    let index = start + 1

    while (index < end && room > 0 && mayHave(candidate, index) && !candidate.dataset.failed.has(index) &&
      candidate.peer.hasRoom(planned, blockSize)) {
      planned += blockSize
      room -= blockSize
      index++
    }

    return index
  }

  #take (candidate: Candidate, range: IndexRange, duplicate: boolean): void {
    const bytes = (range.end - range.start) * this.#session.shape.blockSize
    this.#planned.set(candidate.peer, (this.#planned.get(candidate.peer) ?? 0) + bytes)
    this.#room -= bytes

    for (let index = range.start; index < range.end; index++) {
      this.#taken.add(index)
    }

    this.actions.push({ type: 'request', candidate, range, duplicate })
  }

  #hasRoom ({ peer }: Candidate): boolean {
    return peer.restUntil <= this.#context.now && peer.hasRoom(this.#planned.get(peer) ?? 0, this.#session.shape.blockSize)
  }

  #wantsAnything (): boolean {
    return [...this.#session.interests].some(interest => !interest.wanted.isEmpty)
  }

  /** Looks for peers, and asks those again that had nothing a while ago. */
  #starve (): void {
    const { now } = this.#context

    for (const candidate of this.#candidates) {
      const { dataset } = candidate

      if (dataset.askAgainAt > now) {
        this.wakeAt = Math.min(this.wakeAt, dataset.askAgainAt)
        continue
      }

      for (const interest of this.#session.interests) {
        const first = interest.wanted.first

        if (first != null && !mayHave(candidate, first) && dataset.asked.has(first)) {
          const range = { start: first, end: Math.min(interest.horizon, first + this.#context.limits.askAhead) }
          this.actions.push({ type: 'ask', candidate, ranges: splitFirst([range]), again: true })
          break
        }
      }
    }

    if (this.#session.findAt <= now) {
      this.actions.push({ type: 'find' })
    } else {
      this.wakeAt = Math.min(this.wakeAt, this.#session.findAt)
    }
  }

  /** Runs of wanted blocks that are neither asked for nor here, most urgent first, in turns between the readers. */
  * #runs (): Generator<{ interest: Interest, run: IndexRange }> {
    const most = Math.max(1, Math.min(REQUEST_BLOCKS, Math.floor(REQUEST_BYTES / this.#session.shape.blockSize)))
    const queues = [...this.#session.interests].map(interest => ({
      interest,
      runs: interest.order === 'rarest' ? this.#rarest(interest) : this.#sequential(interest, most)
    }))

    while (queues.length > 0) {
      for (const queue of [...queues]) {
        const { value: run, done } = queue.runs.next()

        if (done === true) {
          queues.splice(queues.indexOf(queue), 1)
        } else {
          yield { interest: queue.interest, run }
        }
      }
    }
  }

  * #sequential (interest: Interest, most: number): Generator<IndexRange> {
    for (const range of interest.wanted) {
      for (let start = range.start; start < range.end; start++) {
        if (!this.#isIdle(start)) {
          continue
        }

        let end = start + 1

        while (end < range.end && end - start < most && this.#isIdle(end)) {
          end++
        }

        yield { start, end }
        start = end - 1
      }
    }
  }

  * #rarest (interest: Interest): Generator<IndexRange> {
    const found: Array<{ index: number, copies: number, tie: number }> = []

    for (const { start } of this.#sequential(interest, 1)) {
      let copies = 0

      for (const candidate of this.#candidates) {
        copies += mayHave(candidate, start) ? 1 : 0
      }

      if (copies > 0) {
        found.push({ index: start, copies, tie: this.#context.random() })
      }

      if (found.length === RAREST_AMONG) {
        break
      }
    }

    if (found.length === 0) {
      yield * this.#sequential(interest, 1)
    }

    for (const { index } of found.sort((a, b) => a.copies - b.copies || a.tie - b.tie)) {
      yield { start: index, end: index + 1 }
    }
  }

  #isIdle (index: number): boolean {
    return !this.#taken.has(index) && this.#session.isIdle(index)
  }
}

function mayHave ({ dataset, buys }: Candidate, index: number): boolean {
  return dataset.have.get(index) || (dataset.likely && buys === true && !dataset.absent.get(index))
}

/** What of a range is not in the set. */
function gaps (set: { intersection(range: IndexRange): IndexRange[] }, range: IndexRange): IndexRange[] {
  const found: IndexRange[] = []
  let { start } = range

  for (const inside of set.intersection(range)) {
    if (inside.start > start) {
      found.push({ start, end: inside.start })
    }

    start = inside.end
  }

  if (start < range.end) {
    found.push({ start, end: range.end })
  }

  return found
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
