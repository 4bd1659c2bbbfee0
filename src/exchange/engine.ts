/**
 * The exchange: one queue of what happens (links, answers, deliveries, wants, time). Each change is applied in turn;
 * then what it touched is planned and the plan carried out. One timer wakes it when nothing happens.
 */
import { NotRunningError, ProtocolError } from '../errors.ts'
import { Buying } from './buying.ts'
import { newCounters } from './counters.ts'
import { Dialer } from './dialer.ts'
import { DiscoveryQueue } from './discovery-queue.ts'
import { Fetcher } from './fetcher.ts'
import { Intake } from './intake.ts'
import { PeerAdmin } from './peer-admin.ts'
import { servesNothing } from './serving.ts'
import type { Peer } from './peer-admin.ts'
import type { ExchangeProtocol, LinkHandler, PeerLink, PeerWant } from './peer-link.ts'
import type { Serving } from './serving.ts'
import type { Interest, Session, SessionInit } from './session.ts'
import type { Limits } from '../constants.ts'
import type { Delivery } from '../dataset/delivery.ts'
import type { Hasher } from '../dataset/hasher.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { verify } from '../dataset/verify.ts'
import type { Emit } from '../events.ts'
import type { BuyPolicy, Clock, Discovery, Payment, Random, Transport } from '../interfaces.ts'
import type { LocalStore } from '../stores/local-store.ts'
import type { CID } from 'multiformats/cid'

export interface EngineInit {
  transport: Transport
  protocols: ExchangeProtocol[]
  discovery: Discovery
  store: LocalStore
  policy: BuyPolicy
  payment?: Payment
  /** False makes a client only. */
  serve: boolean
  clock: Clock
  random: Random
  hasher: Hasher
  limits: Limits
  emit: Emit
  /** How blocks are verified: `verify`, unless what is around it is measured. */
  verify?: typeof verify
}

export class Engine implements LinkHandler {
  readonly counters = newCounters()
  readonly peers: PeerAdmin
  readonly #init: EngineInit
  readonly #buying: Buying
  readonly #dialer: Dialer
  readonly #discovery: DiscoveryQueue
  readonly #intake: Intake
  #server: Serving = servesNothing
  readonly #fetcher: Fetcher
  #changes: Array<() => void> = []
  #scheduled = false
  #running = false
  #timer: unknown
  #wakeAt = Infinity

  constructor (init: EngineInit) {
    const { clock, random, limits, emit, hasher, store, transport, discovery, policy, payment } = init
    const { counters } = this
    this.#init = init
    this.peers = new PeerAdmin(limits)
    this.#buying = new Buying({
      policy,
      payment,
      clock,
      onError: (peer, error) => { emit('codex:payment:error', { peer, error }) }
    })
    this.#discovery = new DiscoveryQueue({ discovery, clock, limits })
    this.#dialer = new Dialer({
      transport,
      clock,
      limits,
      onError: (provider, error) => { emit('codex:dial:error', { provider, error }) }
    })
    this.#intake = new Intake({
      store,
      hasher,
      limits,
      verify: init.verify,
      done: result => {
        this.#change(() => { this.#fetcher.taken(result).forEach(({ peer, error }) => { this.#ban(peer, error) }) })
      }
    })
    this.#fetcher = new Fetcher({
      peers: this.peers,
      buying: this.#buying,
      dialer: this.#dialer,
      discovery: this.#discovery,
      intake: this.#intake,
      stored: (root, ranges) => { this.#server.stored(root, ranges) },
      counters,
      clock,
      random,
      limits,
      emit,
      change: fn => { this.#change(fn) },
      reopen: peer => { init.protocols.forEach(protocol => { protocol.reopen?.(peer) }) }
    })
  }

  /** Speaks the protocols from now on. An engine starts and stops once. */
  async start (): Promise<void> {
    if (this.#init.serve) {
      await this.#loadServer()
    }

    this.#running = true

    for (const protocol of this.#init.protocols) {
      await protocol.start(this.#init.transport, this, this.#init.clock)
    }
  }

  /** Fails every reader, closes every link, and waits for what is under way. */
  async stop (): Promise<void> {
    this.#running = false
    this.#changes = []
    this.#init.clock.clearTimeout(this.#timer)
    this.#wakeAt = Infinity
    this.#fetcher.stop(new NotRunningError('stopped while this was going on'))
    await Promise.all(this.#init.protocols.map(async protocol => { await protocol.stop() }))
    await Promise.all([this.#dialer.stop(), this.#discovery.stop(), this.#server.stop(), this.#intake.stop(), this.#buying.stop()])
    this.peers.clear()
  }

  /**
   * Wants blocks of a dataset, or a standalone block, on behalf of `interest`, from now until `leave`.
   *
   * @throws {NotRunningError}
   * @throws {InvalidDatasetError} when it is being fetched with another shape
   */
  join (init: SessionInit, interest: Interest): Session {
    if (!this.#running) {
      throw new NotRunningError('not started')
    }

    const session = this.#fetcher.join(init, interest)
    this.#change(() => {})

    return session
  }

  /** What an interest of the session wants, or waits for, has changed. `dropped`: it wants something no more. */
  changed (session: Session, dropped = false): void {
    session.dropped ||= dropped
    this.#change(() => { this.#fetcher.touch(session) })
  }

  leave (session: Session, interest: Interest): void {
    session.interests.delete(interest)
    this.changed(session, true)
  }

  /** Blocks are in the local store by another way than the exchange. */
  stored (root: CID, ranges: IndexRange[]): void {
    this.#server.stored(root, ranges)
  }

  /** Announces a CID. Resolves when that is done; what fails is told as an event. */
  async provide (cid: CID): Promise<void> {
    return this.#discovery.provide(cid, error => { this.#init.emit('codex:discovery:provide-error', { cid, error }) })
  }

  /** Whether all who are known said that they have not got a block, and nobody else could be found. */
  isHadByNobody (session: Session, index: number): boolean {
    return this.#fetcher.isHadByNobody(session, index)
  }

  /** Whether a block comes so much later than others deliver, that it is sooner recovered of what they have. */
  isLate (session: Session, index: number): boolean {
    return this.#fetcher.isLate(session, index)
  }

  /** Peers that blocks of a session are asked of now. */
  peersOf (session: Session): number {
    return this.#fetcher.peersOf(session)
  }

  /** Blocks that readers want and have not got; one that two want counts twice. */
  get pending (): number {
    return this.#fetcher.wanted
  }

  /** Spent so far, in the smallest unit of the network's token. */
  get spent (): bigint {
    return this.#buying.spent
  }

  /** Entries of every map and bytes of every queue, for those who watch for leaks. */
  get sizes (): Record<string, number> {
    return {
      ...this.#fetcher.sizes,
      ...this.peers.sizes,
      intakeBytes: this.#intake.bytes,
      dials: this.#dialer.size,
      failedDials: this.#dialer.failed,
      lookups: this.#discovery.size,
      announcements: this.#discovery.announcements,
      payments: this.#buying.size,
      clients: this.#server.size,
      wants: this.#server.wants,
      timers: this.#wakeAt === Infinity ? 0 : 1,
      ...this.#protocolSizes
    }
  }

  get #protocolSizes (): Record<string, number> {
    const all: Record<string, number> = {}

    for (const { sizes = {} } of this.#init.protocols) {
      for (const [name, size] of Object.entries(sizes)) {
        all[name] = (all[name] ?? 0) + size
      }
    }

    return all
  }

  opened (link: PeerLink): void {
    this.#change(() => {
      if (this.peers.isBanned(link.peer, this.#init.clock.now())) {
        link.close()
        return
      }

      const { links } = this.peers.opened(link)

      if (links.length === 1) {
        this.#init.emit('codex:peer:connect', { peer: link.peer })
      }

      if (this.#buying.account != null) {
        link.account(this.#buying.account)
      }

      this.#fetcher.touchAll()
    })
  }

  closed (link: PeerLink, error?: Error): void {
    this.#changeOf(link, peer => {
      this.#unlink(peer, link, error)

      if (error instanceof ProtocolError) {
        this.#ban(peer, error)
      }
    })
  }

  have (link: PeerLink, root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void {
    this.#changeOf(link, peer => {
      this.#server.had(link, root, answer.have)
      this.#fetcher.answered(peer, root, answer)
    })
  }

  delivered (link: PeerLink, deliveries: Delivery[]): void {
    this.#changeOf(link, peer => { this.#fetcher.delivered(peer, deliveries) })
  }

  refused (link: PeerLink, root: CID, ranges: IndexRange[]): void {
    this.#changeOf(link, peer => { this.#fetcher.refused(peer, root, ranges) })
  }

  wanted (link: PeerLink, wants: PeerWant[]): void {
    this.#changeOf(link, () => { this.#server.wanted(link, wants) })
  }

  account (link: PeerLink, address: Uint8Array): void {
    this.#changeOf(link, peer => {
      peer.account = address
      this.#fetcher.touchAll()
    })
  }

  payment (link: PeerLink, update: Uint8Array): void {
    this.#changeOf(link, peer => { this.#buying.received(peer.id, update) })
  }

  /** A client only does without it. */
  async #loadServer (): Promise<void> {
    const { store, clock, limits, emit } = this.#init
    const { served } = this.counters
    const { Server } = await import('./server.ts')

    this.#server = new Server({
      store,
      clock,
      limits,
      price: this.#buying.price,
      served: (peer, blocks, bytes) => {
        served.blocks += blocks
        served.bytes += bytes
        emit('codex:blocks:served', { peer, blocks, bytes })
      },
      failed: (peer, error) => { this.peers.get(peer)?.link?.close(error) }
    })
  }

  #ban (peer: Peer, error: Error): void {
    if (this.peers.isBanned(peer.id, this.#init.clock.now())) {
      return
    }

    this.peers.ban(peer.id, this.#init.clock.now())
    this.#init.emit('codex:peer:ban', { peer: peer.id, error })

    for (const link of [...peer.links]) {
      link.close(error)
      this.#unlink(peer, link, error)
    }
  }

  /** A link is gone. What was asked over it is asked anew: over another link of the peer, or of others. */
  #unlink (peer: Peer, link: PeerLink, error?: Error): void {
    this.#server.closed(link)

    if (peer.link === link) {
      this.#fetcher.lost(peer)
    }

    if (!this.peers.unlinked(peer, link)) {
      this.peers.closed(peer)
      this.#init.emit('codex:peer:disconnect', { peer: peer.id, error })
    } else if (peer.link === link) {
      this.peers.relink(peer)
      this.#fetcher.touchAll()
    }
  }

  /** Queues a change that concerns a peer; it is passed over when the link is no longer the peer's. */
  #changeOf (link: PeerLink, fn: (peer: Peer) => void): void {
    this.#change(() => {
      const peer = this.peers.get(link.peer)

      if (peer?.links.includes(link) === true) {
        fn(peer)
      }
    })
  }

  #change (fn: () => void): void {
    if (!this.#running) {
      return
    }

    this.#changes.push(fn)

    if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => { this.#run() })
    }
  }

  #run (): void {
    this.#scheduled = false

    if (!this.#running) {
      return
    }

    const changes = this.#changes
    this.#changes = []
    changes.forEach(change => { change() })
    this.#sleep(this.#fetcher.step())
  }

  #sleep (wakeAt: number): void {
    if (wakeAt === this.#wakeAt) {
      return
    }

    const { clock } = this.#init
    clock.clearTimeout(this.#timer)
    this.#wakeAt = wakeAt

    if (wakeAt < Infinity) {
      this.#timer = clock.setTimeout(() => {
        this.#wakeAt = Infinity
        this.#change(() => {})
      }, Math.max(0, wakeAt - clock.now()))
    }
  }
}
