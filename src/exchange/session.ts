/**
 * A dataset being fetched, shared by all its readers: what they still want, and which request each wanted block is in.
 * A standalone block is a session of one. Only the engine changes it.
 */
import { PagedBitmap } from '../dataset/bitmap.ts'
import type { RangeSet } from '../dataset/ranges.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'
import type { Provider } from '../interfaces.ts'
import type { Peer } from './peer-admin.ts'
import type { StoredTree } from '../stores/stored-tree.ts'
import type { CID } from 'multiformats/cid'

/** One who wants blocks of the dataset. The engine calls it; it changes its own fields between calls. */
export interface Interest {
  /** What it wants and has not got. */
  readonly wanted: RangeSet
  /** End of what it will come to want. Presence is asked up to here. */
  readonly horizon: number
  readonly order: 'sequential' | 'rarest'
  /** Whether a reader takes the blocks in order; otherwise it only wants them all to be here. */
  readonly reads: boolean
  /** Whether what comes for it is to be kept in the local store. */
  readonly store: boolean
  /** The block that its reader waits for; undefined while it waits for none. */
  readonly waitingFor?: number
  /** When waiting fails, in the clock's milliseconds; undefined while it waits for nothing. */
  readonly stallsAt?: number
  /** How long it waits without a verified byte, in milliseconds. */
  readonly patience: number
  /** Where the blocks may be found, as the caller knows. */
  readonly providers: Provider[]
  /** Blocks that it wanted are here (and in the local store, where they are kept). */
  arrived (blocks: VerifiedBlock[], peer: string): void
  /** What can be done for it was looked at: what nobody has may be known now. */
  looked? (): void
  /** What it wants cannot be had. */
  failed (err: Error): void
}

/** Blocks asked of one peer in one go. */
export interface Request {
  readonly peer: Peer
  readonly start: number
  readonly end: number
  readonly sentAt: number
  /** When its last block is expected. */
  readonly expectedAt: number
  /** When it is given up. */
  deadline: number
  /** Asked because another peer holds these blocks up. */
  readonly duplicate: boolean
  /** Price of one block. */
  readonly price: bigint
  /** Blocks of it that are not here. */
  left: number
}

/** Manifests over one tree that are looked up for it. */
const MAX_NAMES = 8
/** Errors kept to be told. */
const MAX_ERRORS = 16

export interface SessionInit {
  shape: DatasetShape
  /** What its providers announce: the tree, the manifest. */
  names: CID[]
  /** Where its proofs and blocks are kept; absent for a standalone block, and where the store could not open it. */
  tree?: StoredTree
  /** Peers that are expected to have it, by id. */
  likely: string[]
}

export class Session {
  readonly shape: DatasetShape
  readonly key: string
  /** What providers announce: the tree, and the manifest where it is known. */
  readonly names: CID[] = []
  /** Absent for a standalone block, and where the store could not open it. */
  readonly tree?: StoredTree
  /** Whoever got something requested last comes last. */
  readonly interests = new Set<Interest>()
  /** By index, the requests that it is in: one, or two while it holds a reader up. */
  readonly flights = new Map<number, readonly Request[]>()
  readonly requests = new Set<Request>()
  /** Blocks that are in flight or in the intake. */
  readonly busy: PagedBitmap
  /** Blocks asked of a second peer that are not here. */
  duplicates = 0
  /** No request is overdue before, in the clock's milliseconds. */
  nextDeadline = Infinity
  /** Blocks that came and are being verified and stored; true for those that came late. */
  readonly intake = new Map<number, boolean>()
  /** Why the store would not take its blocks; then the download goes on without. */
  refused?: Error
  /** Peers it is fetched from, and peers that are said to have it. */
  readonly members = new Set<Peer>()
  /** Others may be of more use than some of the members. */
  regather = true
  readonly hinted = new Set<string>()
  /** Where it may be found: what its readers and lookups said. */
  readonly providers = new Map<string, Provider>()
  /** Someone's wants shrank: what is in flight may be wanted no more. */
  dropped = false
  /** Lookups begun and ended for it. */
  lookups = { begun: 0, ended: 0 }
  /** When the search for peers has had its time, in the clock's milliseconds, whatever is still looked up or dialled. */
  searchedAt = Infinity
  /** What takes back each lookup that is under way for it, and each dial by its provider. */
  readonly searches = new Set<() => void>()
  readonly dials = new Map<string, () => void>()
  /** What the last lookups, dials and peers failed with: a few, to tell the reader should it come to that. */
  readonly errors: Error[] = []
  /** It found no room: to be planned when there is some. */
  heldUp = false
  /** Peers in which it waits for room for a block. */
  waitsFor: ReadonlySet<Peer> = new Set()
  /** When it last got something requested, as a number that rises: whoever waits longest for room comes first. */
  servedAt = 0
  /** When to plan it again though nothing happens. */
  wakeAt = Infinity
  /** When known providers that are not connected may be dialled again although others deliver. */
  redialAt = 0
  /** When discovery may be asked again, and how long after that. */
  findAt = 0
  findAgain: number

  /** Retains the tree until the session ends. */
  constructor ({ shape, tree }: SessionInit, key: string, findAgain: number) {
    this.shape = shape
    this.key = key
    this.busy = new PagedBitmap(shape.leaves)
    this.tree = tree
    this.findAgain = findAgain
    tree?.retain()
  }

  addNames (names: CID[]): void {
    for (const name of names) {
      if (this.names.length < MAX_NAMES && !this.names.some(known => known.equals(name))) {
        this.names.push(name)
      }
    }
  }

  ended (): void {
    this.stopSearching()
    this.tree?.release()
  }

  /** Takes back what is under way to find someone. */
  stopSearching (): void {
    this.searches.forEach(forget => { forget() })
    this.dials.forEach(forget => { forget() })
    this.searches.clear()
    this.dials.clear()
    this.lookups.ended = this.lookups.begun
  }

  /** Something is requested for an interest: the others' turn comes first next time. */
  served (interest: Interest): void {
    if (this.interests.delete(interest)) {
      this.interests.add(interest)
    }
  }

  /** Remembers what something failed with. */
  note (error: Error): void {
    this.errors.push(error)
    this.errors.splice(0, this.errors.length - MAX_ERRORS)
  }

  /** Whether anyone wants the block, or comes to it later and finds it in the store. */
  isWanted (index: number): boolean {
    for (const { wanted, store, horizon } of this.interests) {
      if (wanted.has(index) || (store && this.refused == null && wanted.first != null && index >= wanted.end && index < horizon)) {
        return true
      }
    }

    return false
  }

  get stores (): boolean {
    return this.refused == null && [...this.interests].some(interest => interest.store)
  }

  takeOff (request: Request): void {
    const alone = [request]
    this.requests.add(request)
    this.busy.setRange(request)
    this.nextDeadline = Math.min(this.nextDeadline, request.deadline)
    this.duplicates += request.duplicate ? request.left : 0

    for (let index = request.start; index < request.end; index++) {
      const flights = this.flights.get(index)
      this.flights.set(index, flights == null ? alone : [...flights, request])
    }
  }

  /** Takes one block out of a request. False when it was not in it. */
  land (request: Request, index: number): boolean {
    const flights = this.flights.get(index)

    if (flights?.includes(request) !== true) {
      return false
    }

    request.left--
    this.duplicates -= request.duplicate ? 1 : 0

    if (request.left === 0) {
      this.requests.delete(request)
    }

    if (flights.length > 1) {
      this.flights.set(index, flights.filter(other => other !== request))
    } else {
      this.flights.delete(index)
      this.#rest(index)
    }

    return true
  }

  /** A block came and is verified and stored now; `late` when its request was given up before. */
  takeIn (index: number, late: boolean): void {
    this.intake.set(index, late)
    this.busy.set(index)
  }

  /** It is through, whatever became of it. */
  tookIn (index: number): void {
    this.intake.delete(index)
    this.#rest(index)
  }

  #rest (index: number): void {
    if (!this.flights.has(index) && !this.intake.has(index)) {
      this.busy.clear(index)
    }
  }
}
