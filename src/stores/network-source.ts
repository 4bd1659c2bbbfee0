/**
 * One reader's view of a dataset: blocks of the local store come from there, the others through a session of the
 * exchange. It holds no more than its reader wanted and has not taken.
 */
import { formatCid, isTreeCid } from '../dataset/codecs.ts'
import { indicesOf, RangeSet } from '../dataset/ranges.ts'
import { NotFoundError } from '../errors.ts'
import { LocalReads } from './local-reads.ts'
import { parallel } from './parallel.ts'
import type { BlockSource, Outlook } from './block-source.ts'
import type { LocalStore } from './local-store.ts'
import type { StoredTree } from './stored-tree.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'
import type { Engine } from '../exchange/engine.ts'
import type { Interest, Session, SessionInit } from '../exchange/session.ts'
import type { Clock, Provider } from '../interfaces.ts'

/** Intervals that are looked up in the local store at the same time. */
const LOOKUPS = 32

export interface SourceOptions {
  /** Where it may be found, as the caller knows. */
  providers: Provider[]
  /** Asks nobody. */
  offline: boolean
  /** Whether what comes is kept in the local store. */
  store: boolean
  /** Milliseconds to wait without a verified byte. */
  patience: number
  /** End of what will be wanted, as an index; 0 for one who picks blocks here and there and has no window. */
  horizon: number
  order: 'sequential' | 'rarest'
  /** False for one who takes no blocks and only wants them to be in the store. */
  reads: boolean
  /** Told which blocks came from peers, as they come. */
  came?(blocks: VerifiedBlock[]): void
}

export interface SourceInit extends Omit<SessionInit, 'tree'> {
  engine: Engine
  store: LocalStore
  /** Absent for a standalone block, and where the store could not open it. The source releases it when it is closed. */
  tree?: StoredTree
  clock: Clock
  options: SourceOptions
  /** Bytes that the reader may want ahead. */
  window(): number
  closed(source: NetworkSource): void
}

/** Blocks, by where they came from. */
export interface SourceFigures {
  fromStore: number
  fromPeers: number
  recovered: number
  /** Ids of the peers that sent them. */
  readonly peers: Set<string>
}

export class NetworkSource implements BlockSource, Interest {
  readonly wanted = new RangeSet()
  readonly figures: SourceFigures = { fromStore: 0, fromPeers: 0, recovered: 0, peers: new Set() }
  waitingFor?: number
  stallsAt?: number
  readonly #init: SourceInit
  readonly #local: LocalReads
  /** What the reader wants: in the local store, held here, or in `wanted`. */
  readonly #desired = new RangeSet()
  readonly #held = new Map<number, VerifiedBlock>()
  /** Of what the reader wants: what is beyond a window that has become smaller. It is not wanted before it is within. */
  readonly #shelved = new RangeSet()
  #session?: Session
  #failure?: { reason: unknown }
  #closed = false
  #givesUp = false
  /** What is late, as far as the reader was told. */
  readonly #lates = new Set<number>()
  /** Sorting what is desired into here and wanted: one after the other. */
  #sorting: Promise<void> = Promise.resolve()
  #sorts = 0
  /** Rises whenever something happened that a waiting reader should look at. */
  #news = 0
  readonly #waiting = new Set<() => void>()

  constructor (init: SourceInit) {
    this.#init = init
    this.#local = new LocalReads(init.store, init.shape, init.tree)
  }

  get shape (): DatasetShape { return this.#init.shape }
  get window (): number { return this.#init.window() }
  get horizon (): number { return this.#init.options.horizon }
  get order (): 'sequential' | 'rarest' { return this.#init.options.order }
  /** Whether it takes blocks in order, ahead of a cursor. */
  get isReader (): boolean { return this.reads && this.horizon > 0 }
  get reads (): boolean { return this.#init.options.reads }
  get store (): boolean { return this.#init.options.store }
  get providers (): Provider[] { return this.#init.options.providers }
  get patience (): number { return this.#init.options.patience }

  /** Bytes of blocks that are here and not taken. */
  get heldBytes (): number {
    let bytes = 0
    this.#held.forEach(({ data }) => { bytes += data.byteLength })

    return bytes
  }

  /** Peers that blocks are asked of now. */
  get activePeers (): number {
    return this.#session == null ? 0 : this.#init.engine.peersOf(this.#session)
  }

  /** Why the store would not take what came. */
  get refused (): Error | undefined {
    return this.#session?.refused
  }

  want (ranges: IndexRange[]): void {
    ranges.forEach(range => { this.#desired.add(range) })
    this.#sorts++
    this.#sorting = this.#sorting.then(async () => this.#sort(ranges)).catch(err => { this.#fail(err) }).finally(() => {
      this.#sorts--
      this.#tell()
    })
  }

  drop (ranges: IndexRange[]): void {
    for (const range of ranges) {
      this.#desired.delete(range)
      this.#shelved.delete(range)
    }

    this.#letGo(ranges)
    this.#tell()
  }

  /** The window has become smaller: a reader lets go of what is beyond it until it comes near. */
  shrink (): void {
    if (!this.isReader) {
      return
    }

    const start = (this.#desired.first ?? 0) + this.#windowBlocks
    const beyond = this.#desired.intersection({ start, end: Infinity })

    if (beyond.length > 0) {
      beyond.forEach(range => { this.#shelved.add(range) })
      this.#letGo(beyond)
    }
  }

  async next (cursor: number, maxBytes: number, giveUp = false): Promise<VerifiedBlock[]> {
    for (;;) {
      const news = this.#news
      this.#unshelve(cursor)
      const held = this.#takeHeld(cursor, maxBytes)

      if (held.length > 0) {
        return held
      }

      if (this.#failure != null) {
        throw this.#failure.reason
      }

      const local = await this.#readLocal(cursor, maxBytes)

      if (local.length > 0) {
        return local
      }

      if (giveUp && (!this.#desired.has(cursor) || ['nobody', 'late'].includes(this.outlook(cursor).state))) {
        return []
      }

      this.#givesUp = giveUp
      await this.#newsAfter(news, cursor)
    }
  }

  /**
   * A reader that gives up is told as soon as nobody has what it waits for, or somebody recovered it, and once of each block
   * that it waits for and that is late.
   */
  looked (): void {
    const index = this.waitingFor ?? this.wanted.first

    if (this.#givesUp && index != null && (['nobody', 'here'].includes(this.outlook(index).state) || this.#isNewlyLate(index))) {
      this.#tell()
    }
  }

  /** Whether something is late that the reader was not told of: what it waits for, or, where it picks, any of what it wants. */
  #isNewlyLate (index: number): boolean {
    const watched = this.isReader ? [index] : indicesOf(this.wanted)
    let news = false

    for (const index of watched) {
      const known = this.#lates.has(index)

      // it may be late no more by the time that the reader looks, and late again after that
      if (this.outlook(index).state !== 'late') {
        this.#lates.delete(index)
      } else if (!known) {
        this.#lates.add(index)
        news = true
      }
    }

    return news
  }

  /** Whether nobody has the first block that is wanted. */
  get isFirstNobodys (): boolean {
    return this.wanted.first != null && this.outlook(this.wanted.first).state === 'nobody'
  }

  async progressed (seen: number, giveUp = false): Promise<number> {
    this.#givesUp = giveUp
    await this.#sorting
    await this.#newsAfter(seen, undefined)

    if (this.#failure != null) {
      throw this.#failure.reason
    }

    return this.#news
  }

  outlook (index: number): Outlook {
    if (this.#held.has(index)) {
      return { state: 'here' }
    }

    if (this.#isComing(index)) {
      return { state: 'coming', eta: 0 }
    }

    if (this.#local.has(index)) {
      return { state: 'here' }
    }

    if (this.#sorts === 0 && this.#session != null && this.#init.engine.isHadByNobody(this.#session, index)) {
      return { state: 'nobody' }
    }

    const requests = this.#session?.flights.get(index) ?? []

    if (this.#session != null && this.#init.engine.isLate(this.#session, index)) {
      return { state: 'late' }
    }

    if (requests.length > 0) {
      return { state: 'coming', eta: Math.max(0, Math.min(...requests.map(({ expectedAt }) => expectedAt)) - this.#init.clock.now()) }
    }

    return { state: 'coming', eta: Infinity }
  }

  close (reason?: unknown): void {
    if (this.#closed) {
      return
    }

    this.#closed = true
    this.#fail(reason ?? new Error('closed'))
    this.#held.clear()
    this.#desired.clear()
    this.#shelved.clear()
    this.wanted.clear()
    this.#lates.clear()

    if (this.#session != null) {
      this.#init.engine.leave(this.#session, this)
    }

    this.#init.tree?.release()
    this.#init.closed(this)
  }

  arrived (blocks: VerifiedBlock[], peer: string): void {
    this.figures.fromPeers += blocks.length
    this.figures.peers.add(peer)
    this.#local.came(blocks)
    blocks.forEach(({ index }) => this.#lates.delete(index))
    this.#init.options.came?.(blocks)

    for (const block of this.reads ? blocks : []) {
      this.#held.set(block.index, block)
    }

    if (this.stallsAt != null) {
      this.stallsAt = this.#init.clock.now() + this.patience
    }

    this.#tell()
  }

  failed (err: Error): void {
    this.#fail(err)
  }

  get #windowBlocks (): number {
    return Math.max(1, Math.floor(this.window / this.shape.blockSize))
  }

  #letGo (ranges: IndexRange[]): void {
    for (const range of ranges) {
      this.wanted.delete(range)
      this.#lates.forEach(index => index >= range.start && index < range.end && this.#lates.delete(index))

      for (const index of this.#held.keys()) {
        if (index >= range.start && index < range.end) {
          this.#held.delete(index)
        }
      }
    }

    if (this.#session != null) {
      this.#init.engine.changed(this.#session, true)
    }
  }

  #unshelve (cursor: number): void {
    const near = this.#shelved.intersection({ start: cursor, end: cursor + this.#windowBlocks })

    if (near.length > 0) {
      near.forEach(range => { this.#shelved.delete(range) })
      this.want(near)
    }
  }

  #fail (reason: unknown): void {
    this.#failure ??= { reason }
    this.#stopWaiting()
    this.#tell()
  }

  #tell (): void {
    this.#news++
    this.#waiting.forEach(wake => { wake() })
    this.#waiting.clear()
  }

  /** Finds what of these is not here, and wants it of the exchange, together. */
  async #sort (ranges: IndexRange[]): Promise<void> {
    const here: IndexRange[][] = []
    await parallel(ranges, LOOKUPS, async range => { here.push(await this.#local.presentIn(range)) })

    if (this.#closed) {
      return
    }

    const missing = new RangeSet(ranges.flatMap(range => this.#desired.intersection(range)))

    for (const present of here.flat()) {
      missing.delete(present)
      this.figures.fromStore += this.reads ? 0 : present.end - present.start
    }

    for (const index of this.#held.keys()) {
      missing.delete({ start: index, end: index + 1 })
    }

    for (const shelved of ranges.flatMap(range => this.#shelved.intersection(range))) {
      missing.delete(shelved)
    }

    if (!this.#init.options.offline) {
      this.#fetch(missing)
    } else if (!this.reads && !missing.isEmpty) {
      this.#fail(this.#local.failure ?? this.#notHere(missing.first ?? 0))
    }
  }

  #fetch (missing: RangeSet): void {
    if (missing.isEmpty) {
      return
    }

    for (const range of missing) {
      this.wanted.add(range)
    }

    if (this.#session == null) {
      this.#session = this.#init.engine.join(this.#init, this)
    } else {
      this.#init.engine.changed(this.#session)
    }
  }

  #takeHeld (cursor: number, maxBytes: number): VerifiedBlock[] {
    const blocks: VerifiedBlock[] = []
    let bytes = 0

    for (let index = cursor; ; index++) {
      const block = this.#held.get(index)

      if (block == null || (blocks.length > 0 && bytes + block.data.byteLength > maxBytes)) {
        break
      }

      bytes += block.data.byteLength
      blocks.push(block)
      this.#held.delete(index)
    }

    this.#taken(cursor, blocks.length)

    return blocks
  }

  async #readLocal (cursor: number, maxBytes: number): Promise<VerifiedBlock[]> {
    const { shape, options } = this.#init
    const most = Math.max(1, Math.min(Math.floor(maxBytes / shape.blockSize), this.horizon - cursor))
    const blocks = await this.#local.read(cursor, cursor + most, index => this.#isComing(index))
    blocks.forEach(({ index }) => this.#held.delete(index))
    this.#taken(cursor, blocks.length)
    this.figures.fromStore += blocks.length

    if (blocks.length === 0) {
      if (options.offline) {
        throw this.#local.failure ?? this.#notHere(cursor)
      }

      this.#fetchWhatWasLost(cursor)
    }

    return blocks
  }

  /** What was here when it was sorted may be lost since: it was damaged, or the dataset deleted. */
  #fetchWhatWasLost (cursor: number): void {
    if (!this.#closed && this.#sorts === 0 && this.#desired.has(cursor) && !this.wanted.has(cursor) && !this.#isComing(cursor)) {
      this.want(this.#desired.ranges())
    }
  }

  /** Whether it came from a peer, and the reader is given it, or is about to be. */
  #isComing (index: number): boolean {
    return this.#held.has(index) || (this.wanted.has(index) && this.#session?.intake.has(index) === true)
  }

  #taken (cursor: number, blocks: number): void {
    if (blocks > 0) {
      this.#desired.delete({ start: cursor, end: cursor + blocks })
      this.wanted.delete({ start: cursor, end: cursor + blocks })
    }
  }

  async #newsAfter (seen: number, cursor: number | undefined): Promise<void> {
    if (this.#news !== seen) {
      return
    }

    const { engine, clock } = this.#init
    this.waitingFor = cursor
    this.stallsAt = clock.now() + this.patience

    if (this.#session != null) {
      engine.changed(this.#session)
    }

    await new Promise<void>(resolve => { this.#waiting.add(resolve) })
    this.#stopWaiting()
  }

  #stopWaiting (): void {
    this.waitingFor = undefined
    this.stallsAt = undefined
  }

  #notHere (index: number): NotFoundError {
    const { root } = this.shape
    const what = isTreeCid(root) ? `block ${index} of ${formatCid(root)}` : formatCid(root)

    return new NotFoundError(`${what} is not in the local store, and nobody is asked: the download is offline`, { cid: root, index })
  }
}
