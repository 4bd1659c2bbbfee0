/**
 * In which order the blocks of a session are requested: runs of blocks that are wanted and neither asked for nor here.
 */
import { MiB } from '../constants.ts'
import { mayHave, nextHad, nextLacked } from './candidate.ts'
import type { Candidate } from './candidate.ts'
import type { Interest, Session } from './session.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Random } from '../interfaces.ts'

/** Bytes of one run, about. */
const RUN_BYTES = MiB
/** Blocks of one run; a reference node answers 20 a message. */
const RUN_BLOCKS = 16
/** Blocks among which the rarest is sought. */
const RAREST_AMONG = 2_048

export interface WantedRun {
  interest: Interest
  run: IndexRange
}

/** The blocks that are neither asked for nor here. It is asked as runs are taken. */
export interface IdleBlocks {
  /** The first from `from`, below `end`; -1 where there is none. */
  next(from: number, end: number): number
  /** Where those that begin at `from` end, at `end` at the latest. */
  until(from: number, end: number): number
}

export interface WantOrderContext {
  candidates: Candidate[]
  random: Random
  /** Whether a candidate may be asked for more. */
  hasRoom(candidate: Candidate): boolean
  idle: IdleBlocks
}

/** The runs, most urgent first, in turns between the readers. */
export function * wantedRuns (session: Session, context: WantOrderContext): Generator<WantedRun> {
  const most = Math.max(1, Math.min(RUN_BLOCKS, Math.floor(RUN_BYTES / session.shape.blockSize)))
  const queues = [...session.interests].map(interest => ({
    interest,
    runs: interest.order === 'rarest' ? rarest(interest, context) : sequential(interest, most, context)
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

function * sequential (interest: Interest, most: number, { idle }: WantOrderContext): Generator<IndexRange> {
  for (const range of interest.wanted) {
    let start = idle.next(range.start, range.end)

    while (start !== -1) {
      const end = idle.until(start, Math.min(range.end, start + most))

      yield { start, end }
      start = idle.next(end, range.end)
    }
  }
}

/**
 * Of what a peer with room has, what the fewest peers have. Where no such peer has anything: a block that waits for another,
 * and one that nobody has.
 */
function * rarest (interest: Interest, context: WantOrderContext): Generator<IndexRange> {
  const { candidates, random, hasRoom, idle } = context
  const open = candidates.filter(candidate => candidate.buys === true && hasRoom(candidate))
  const found: Array<{ index: number, copies: number, tie: number }> = []

  for (const index of firstOf(interest.wanted, idle, (from, end) => leastOf(open.map(candidate => nextHad(candidate, from, end))))) {
    const copies = candidates.reduce((copies, candidate) => copies + (mayHave(candidate, index) ? 1 : 0), 0)

    if (found.push({ index, copies, tie: random() }) === RAREST_AMONG) {
      break
    }
  }

  for (const { index } of found.sort((a, b) => a.copies - b.copies || a.tie - b.tie)) {
    yield { start: index, end: index + 1 }
  }

  if (found.length === 0) {
    yield * oneOfEach(interest, context)
  }
}

/** The first block that someone has, and the first that nobody has. */
function * oneOfEach ({ wanted }: Interest, { candidates, idle }: WantOrderContext): Generator<IndexRange> {
  const had = (from: number, end: number): number => leastOf(candidates.map(candidate => nextHad(candidate, from, end)))
  const lacked = (from: number, end: number): number => nextLackedByAll(candidates, from, end)

  for (const next of [had, lacked]) {
    const { value: index } = firstOf(wanted, idle, next).next()

    if (index != null) {
      yield { start: index, end: index + 1 }
    }
  }
}

/** The wanted and idle blocks at which `next` stops; it gives the first such from an index on, or -1. */
function * firstOf (wanted: Iterable<IndexRange>, idle: IdleBlocks, next: (from: number, end: number) => number): Generator<number, undefined> {
  for (const { start, end } of wanted) {
    let index = idle.next(start, end)

    while (index !== -1) {
      const at = next(index, end)

      if (at === index) {
        yield index
      }

      index = at === -1 ? -1 : idle.next(at === index ? index + 1 : at, end)
    }
  }
}

function nextLackedByAll (candidates: Candidate[], from: number, end: number): number {
  let index = from

  for (let agreed = 0; agreed < candidates.length;) {
    for (const candidate of candidates) {
      const at = nextLacked(candidate, index, end)

      if (at === -1) {
        return -1
      }

      agreed = at === index ? agreed + 1 : 1
      index = at
    }
  }

  return index
}

/** The least of what is not -1; -1 where nothing is. */
function leastOf (indices: number[]): number {
  return indices.reduce((least, index) => index === -1 || (least !== -1 && least < index) ? least : index, -1)
}
