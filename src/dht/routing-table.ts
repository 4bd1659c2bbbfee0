import { scopeOf, networkOf, sameEndpoint } from './endpoint.ts'
import { K } from './limits.ts'
import { compareDistance, logDistance } from './node-id.ts'
import type { DhtLimits } from './limits.ts'
import type { Contact } from './record-book.ts'
import type { Clock } from '../interfaces.ts'

/** Nodes that wait for a place in a bucket. */
const MAX_WAITING = 8
/** Unanswered questions after which a node is given up although nobody waits for its place. */
const MAX_FAILURES = 3

interface Entry {
  contact: Contact
  /** When it last answered, or proved where it is; in milliseconds of the clock. */
  seenAt: number
  /** Questions since then that it did not answer. */
  failures: number
}

interface Bucket {
  entries: Entry[]
  /** Heard of, or without a place: the likeliest to be there last. */
  waiting: Entry[]
}

/**
 * The nodes that we know to be there, by their distance. Only who has answered or proven where it is gets a place; the
 * old ones keep theirs as long as they answer.
 */
export class RoutingTable {
  readonly #id: Uint8Array
  readonly #clock: Clock
  readonly #limits: DhtLimits
  /** By distance. */
  readonly #buckets = new Map<number, Bucket>()
  /** Public nodes a network. */
  readonly #networks = new Map<string, number>()

  constructor (id: Uint8Array, clock: Clock, limits: DhtLimits) {
    this.#id = id
    this.#clock = clock
    this.#limits = limits
  }

  /** Nodes with a place. */
  get size (): number {
    return this.#sum(({ entries }) => entries.length)
  }

  /** Nodes that wait for one. */
  get waiting (): number {
    return this.#sum(({ waiting }) => waiting.length)
  }

  get (id: Uint8Array, key: string): Contact | undefined {
    return this.#buckets.get(logDistance(this.#id, id))?.entries.find(({ contact }) => contact.key === key)?.contact
  }

  /** The closest to a target, nearest first, of those that have answered what they were last asked. */
  closest (target: Uint8Array, count: number): Contact[] {
    return [...this.#buckets.values()].flatMap(({ entries }) => alive(entries))
      .sort((a, b) => compareDistance(target, a.id, b.id))
      .slice(0, count)
  }

  /** Those at given distances, in the order of these, of those that have answered what they were last asked. */
  atDistances (distances: number[], count: number): Contact[] {
    return [...new Set(distances)].flatMap(distance => alive(this.#buckets.get(distance)?.entries ?? [])).slice(0, count)
  }

  /** The node has answered, or proven where it is: it gets a place, keeps its place, or waits for one. */
  seen (contact: Contact): void {
    const bucket = this.#bucketOf(contact)
    const known = take(bucket.entries, contact)
    take(bucket.waiting, contact)

    if (known != null) {
      this.#count(known.contact, -1)
    }

    const entry = { contact: newer(contact, known?.contact), seenAt: this.#clock.now(), failures: 0 }

    if (this.#hasRoom(bucket, entry.contact)) {
      bucket.entries.push(entry)
      this.#count(entry.contact, 1)
    } else {
      bucket.waiting.push(entry)
      bucket.waiting.splice(0, bucket.waiting.length - MAX_WAITING)
    }
  }

  /** Others tell of the node. It may get a place once it has been seen. */
  heard (contact: Contact): void {
    const bucket = this.#bucketOf(contact)

    if (indexOf(bucket.entries, contact) === -1 && indexOf(bucket.waiting, contact) === -1 && bucket.waiting.length < MAX_WAITING) {
      bucket.waiting.unshift({ contact, seenAt: -Infinity, failures: 0 })
    }
  }

  /** The node has not answered. It keeps its place for a while if nobody waits for it. */
  failed (contact: Contact): void {
    const bucket = this.#bucketOf(contact)
    const entry = bucket.entries[indexOf(bucket.entries, contact)]
    take(bucket.waiting, contact)

    if (entry == null || !sameEndpoint(entry.contact.endpoint, contact.endpoint)) {
      return
    }

    entry.failures++
    const next = bucket.waiting.findLast(({ contact, seenAt }) => seenAt >= 0 && this.#hasRoom(bucket, contact, entry.contact))

    if (next != null || entry.failures >= MAX_FAILURES) {
      take(bucket.entries, contact)
      this.#count(entry.contact, -1)
    }

    if (next != null) {
      take(bucket.waiting, next.contact)
      // it was there a while ago: the first to be checked
      bucket.entries.unshift({ ...next, seenAt: 0 })
      this.#count(next.contact, 1)
    }
  }

  /** One that waits for a place where there is one. */
  candidate (skip: (contact: Contact) => boolean): Contact | undefined {
    for (const bucket of this.#buckets.values()) {
      const waiting = bucket.waiting.findLast(({ contact }) => !skip(contact) && this.#hasRoom(bucket, contact))

      if (waiting != null) {
        return waiting.contact
      }
    }
  }

  /** The one that was not seen for longest, of those not seen since some time. */
  oldest (before: number, skip: (contact: Contact) => boolean): Contact | undefined {
    let oldest: Entry | undefined

    for (const { entries } of this.#buckets.values()) {
      for (const entry of entries) {
        if (entry.seenAt < (oldest?.seenAt ?? before) && !skip(entry.contact)) {
          oldest = entry
        }
      }
    }

    return oldest?.contact
  }

  clear (): void {
    this.#buckets.clear()
    this.#networks.clear()
  }

  #bucketOf ({ id }: Contact): Bucket {
    const distance = logDistance(this.#id, id)
    const bucket = this.#buckets.get(distance) ?? { entries: [], waiting: [] }
    this.#buckets.set(distance, bucket)

    return bucket
  }

  /** Whether there is a place for one, if another leaves. */
  #hasRoom ({ entries }: Bucket, { endpoint: { host } }: Contact, leaving?: Contact): boolean {
    if (entries.length - (leaving == null ? 0 : 1) >= K) {
      return false
    }

    if (scopeOf(host) !== 'public') {
      return true
    }

    const network = networkOf(host)
    const freed = leaving != null && networkOf(leaving.endpoint.host) === network ? 1 : 0
    const inBucket = entries.filter(({ contact }) => networkOf(contact.endpoint.host) === network).length - freed
    const inTable = (this.#networks.get(network) ?? 0) - freed

    return inBucket < this.#limits.bucketNetwork && inTable < this.#limits.tableNetwork
  }

  #count ({ endpoint: { host } }: Contact, by: number): void {
    const network = networkOf(host)
    const count = (this.#networks.get(network) ?? 0) + by

    if (count === 0) {
      this.#networks.delete(network)
    } else {
      this.#networks.set(network, count)
    }
  }

  #sum (of: (bucket: Bucket) => number): number {
    let sum = 0
    this.#buckets.forEach(bucket => { sum += of(bucket) })

    return sum
  }
}

function alive (entries: Entry[]): Contact[] {
  return entries.filter(({ failures }) => failures === 0).map(({ contact }) => contact)
}

function indexOf (entries: Entry[], { key }: Contact): number {
  return entries.findIndex(({ contact }) => contact.key === key)
}

function take (entries: Entry[], contact: Contact): Entry | undefined {
  const at = indexOf(entries, contact)

  return at === -1 ? undefined : entries.splice(at, 1)[0]
}

function newer (contact: Contact, known = contact): Contact {
  return contact.record.seq >= known.record.seq ? contact : known
}
