/**
 * What is asked of whom: blocks are requested, land, are taken back or given up, and the accounts of the session, the
 * peer and the purse are kept in step.
 */
import { rangesOf } from '../dataset/ranges.ts'
import { StallError } from '../errors.ts'
import type { Buying } from './buying.ts'
import type { Candidate } from './candidate.ts'
import type { ExchangeCounters } from './counters.ts'
import type { Peer } from './peer-admin.ts'
import type { Request, Session } from './session.ts'
import type { Limits } from '../constants.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Emit } from '../events.ts'
import type { Clock } from '../interfaces.ts'

export interface FlightsInit {
  buying: Buying
  counters: ExchangeCounters
  clock: Clock
  limits: Limits
  emit: Emit
}

export class Flights {
  /** A peer has more room than before. Whoever uses it puts it back. */
  freed = false
  /** Bytes asked of all peers and not here. */
  #queued = 0
  readonly #init: FlightsInit

  constructor (init: FlightsInit) {
    this.#init = init
  }

  get queued (): number {
    return this.#queued
  }

  /** Blocks are asked of a peer; the caller sends the request. */
  request (session: Session, { peer, dataset }: Candidate, range: IndexRange, duplicate: boolean): void {
    const now = this.#init.clock.now()
    const { blockSize, root } = session.shape
    const blocks = range.end - range.start
    const price = dataset.price ?? 0n
    const queued = peer.queued + blocks * blockSize
    const request: Request = {
      peer,
      ...range,
      sentAt: now,
      expectedAt: now + peer.pace.expected(queued, 0),
      deadline: now + peer.pace.timeout(queued),
      duplicate,
      price,
      left: blocks
    }

    session.takeOff(request)
    // what it sent before is no answer
    peer.heardAt(now)
    peer.pace.asked(peer.queued, now)
    peer.queued = queued
    this.#queued += blocks * blockSize
    peer.counters.asked += blocks
    this.#init.counters.askedTwice += duplicate ? blocks : 0
    this.#init.buying.commit(blocks, price)
    this.#init.emit('codex:blocks:request', { peer: peer.id, root, ...range, duplicate })
  }

  /** Takes one block out of a request: it came, or will not. False when it was not in it. */
  land (session: Session, request: Request, index: number): boolean {
    if (!session.land(request, index)) {
      return false
    }

    this.freed = true
    request.peer.queued = Math.max(0, request.peer.queued - session.shape.blockSize)
    this.#queued -= session.shape.blockSize
    this.#init.buying.commit(-1, request.price)

    return true
  }

  /** Takes blocks out of a request; gives them back as ranges. */
  giveUp (session: Session, request: Request, which: (index: number) => boolean): IndexRange[] {
    const indices: number[] = []

    for (let index = request.start; index < request.end; index++) {
      if (which(index) && this.land(session, request, index)) {
        indices.push(index)
      }
    }

    return rangesOf(indices)
  }

  /** Takes blocks back of everyone who was asked for them, and tells them. */
  cancel (session: Session, blocks: Iterable<number>): void {
    const cancels = new Map<Peer, number[]>()

    for (const index of blocks) {
      for (const request of [...session.flights.get(index) ?? []]) {
        this.land(session, request, index)
        const indices = cancels.get(request.peer) ?? []
        cancels.set(request.peer, indices)
        indices.push(index)
      }
    }

    for (const [peer, indices] of cancels) {
      peer.link?.cancel(session.shape.root, rangesOf(indices.sort((a, b) => a - b)))
    }
  }

  /** Gives up what is overdue. A peer that is sending has until `maxTimeout`. True when something was given up. */
  expire (session: Session): boolean {
    const { clock, limits } = this.#init
    const now = clock.now()
    const late = new Map<Peer, number>()

    if (session.nextDeadline > now) {
      return false
    }

    for (const request of [...session.requests]) {
      const { peer, sentAt } = request

      if (request.deadline > now) {
        continue
      }

      const patience = peer.pace.rate == null ? limits.minTimeout : peer.pace.timeout(0)
      const deadline = Math.min(peer.heardAt(now) + patience, sentAt + limits.maxTimeout)

      // the very sum that is compared with the time next: another may be rounded to the other side of now
      if (deadline > now) {
        request.deadline = deadline
        continue
      }

      const dataset = peer.dataset(session.key, session.shape)
      late.set(peer, (late.get(peer) ?? 0) + request.left)
      const given = this.giveUp(session, request, () => true)
      given.forEach(range => { dataset.failed.add(range) })
      peer.link?.cancel(session.shape.root, given)
    }

    session.regather ||= late.size > 0
    session.nextDeadline = [...session.requests].reduce((next, { deadline }) => Math.min(next, deadline), Infinity)

    for (const [peer, blocks] of late) {
      peer.timedOut(now)
      session.note(new StallError(`${peer.id} did not deliver ${blocks} blocks in time`, { cid: session.shape.root, peer: peer.id }))
      this.#init.emit('codex:peer:timeout', { peer: peer.id, root: session.shape.root, blocks })
    }

    return late.size > 0
  }
}
