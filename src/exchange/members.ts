/**
 * Whom a session may ask: finds peers for it, connects to them, and keeps those that are of use.
 */
import { providerKey } from './provider-key.ts'
import type { Buying } from './buying.ts'
import type { Candidate } from './candidate.ts'
import type { Dialer } from './dialer.ts'
import type { DiscoveryQueue } from './discovery-queue.ts'
import type { Peer, PeerAdmin } from './peer-admin.ts'
import type { Session } from './session.ts'
import type { Limits } from '../constants.ts'
import type { Emit } from '../events.ts'
import type { Clock, Provider } from '../interfaces.ts'

/** Providers remembered for one session. */
const MAX_HINTS = 1_024
/** Errors of lookups kept to be told. */
const MAX_ERRORS = 8

export interface MembersInit {
  peers: PeerAdmin
  buying: Buying
  dialer: Dialer
  discovery: DiscoveryQueue
  clock: Clock
  limits: Limits
  emit: Emit
  /** Queues a change: what happens later must not happen in the middle of another change. */
  change(fn: () => void): void
  /** The session is to be planned anew. */
  touch(session: Session): void
}

export class Members {
  readonly #init: MembersInit

  constructor (init: MembersInit) {
    this.#init = init
  }

  /** A provider that may serve the session: connects to it unless it is connected. */
  provider (session: Session, provider: Provider): void {
    const key = providerKey(provider)

    if (this.#init.peers.isBanned(key, this.#init.clock.now())) {
      return
    }

    if (this.#init.peers.get(key)?.link != null) {
      this.hint(session, key)
    } else {
      this.#init.dialer.dial(provider, peer => { this.#init.change(() => { this.hint(session, peer) }) })
    }
  }

  /** A peer that is expected to have what the session wants. */
  hint (session: Session, peer: string): void {
    if (session.hinted.size < MAX_HINTS) {
      session.hinted.add(peer)
    }

    const linked = this.#init.peers.get(peer)

    if (linked?.link != null) {
      linked.dataset(session.key, session.shape).likely = true
    }

    this.#init.touch(session)
  }

  /** Looks its names up, and tries the providers again that its readers gave. */
  find (session: Session): void {
    const { discovery, limits, emit, change, touch, clock } = this.#init
    session.findAt = clock.now() + session.findAgain
    session.findAgain = Math.min(session.findAgain * 2, limits.lookupIntervalMax)
    session.interests.forEach(({ providers }) => { providers.forEach(provider => { this.provider(session, provider) }) })

    for (const cid of session.names) {
      session.lookups.begun++
      emit('codex:discovery:find', { cid })
      discovery.find(cid, {
        found: provider => {
          emit('codex:discovery:found', { cid, provider: providerKey(provider) })
          change(() => { this.provider(session, provider) })
        },
        ended: (providers, error) => {
          emit('codex:discovery:end', { cid, providers, error })
          change(() => {
            session.lookups.ended++
            session.errors.push(...error == null ? [] : [error])
            session.errors.splice(0, session.errors.length - MAX_ERRORS)
            touch(session)
          })
        }
      })
    }
  }

  /** The peers that the session uses: those that are said to have it first, then whoever is there. */
  candidates (session: Session): Candidate[] {
    const { peers, limits, buying } = this.#init
    const { members } = session
    const isUseful = (peer: Peer): boolean => {
      const dataset = peer.dataset(session.key, session.shape)
      return dataset.have.count > 0 || dataset.likely || !dataset.unanswered.isEmpty
    }

    for (const peer of peers.linked()) {
      if (session.hinted.has(peer.id)) {
        peer.dataset(session.key, session.shape).likely = true
      }

      if (members.has(peer) || (members.size >= limits.sessionPeers && !isUseful(peer))) {
        continue
      }

      if (members.size >= limits.sessionPeers) {
        const useless = [...members].find(member => !isUseful(member))

        if (useless == null) {
          continue
        }

        members.delete(useless)
      }

      members.add(peer)
    }

    return [...members].map(peer => {
      const dataset = peer.dataset(session.key, session.shape)
      return { peer, dataset, buys: buying.buys(peer, dataset, session.shape.root) }
    })
  }
}
