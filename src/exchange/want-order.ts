/**
 * In which order the blocks of a session are requested: runs of blocks that are wanted and neither asked for nor here.
 */
import { MiB } from '../constants.ts'
import { mayHave } from './candidate.ts'
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

/** The blocks that are neither asked for nor here. It is asked as runs are taken. */
export interface IdleBlocks {
  /** The first from `from`, below `end`; -1 where there is none. */
  next(from: number, end: number): number
  /** Where those that begin at `from` end, at `end` at the latest. */
  until(from: number, end: number): number
}

export interface WantedRun {
  interest: Interest
  run: IndexRange
}

/** The runs, most urgent first, in turns between the readers. */
export function * wantedRuns (session: Session, candidates: Candidate[], random: Random, idle: IdleBlocks): Generator<WantedRun> {
  const most = Math.max(1, Math.min(RUN_BLOCKS, Math.floor(RUN_BYTES / session.shape.blockSize)))
  const queues = [...session.interests].map(interest => ({
    interest,
    runs: interest.order === 'rarest' ? rarest(interest, candidates, random, idle) : sequential(interest, most, idle)
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

function * sequential (interest: Interest, most: number, idle: IdleBlocks): Generator<IndexRange> {
  for (const range of interest.wanted) {
    let start = idle.next(range.start, range.end)

    while (start !== -1) {
      const end = idle.until(start, Math.min(range.end, start + most))

      yield { start, end }
      start = idle.next(end, range.end)
    }
  }
}

function * rarest (interest: Interest, candidates: Candidate[], random: Random, idle: IdleBlocks): Generator<IndexRange> {
  const found: Array<{ index: number, copies: number, tie: number }> = []

  for (const { start } of sequential(interest, 1, idle)) {
    const copies = candidates.filter(candidate => mayHave(candidate, start)).length

    if (copies > 0) {
      found.push({ index: start, copies, tie: random() })
    }

    if (found.length === RAREST_AMONG) {
      break
    }
  }

  if (found.length === 0) {
    yield * sequential(interest, 1, idle)
  }

  for (const { index } of found.sort((a, b) => a.copies - b.copies || a.tie - b.tie)) {
    yield { start: index, end: index + 1 }
  }
}
