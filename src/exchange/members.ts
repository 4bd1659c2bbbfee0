/**
 * Whom a session may ask: finds peers for it, connects to them, and keeps those that are of use.
 */
import { providerKey } from './provider-key.ts'
import type { Buying } from './buying.ts'
import type { Candidate } from './candidate.ts'
import type { Dialer } from './dialer.ts'
import type { DiscoveryQueue } from './discovery-queue.ts'
import type { Peer, PeerAdmin, PeerDataset } from './peer-admin.ts'
import type { Session } from './session.ts'
import type { Limits } from '../constants.ts'
import type { Emit } from '../events.ts'
import type { Clock, Provider } from '../interfaces.ts'
import type { PeerId } from '@libp2p/interface'

/** Providers remembered for one session, and peers. */
const MAX_PROVIDERS = 1_024

/** Milliseconds between two attempts to reach known providers while others deliver. */
const REDIAL = 10_000

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
  /** A peer is connected and has no link. */
  reopen(peer: PeerId): void
}

export class Members {
  readonly #init: MembersInit

  constructor (init: MembersInit) {
    this.#init = init
  }

  /** A provider that may serve the session: connects to it unless it is connected. */
  provider (session: Session, provider: Provider): void {
    const key = providerKey(provider)

    if (session.providers.size < MAX_PROVIDERS || session.providers.has(key)) {
      session.providers.set(key, provider)
      this.#connect(session, key, provider)
    }
  }

  /** A peer that is expected to have what the session wants. */
  hint (session: Session, peer: string): void {
    if (!session.hinted.has(peer) && session.hinted.size < MAX_PROVIDERS) {
      session.hinted.add(peer)
      session.regather = true
      this.#init.touch(session)
    }
  }

  /** Tries the providers again that are known, and looks for others unless that was done a short while ago. */
  find (session: Session): void {
    const { discovery, limits, emit, change, touch, clock } = this.#init
    const now = clock.now()
    session.regather = true
    session.providers.forEach((provider, key) => { this.#connect(session, key, provider) })

    if (session.findAt > now || session.lookups.ended < session.lookups.begun) {
      return
    }

    session.searchedAt = Math.min(session.searchedAt, now + limits.lookupTimeout)
    session.findAt = now + session.findAgain
    session.findAgain = Math.min(session.findAgain * 2, limits.lookupIntervalMax)

    for (const cid of session.names) {
      session.lookups.begun++
      emit('codex:discovery:find', { cid })
      const forget = discovery.find(cid, {
        found: provider => {
          emit('codex:discovery:found', { cid, provider: providerKey(provider) })
          change(() => { this.provider(session, provider) })
        },
        ended: (providers, error) => {
          emit('codex:discovery:end', { cid, providers, error })
          change(() => {
            session.searches.delete(forget)
            session.lookups.ended++

            if (error != null) {
              session.note(error)
            }

            touch(session)
          })
        }
      })
      session.searches.add(forget)
    }
  }

  /**
   * Connects again to providers that are known and gone, or were not reached, however well others deliver. Gives when to come
   * back, in the clock's milliseconds.
   */
  redial (session: Session): number {
    const { clock, peers } = this.#init
    const now = clock.now()

    if (now < session.redialAt) {
      return session.redialAt
    }

    const gone = [...session.providers].filter(([key]) => peers.get(idOf(key))?.link == null)
    session.redialAt = now + REDIAL
    gone.forEach(([key, provider]) => { this.#connect(session, key, provider) })

    return gone.length > 0 ? session.redialAt : Infinity
  }

  /** The peers that the session uses: those that are said to have it first, then whoever is there. */
  candidates (session: Session): Candidate[] {
    const { buying } = this.#init

    if (session.regather) {
      session.regather = false
      this.#gather(session)
    }

    return [...session.members].map(peer => {
      const dataset = peer.dataset(session.key, session.shape)
      return { peer, dataset, buys: buying.buys(peer, dataset, session.shape.root) }
    })
  }

  /** Takes in who is linked, while there is room and then for those of less use. */
  #gather (session: Session): void {
    const { peers, limits } = this.#init
    const { members, hinted, key, shape } = session
    const use = (peer: Peer): number => useOf(peer, peer.datasets.get(key))

    for (const id of hinted) {
      const peer = peers.get(id)

      if (peer?.link != null) {
        peer.dataset(key, shape).likely = true
      }
    }

    for (const peer of peers.linked()) {
      if (members.size < limits.sessionPeers) {
        members.add(peer)
      }
    }

    let least = leastOf(members, use)

    for (const peer of least == null || least.use === MOST_USE ? [] : peers.linked()) {
      if (least != null && !members.has(peer) && use(peer) > least.use) {
        members.delete(least.peer)
        members.add(peer)
        least = leastOf(members, use)
      }
    }
  }

  #connect (session: Session, key: string, provider: Provider): void {
    const { peers, dialer, clock, change } = this.#init
    const id = idOf(key)

    if (peers.get(id)?.link != null) {
      this.hint(session, id)
    } else if (!peers.isBanned(key, clock.now()) && !session.dials.has(key)) {
      const ended = (fn: () => void): void => {
        change(() => {
          session.dials.delete(key)
          fn()
          // it may have been the last that could have what nobody else has
          session.interests.forEach(interest => { interest.looked?.() })
        })
      }
      const forget = dialer.dial(provider, {
        done: peer => { ended(() => { this.#connected(session, peer) }) },
        failed: error => { ended(() => { session.note(error) }) }
      })

      if (forget != null) {
        session.dials.set(key, forget)
      }
    }
  }

  #connected (session: Session, peer: PeerId): void {
    const id = peer.toString()
    const { peers, clock, reopen } = this.#init

    if (peers.get(id)?.link == null && !peers.isBanned(id, clock.now())) {
      reopen(peer)
    }

    this.hint(session, id)
  }
}

/** Of how much use a peer is to a session, the least first. */
const USES = ['none', 'has it and does not deliver', 'not asked', 'being asked', 'has it'] as const
const MOST_USE = USES.indexOf('has it')

function useOf (peer: Peer, dataset: PeerDataset | undefined): number {
  return USES.indexOf(useNamed(peer, dataset))
}

function useNamed ({ failures, counters: { timeouts, used } }: Peer, dataset: PeerDataset | undefined): typeof USES[number] {
  if (dataset == null) {
    return 'not asked'
  }

  const { have, likely, asked, unanswered, silent } = dataset

  if (have.count > 0 || likely) {
    return failures > 1 || (timeouts > 0 && used === 0) ? 'has it and does not deliver' : 'has it'
  }

  if (!unanswered.isEmpty && silent.isEmpty) {
    return 'being asked'
  }

  return asked.isEmpty ? 'not asked' : 'none'
}

function leastOf (members: Iterable<Peer>, use: (peer: Peer) => number): { peer: Peer, use: number } | undefined {
  let least: { peer: Peer, use: number } | undefined

  for (const peer of members) {
    const of = use(peer)

    if (least == null || of < least.use) {
      least = { peer, use: of }
    }
  }

  return least
}

/** The peer's id that a provider's key ends in, or the key where it tells none. */
function idOf (key: string): string {
  const [, id] = /\/p2p\/([^/]+)$/.exec(key) ?? []

  return id ?? key
}
