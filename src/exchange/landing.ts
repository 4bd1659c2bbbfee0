/**
 * Blocks that come: sorted out, given to the intake, and, once they are verified and stored, to those who want them.
 */
import { formatCid, isTreeCid } from '../dataset/codecs.ts'
import { rangesOf } from '../dataset/ranges.ts'
import { copyOf } from '../dataset/verify.ts'
import { VerificationError } from '../errors.ts'
import { isAuthorsFault } from './intake.ts'
import type { Buying } from './buying.ts'
import type { ExchangeCounters } from './counters.ts'
import type { Flights } from './flights.ts'
import type { Intake, IntakeResult } from './intake.ts'
import type { Peer } from './peer-admin.ts'
import type { Session } from './session.ts'
import type { Limits } from '../constants.ts'
import type { Delivery } from '../dataset/delivery.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { Emit } from '../events.ts'
import type { Clock } from '../interfaces.ts'
import type { CID } from 'multiformats/cid'

export interface LandingInit {
  flights: Flights
  buying: Buying
  intake: Intake
  counters: ExchangeCounters
  clock: Clock
  limits: Limits
  emit: Emit
  /** The session of a root, by its text. */
  session(key: string): Session | undefined
  /** Told of a session that is to be planned anew. */
  touch(session: Session): void
  /** Told what has come into the local store. */
  stored(root: CID, ranges: IndexRange[]): void
}

/** Who sent what does not verify. */
export interface Liar {
  peer: Peer
  error: Error
}

export class Landing {
  readonly #init: LandingInit

  constructor (init: LandingInit) {
    this.#init = init
  }

  delivered (peer: Peer, deliveries: Delivery[]): void {
    const bySession = new Map<Session, Delivery[]>()

    for (const delivery of deliveries) {
      const session = this.#init.session(formatCid(delivery.root))

      if (session == null || delivery.index >= session.shape.leaves) {
        this.#count('duplicate', peer, [delivery])
        continue
      }

      const list = bySession.get(session)

      if (list == null) {
        bySession.set(session, [delivery])
      } else {
        list.push(delivery)
      }
    }

    for (const [session, list] of bySession) {
      this.#land(session, peer, list)
    }
  }

  /** A batch went through the intake. Gives back who lied. */
  taken (result: IntakeResult): Liar[] {
    const { session, peer, indices, verified, rejected, refused, stored, price, askedAt } = result
    const { root } = session.shape
    const { buying, emit } = this.#init

    for (const block of verified) {
      this.#count(session.intake.get(block.index) === true ? 'late' : 'used', peer, [block])
    }

    indices.forEach(index => { session.tookIn(index) })
    this.#init.flights.freed = true

    if (refused != null && session.refused == null) {
      session.refused = refused
      emit('codex:store:refused', { root, error: refused })
    }

    if (verified.length > 0) {
      this.#use(session, peer, verified)
      buying.pay(peer, verified.length, price)
      emit('codex:blocks:verified', {
        peer: peer.id,
        root,
        indices: verified.map(({ index }) => index),
        bytes: verified.reduce((sum, { data }) => sum + data.byteLength, 0),
        stored,
        milliseconds: askedAt == null ? undefined : this.#init.clock.now() - askedAt
      })
    }

    if (stored) {
      this.#init.stored(root, rangesOf(verified.map(({ index }) => index).sort((a, b) => a - b)))
    }

    const liars: Liar[] = []

    for (const { index, error, bytes } of rejected) {
      this.#init.counters.rejected.blocks++
      this.#init.counters.rejected.bytes += bytes
      peer.counters.rejected++
      buying.spend(-1, price)
      emit('codex:blocks:rejected', { peer: peer.id, root, index, error })
      session.note(new VerificationError(`${peer.id} sent a wrong block ${index}: ${error.message}`, { cid: root, index, peer: peer.id, cause: error }))

      if (isAuthorsFault(error)) {
        [...session.interests].filter(({ wanted }) => wanted.has(index)).forEach(interest => { interest.failed(error) })
      } else {
        liars.push({ peer, error })
      }
    }

    this.#init.touch(session)

    return liars
  }

  #land (session: Session, peer: Peer, deliveries: Delivery[]): void {
    const { shape } = session
    const { buying, intake, clock } = this.#init
    const now = clock.now()
    const dataset = peer.dataset(session.key, shape)
    const { queued } = peer
    const byPrice = new Map<bigint, Delivery[]>()
    let bytes = 0
    let askedAt: number | undefined

    for (const delivery of deliveries) {
      const { index, data } = delivery
      const request = session.flights.get(index)?.find(request => request.peer === peer)
      bytes += data.byteLength

      if (request != null) {
        this.#init.flights.land(session, request, index)
        askedAt = Math.min(askedAt ?? Infinity, request.sentAt)
      }

      if (session.intake.has(index) || !session.isWanted(index)) {
        this.#count('duplicate', peer, [delivery])
        continue
      }

      const price = request?.price ?? dataset.price ?? 0n
      const list = byPrice.get(price) ?? []
      byPrice.set(price, list)
      list.push(delivery)
      session.takeIn(index, request == null)
      buying.spend(1, price)
    }

    // the pace is of what is asked, a block as long as it may be; how long a standalone one is nobody knows
    if (isTreeCid(shape.root)) {
      peer.delivered(bytes, deliveries.length * shape.blockSize, queued, now)
    } else {
      peer.delivered(bytes, bytes, 0, now)
    }

    byPrice.forEach((list, price) => { intake.push(session, peer, list, price, askedAt) })
    this.#init.touch(session)
  }

  #use (session: Session, peer: Peer, blocks: VerifiedBlock[]): void {
    const dataset = peer.dataset(session.key, session.shape)
    dataset.likely = true
    session.findAgain = this.#init.limits.lookupInterval

    for (const { index } of blocks) {
      dataset.have.set(index)
      dataset.failed.delete({ start: index, end: index + 1 })
    }

    this.#init.flights.cancel(session, blocks.map(({ index }) => index))

    const given = new Set<number>()

    for (const interest of session.interests) {
      const wanted = blocks.filter(({ index }) => interest.wanted.has(index))

      if (wanted.length > 0) {
        wanted.forEach(({ index }) => { interest.wanted.delete({ start: index, end: index + 1 }) })
        interest.arrived(interest.reads ? wanted.map(block => given.has(block.index) ? copyOf(block) : block) : wanted, peer.id)
        wanted.filter(() => interest.reads).forEach(({ index }) => given.add(index))
      }
    }
  }

  #count (kind: 'used' | 'late' | 'duplicate', peer: Peer, blocks: Array<{ data: Uint8Array }>): void {
    for (const { data } of blocks) {
      this.#init.counters[kind].blocks++
      this.#init.counters[kind].bytes += data.byteLength
      peer.counters[kind]++
    }
  }
}
