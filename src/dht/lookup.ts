import { ALPHA, K } from './limits.ts'
import { compareDistance } from './node-id.ts'
import type { Contact } from './record-book.ts'

/** Questions under way, the slow ones counted. */
const MAX_UNDER_WAY = 3 * ALPHA
/** Nodes asked in one lookup, so that who makes nodes up cannot keep it going. */
const MAX_ASKED = 128
/** Candidates remembered; those too far away to be asked are left out. */
const MAX_CANDIDATES = 8 * K
/** Nodes of one teller that did not answer after which it is no longer listened to, unless as many did. */
const MAX_DEAD = 4

export interface LookupInit {
  target: Uint8Array
  /** Whom to ask first. */
  start: Contact[]
  /**
   * Asks a node whom it knows; nothing when it does not answer. `slow` is to be called when that takes long, so that
   * another is asked meanwhile.
   */
  ask(contact: Contact, slow: () => void, round: number): Promise<Contact[] | undefined>
  /** The contact with its record verified, or a newer one; nothing when it does not verify. */
  verify(contact: Contact): Contact | undefined
  signal: AbortSignal
}

export interface LookupResult {
  /** The nodes closest to the target that answered, nearest first: at most 16. */
  closest: Contact[]
  /** Of the way to the last of these: 1 for a node that we knew. */
  rounds: number
  /** Nodes asked. */
  asked: number
}

interface Candidate {
  contact: Contact
  readonly round: number
  readonly tellers: Teller[]
  state: 'new' | 'asked' | 'answered' | 'failed'
}

/** A node that told us of others, and how those turned out. */
interface Teller {
  dead: number
  alive: number
}

/** Asks its way to the nodes closest to a target. */
export async function lookup (init: LookupInit): Promise<LookupResult> {
  return new Lookup(init).run()
}

class Lookup {
  readonly #init: LookupInit
  /** Nearest first. */
  readonly #candidates: Candidate[] = []
  readonly #known = new Map<string, Candidate>()
  readonly #end = Promise.withResolvers<void>()
  #underWay = 0
  #slow = 0
  #asked = 0

  constructor (init: LookupInit) {
    this.#init = init
    init.start.forEach(contact => { this.#add(contact, 1) })
  }

  async run (): Promise<LookupResult> {
    const { signal } = this.#init
    const abort = (): void => { this.#end.reject(signal.reason) }
    signal.throwIfAborted()
    signal.addEventListener('abort', abort)

    try {
      this.#next()
      await this.#end.promise
    } finally {
      signal.removeEventListener('abort', abort)
    }

    const answered = this.#candidates.filter(({ state }) => state === 'answered').slice(0, K)

    return {
      closest: answered.map(({ contact }) => contact),
      rounds: Math.max(0, ...answered.map(({ round }) => round)),
      asked: this.#asked
    }
  }

  #add (contact: Contact, round: number, teller?: Teller): void {
    const known = this.#known.get(contact.key)

    if (known != null) {
      known.tellers.push(...teller == null ? [] : [teller])
      return
    }

    const candidate: Candidate = { contact, round, tellers: teller == null ? [] : [teller], state: 'new' }
    const at = this.#candidates.findIndex(other => compareDistance(this.#init.target, contact.id, other.contact.id) < 0)
    this.#candidates.splice(at === -1 ? this.#candidates.length : at, 0, candidate)
    this.#known.set(contact.key, candidate)

    if (this.#candidates.length > MAX_CANDIDATES) {
      const last = this.#candidates.findLastIndex(({ state }) => state === 'new')
      this.#candidates.splice(last, last === -1 ? 0 : 1).forEach(({ contact }) => this.#known.delete(contact.key))
    }
  }

  /** Asks the nearest that were not asked yet, of the 16 that may be the result. */
  #next (): void {
    let inResult = 0

    for (const candidate of this.#candidates) {
      if (inResult === K || this.#isBusy() || this.#init.signal.aborted) {
        break
      }

      if (candidate.state === 'new' && candidate.round > 1 && candidate.tellers.every(isDistrusted)) {
        continue
      }

      if (candidate.state === 'new') {
        this.#ask(candidate)
      }

      inResult += candidate.state === 'failed' ? 0 : 1
    }

    if (this.#underWay === 0) {
      this.#end.resolve()
    }
  }

  #isBusy (): boolean {
    return this.#underWay - this.#slow >= ALPHA || this.#underWay >= MAX_UNDER_WAY || this.#asked >= MAX_ASKED
  }

  #ask (candidate: Candidate): void {
    const contact = candidate.round === 1 ? candidate.contact : this.#init.verify(candidate.contact)

    if (contact == null) {
      candidate.state = 'failed'
      candidate.tellers.forEach(teller => { teller.dead++ })
      return
    }

    candidate.contact = contact
    candidate.state = 'asked'
    this.#asked++
    this.#underWay++
    this.#settle(candidate).catch(err => { this.#end.reject(err) })
  }

  async #settle (candidate: Candidate): Promise<void> {
    let slow = 0
    const told = await this.#init.ask(candidate.contact, () => {
      slow = 1
      this.#slow++
      this.#next()
    }, candidate.round)
    this.#underWay--
    this.#slow -= slow

    if (told == null) {
      candidate.state = 'failed'
      candidate.tellers.forEach(teller => { teller.dead++ })
    } else {
      candidate.state = 'answered'
      candidate.tellers.forEach(teller => { teller.alive++ })
      const teller = { dead: 0, alive: 0 }
      told.forEach(contact => { this.#add(contact, candidate.round + 1, teller) })
    }

    this.#next()
  }
}

function isDistrusted ({ dead, alive }: Teller): boolean {
  return dead >= MAX_DEAD && dead > alive
}
