/**
 * What is being fetched: changes sessions and peers as things happen, and carries plans out. Called by the engine only,
 * one change at a time.
 */
import { formatCid } from '../dataset/codecs.ts'
import { countOf } from '../dataset/ranges.ts'
import { InvalidDatasetError } from '../errors.ts'
import { isHadByNobody, keepsWaiting } from './candidate.ts'
import { failureOf, tooExpensive } from './failure.ts'
import { Flights } from './flights.ts'
import { Landing } from './landing.ts'
import { Members } from './members.ts'
import { isLate, isSoon } from './overdue.ts'
import { FIRST_ASK, plan } from './plan.ts'
import { Session } from './session.ts'
import type { Buying } from './buying.ts'
import type { Candidate } from './candidate.ts'
import type { ExchangeCounters } from './counters.ts'
import type { Dialer } from './dialer.ts'
import type { DiscoveryQueue } from './discovery-queue.ts'
import type { Intake, IntakeResult } from './intake.ts'
import type { Liar } from './landing.ts'
import type { Peer, PeerAdmin } from './peer-admin.ts'
import type { Action } from './plan.ts'
import type { Interest, SessionInit } from './session.ts'
import type { Limits } from '../constants.ts'
import type { Delivery } from '../dataset/delivery.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Emit } from '../events.ts'
import type { Clock, Random } from '../interfaces.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

export interface FetcherInit {
  peers: PeerAdmin
  buying: Buying
  dialer: Dialer
  discovery: DiscoveryQueue
  intake: Intake
  /** Told what has come into the local store. */
  stored(root: CID, ranges: IndexRange[]): void
  counters: ExchangeCounters
  clock: Clock
  random: Random
  limits: Limits
  emit: Emit
  /** Queues a change: what happens later must not happen in the middle of another change. */
  change(fn: () => void): void
  /** A peer is wanted and connected, and has no link. */
  reopen(peer: PeerId): void
}

export class Fetcher {
  readonly #init: FetcherInit
  readonly #members: Members
  readonly #flights: Flights
  readonly #landing: Landing
  readonly #sessions = new Map<string, Session>()
  readonly #dirty = new Set<Session>()
  #turn = 0

  constructor (init: FetcherInit) {
    this.#init = init
    this.#members = new Members({ ...init, touch: session => { this.touch(session) } })
    this.#flights = new Flights(init)
    this.#landing = new Landing({
      ...init,
      flights: this.#flights,
      session: key => this.#sessions.get(key),
      touch: session => { this.touch(session) }
    })
  }

  /** The session of a dataset or standalone block, begun when there is none. */
  join (init: SessionInit, interest: Interest): Session {
    const { shape, names, likely } = init
    const key = formatCid(shape.root)
    const running = this.#sessions.get(key)
    const session = running ?? new Session(init, key, this.#init.limits.lookupInterval)

    if (session.shape.leaves !== shape.leaves || session.shape.blockSize !== shape.blockSize) {
      throw new InvalidDatasetError(`${key} is being downloaded with another size: one of the two manifests is wrong`, { cid: shape.root })
    }

    this.#sessions.set(key, session)
    session.interests.add(interest)
    session.addNames(names)
    likely.forEach(peer => { this.#members.hint(session, peer) })
    interest.providers.forEach(provider => { this.#members.provider(session, provider) })

    if (running == null) {
      this.#members.find(session)
    }

    this.touch(session)

    return session
  }

  /** The session is to be planned anew, unless it has ended: a lookup for it may end later. */
  touch (session: Session): void {
    if (this.#sessions.get(session.key) === session) {
      this.#dirty.add(session)
    }
  }

  /** Peers came or went, or sell now. */
  touchAll (): void {
    for (const session of this.#sessions.values()) {
      session.regather = true
      this.#dirty.add(session)
    }
  }

  refused (peer: Peer, root: CID, ranges: IndexRange[]): void {
    this.answered(peer, root, { have: [], absent: ranges, price: 0n })
  }

  answered (peer: Peer, root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void {
    const session = this.#sessions.get(formatCid(root))

    if (session == null) {
      return
    }

    const dataset = peer.dataset(session.key, session.shape)

    if (dataset.questionAt != null) {
      peer.pace.answered(this.#now - dataset.questionAt)
      dataset.questionAt = undefined
    }

    const clip = (ranges: IndexRange[]): IndexRange[] => ranges.flatMap(range => dataset.asked.intersection(range))
    dataset.answered(clip(answer.have), clip(answer.absent), answer.price)

    if (answer.absent.length > 0) {
      for (const request of [...session.requests].filter(request => request.peer === peer)) {
        this.#flights.giveUp(session, request, index => dataset.absent.get(index))
      }
    }

    session.regather ||= answer.absent.length > 0 || !session.members.has(peer)
    this.touch(session)
  }

  delivered (peer: Peer, deliveries: Delivery[]): void {
    this.#landing.delivered(peer, deliveries)
  }

  /** A batch went through the intake. Gives back who lied. */
  taken (result: IntakeResult): Liar[] {
    return this.#landing.taken(result)
  }

  /** The peer is gone: what was asked of it is asked of others. */
  lost (peer: Peer): void {
    for (const session of this.#sessions.values()) {
      for (const request of [...session.requests].filter(request => request.peer === peer)) {
        this.#flights.giveUp(session, request, () => true)
      }

      session.regather ||= session.members.delete(peer)
      this.touch(session)
    }
  }

  /** Gives up what is overdue, plans what has changed, and says when to come back, in the clock's milliseconds. */
  step (): number {
    const now = this.#now

    for (const session of this.#sessions.values()) {
      if (this.#flights.expire(session)) {
        this.#findOthers(session)
        this.touch(session)
      } else if (session.wakeAt <= now) {
        this.touch(session)
      }

      this.#failTheStalled(session, now)
    }

    this.#touchTheHeldUp()

    const dirty = [...this.#dirty].sort((a, b) => a.servedAt - b.servedAt)
    this.#dirty.clear()

    for (const session of dirty) {
      if (session.interests.size === 0) {
        this.#end(session)
      } else {
        this.#plan(session)
      }
    }

    let next = this.#dirty.size > 0 || this.#flights.freed ? now : Infinity

    for (const session of this.#sessions.values()) {
      next = Math.min(next, session.wakeAt, session.nextDeadline)

      for (const { stallsAt = Infinity } of session.interests) {
        next = Math.min(next, stallsAt)
      }
    }

    return next
  }

  /** Fails every reader. */
  stop (reason: Error): void {
    for (const session of this.#sessions.values()) {
      session.interests.forEach(interest => { interest.failed(reason) })
    }

    this.#sessions.forEach(session => { session.ended() })
    this.#sessions.clear()
    this.#dirty.clear()
  }

  get sizes (): { sessions: number, flights: number } {
    let flights = 0

    for (const session of this.#sessions.values()) {
      flights += session.flights.size + session.intake.size
    }

    return { sessions: this.#sessions.size, flights }
  }

  /** Whether all who are known have not got a block or failed to send it, and nobody else could be found. */
  isHadByNobody (session: Session, index: number): boolean {
    const isComing = session.intake.has(index) || !this.#isOverdue(session, index)

    return !isComing && this.#isSearched(session) && isHadByNobody(this.#members.candidates(session), index, this.#now)
  }

  /** Whether a block comes so much later than others deliver, that it is sooner recovered of what they have. */
  isLate (session: Session, index: number): boolean {
    const now = this.#now
    const flights = session.flights.get(index) ?? []

    return !session.intake.has(index) && !isSoon(session, flights, now) && isLate(session, index, this.#members.candidates(session), now)
  }

  /** Whether nobody else is likely to be found soon. */
  #isSearched ({ lookups, searchedAt }: Session): boolean {
    return (lookups.ended > 0 && this.#init.dialer.size === 0) || this.#now >= searchedAt
  }

  /** Whether a block is asked of nobody but peers that keep us waiting. */
  #isOverdue (session: Session, index: number): boolean {
    return (session.flights.get(index) ?? []).every(({ peer }) => keepsWaiting(peer, peer.dataset(session.key, session.shape), index))
  }

  /** Peers that blocks of a session are asked of now. */
  peersOf (session: Session): number {
    return new Set([...session.requests].map(({ peer }) => peer)).size
  }

  /** Blocks that readers want and have not got; one that two want counts twice. */
  get wanted (): number {
    const interests = [...this.#sessions.values()].flatMap(session => [...session.interests])

    return interests.reduce((sum, { wanted }) => sum + wanted.count, 0)
  }

  get #now (): number {
    return this.#init.clock.now()
  }

  /** Those who say that they have it do not send it: where nothing came since the last search, others may. */
  #findOthers (session: Session): void {
    if (session.findAgain > this.#init.limits.lookupInterval) {
      this.#members.find(session)
    }
  }

  /** What found no room is tried again when there may be some. */
  #touchTheHeldUp (): void {
    if (!this.#flights.freed) {
      return
    }

    this.#flights.freed = false

    for (const session of this.#sessions.values()) {
      if (session.heldUp) {
        this.#dirty.add(session)
      }
    }
  }

  #failTheStalled (session: Session, now: number): void {
    for (const interest of [...session.interests]) {
      if ((interest.stallsAt ?? Infinity) <= now) {
        interest.failed(failureOf(session, interest, this.#members.candidates(session), interest.patience))
      }
    }
  }

  #plan (session: Session): void {
    const { random, limits, intake, discovery, buying } = this.#init
    const room = limits.totalReadAheadBytes - intake.bytes - this.#flights.queued
    const result = plan(session, this.#members.candidates(session), {
      now: this.#now,
      random,
      limits,
      room: intake.bytes > limits.intakeBytes ? 0 : room,
      reserved: peer => this.#reserved(session, peer),
      accepts: ({ peer, dataset }, cost) => buying.buys(peer, dataset, session.shape.root, cost) === true
    })
    session.dropped = false
    session.wakeAt = Math.min(result.wakeAt, this.#members.redial(session))
    session.heldUp = result.heldUp
    session.waitsFor = result.waitsFor
    this.#perform(session, result.actions)
    session.interests.forEach(interest => { interest.looked?.() })

    if (result.tooDear != null && discovery.size === 0 && this.#isSearched(session) && session.flights.size === 0 && session.intake.size === 0) {
      const { index, bestPrice } = result.tooDear
      const error = tooExpensive(session, index, bestPrice);
      [...session.interests].filter(({ wanted }) => wanted.has(index)).forEach(interest => { interest.failed(error) })
    }
  }

  /** Bytes of a peer's window that sessions wait for which were served earlier than this one. */
  #reserved (session: Session, peer: Peer): number {
    let bytes = 0

    for (const other of this.#sessions.values()) {
      if (other !== session && other.servedAt < session.servedAt && other.waitsFor.has(peer)) {
        bytes += other.shape.blockSize
      }
    }

    return bytes
  }

  #perform (session: Session, actions: Action[]): void {
    const requests = new Map<Peer, IndexRange[]>()

    for (const action of actions) {
      switch (action.type) {
        case 'ask':
          this.#ask(session, action.candidate, action.ranges, action.again)
          break
        case 'request': {
          const { candidate: { peer }, range, interest } = action
          this.#flights.request(session, action.candidate, range, action.duplicate)
          session.served(interest)
          requests.set(peer, [...requests.get(peer) ?? [], range])
          break
        }
        case 'cancel':
          this.#flights.cancel(session, action.indices)
          break
        default:
          this.#members.find(session)
      }
    }

    session.servedAt = requests.size > 0 ? ++this.#turn : session.servedAt

    for (const [peer, ranges] of requests) {
      peer.link?.request(session.shape.root, ranges, session.shape.blockSize)
    }
  }

  #ask (session: Session, { peer, dataset }: Candidate, ranges: IndexRange[], again: boolean): void {
    const [first, ...rest] = ranges

    if (again) {
      dataset.askAgain()
    }

    ranges.forEach(range => { dataset.ask(range, this.#now) })

    for (const message of countOf(ranges) <= 2 * FIRST_ASK ? [ranges] : [[first], rest]) {
      peer.link?.askHave(session.shape.root, message)
    }
  }

  #end (session: Session): void {
    this.#flights.cancel(session, [...session.flights.keys()])
    session.stopSearching()
    session.wakeAt = Infinity

    if (session.intake.size === 0) {
      this.#sessions.delete(session.key)
      this.#init.peers.retire(session.key, key => this.#sessions.has(key))
      session.ended()
    }
  }
}
