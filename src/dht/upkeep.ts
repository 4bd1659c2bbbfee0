import { K } from './limits.ts'
import { idAtDistance } from './node-id.ts'
import type { Background } from './background.ts'
import type { DhtCrypto } from './crypto.ts'
import type { DhtLimits } from './limits.ts'
import type { LookupResult } from './lookup.ts'
import type { Contact } from './record-book.ts'
import type { RoutingTable } from './routing-table.ts'
import type { Clock, Random } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Milliseconds between two nodes that are checked: at least, so that nobody is flooded, and at most. */
const MIN_CHECK_MS = 250
const MAX_CHECK_MS = 5_000
/** Milliseconds until the bootstrap nodes are tried again when none answers; doubles up to the second. */
const REJOIN_MS = 1_000
const MAX_REJOIN_MS = 30_000
/** Milliseconds until a new node looks around again: others may be as new. Grows up to the interval of refreshing. */
const FIRST_REFRESH_MS = 3_000
/** Milliseconds between two looks around while few nodes are known. */
const FEW_REFRESH_MS = 30_000
/** Milliseconds between two looks at what has expired. */
const SWEEP_MS = 10 * 60_000
/** The distances that a new node fills its table at, besides its neighbourhood: nine tenths of all nodes are there. */
const FAR = [256, 255, 254, 253]

/** What the upkeep does it with. */
export interface KeptNode {
  readonly id: Uint8Array
  readonly table: RoutingTable
  ping(contact: Contact): Promise<boolean>
  lookup(target: Uint8Array, options: AbortOptions): Promise<LookupResult>
  verify(contact: Contact): Contact | undefined
  /** Looks whether we are where our record says. */
  refresh(): void
  /** Forgets what has expired. */
  sweep(): void
}

export interface UpkeepInit {
  crypto: DhtCrypto
  clock: Clock
  random: Random
  limits: DhtLimits
  bootstrap: Contact[]
  background: Background
  dht: KeptNode
}

/** Keeps the table true: joins, asks nodes whether they are there, and looks for new ones. */
export class Upkeep {
  readonly #init: UpkeepInit
  /** Nodes that are being asked. */
  readonly #checking = new Set<string>()
  #joining = false

  constructor (init: UpkeepInit) {
    this.#init = init
  }

  start (): void {
    this.#init.background.run(async () => this.#join(REJOIN_MS))
    this.#checkLater()
    this.#refreshLater(FIRST_REFRESH_MS)
    this.#sweepLater()
  }

  async #join (retry: number): Promise<void> {
    const { crypto, bootstrap, background, dht } = this.#init
    const { signal } = background
    this.#joining = true
    await Promise.all(bootstrap.map(async contact => dht.ping(contact)))

    if (signal.aborted) {
      return
    }

    if (dht.table.size === 0 && bootstrap.length > 0) {
      background.after(retry, async () => this.#join(Math.min(2 * retry, MAX_REJOIN_MS)))
      return
    }

    this.#joining = false
    await dht.lookup(dht.id, { signal })

    for (const distance of FAR) {
      await dht.lookup(idAtDistance(dht.id, distance, crypto.randomBytes(32)), { signal })
    }
  }

  /** Those that have a place are asked evenly, those that wait for a free one as soon as may be. */
  #checkLater (): void {
    const { clock, background, limits, dht } = this.#init
    const { table } = dht
    const isChecked = ({ key }: Contact): boolean => this.#checking.has(key)
    const pace = table.candidate(isChecked) == null ? limits.checkInterval / (table.size + 1) : 0

    background.after(this.#about(Math.min(Math.max(pace, MIN_CHECK_MS), MAX_CHECK_MS)), async () => {
      this.#checkLater()
      const due = table.candidate(isChecked) ?? table.oldest(clock.now() - limits.checkInterval, isChecked)

      if (due != null) {
        await this.#check(due)
      } else if (table.size === 0 && !this.#joining) {
        await this.#join(REJOIN_MS)
      }
    })
  }

  async #check (due: Contact): Promise<void> {
    const { dht } = this.#init
    const contact = dht.verify(due)

    if (contact == null) {
      dht.table.failed(due)
      return
    }

    this.#checking.add(due.key)

    try {
      await dht.ping(contact)
    } finally {
      this.#checking.delete(due.key)
    }
  }

  #refreshLater (wait: number): void {
    const { crypto, background, limits, dht } = this.#init
    const { signal } = background

    background.after(this.#about(wait), async () => {
      this.#refreshLater(Math.min(4 * wait, dht.table.size < K ? FEW_REFRESH_MS : limits.refreshInterval))

      dht.refresh()
      await dht.lookup(dht.id, { signal })
      await dht.lookup(crypto.randomBytes(32), { signal })
    })
  }

  #sweepLater (): void {
    this.#init.background.after(SWEEP_MS, () => {
      this.#sweepLater()
      this.#init.dht.sweep()
    })
  }

  /** A time about as long, so that nodes do not march in step. */
  #about (ms: number): number {
    return ms * (0.75 + this.#init.random() / 2)
  }
}
