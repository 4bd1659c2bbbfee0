/**
 * Which requests hold a reader up. Pure.
 */
import { indicesOf } from '../dataset/ranges.ts'
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
