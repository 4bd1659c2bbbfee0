import { Key } from 'interface-datastore'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { keyOf } from './node-id.ts'
import { FieldWriter, Fields } from './protobuf.ts'
import { decodeSpr } from './spr.ts'
import type { DhtLimits } from './limits.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Datastore } from 'interface-datastore'

const PREFIX = '/dht/providers/'
/** Writes that wait for the datastore; over it an announcement is kept in memory only. */
const MAX_WRITES = 512

/** That a peer has a content. */
interface Entry {
  readonly name: string
  readonly contentId: Uint8Array
  readonly record: SignedPeerRecord
  /** Milliseconds since 1970. */
  readonly expires: number
  /** The network that it was announced from. */
  readonly source: string
}

export interface ProviderStoreInit {
  datastore: Datastore
  limits: DhtLimits
  /** Milliseconds since 1970. */
  unixTime(): number
}

/**
 * Who has what, as announced to us. Answered from memory, written behind to the datastore, read from it at the start.
 * Bounded; when it is full the network that announced most pays for the next announcement.
 */
export class ProviderStore {
  readonly #datastore: Datastore
  readonly #limits: DhtLimits
  readonly #unixTime: () => number
  /** By content, then by peer; the latest last. */
  readonly #contents = new Map<string, Map<string, Entry>>()
  /** By network, then by name; the oldest first. */
  readonly #sources = new Map<string, Map<string, Entry>>()
  #size = 0
  #writing = Promise.resolve()
  #writes = 0

  constructor ({ datastore, limits, unixTime }: ProviderStoreInit) {
    this.#datastore = datastore
    this.#limits = limits
    this.#unixTime = unixTime
  }

  /** Announcements kept. */
  get size (): number {
    return this.#size
  }

  /** Reads what an earlier process kept. What is malformed or has expired is deleted. */
  async open (): Promise<void> {
    const gone: Key[] = []

    for await (const { key, value } of this.#datastore.query({ prefix: PREFIX })) {
      const entry = decodeEntry(key.toString().slice(PREFIX.length), value)

      if (entry == null || entry.expires <= this.#unixTime()) {
        gone.push(key)
      } else {
        this.#insert(entry)
      }
    }

    await Promise.all(gone.map(async key => { await this.#datastore.delete(key) }))
    this.#shrink()
  }

  /** Waits for what is being written, and forgets everything: `open` reads it again. */
  async close (): Promise<void> {
    await this.#writing
    this.#contents.clear()
    this.#sources.clear()
    this.#size = 0
  }

  /**
   * Keeps that a peer has a content. A record older than the one that is kept is ignored.
   *
   * @param contentId - 32 bytes
   * @param record - verified
   * @param source - the network that it was announced from
   */
  add (contentId: Uint8Array, record: SignedPeerRecord, source: string): void {
    const name = nameOf(contentId, record)
    const known = this.#contents.get(keyOf(contentId))?.get(name)

    if (known != null && known.record.seq > record.seq) {
      return
    }

    const entry = { name, contentId, record, source, expires: this.#unixTime() + this.#limits.providerTtl }
    this.#insert(entry)
    this.#write(async key => { await this.#datastore.put(key, encodeEntry(entry)) }, name)
    this.#shrink(contentId)
  }

  /** The records of those who have a content, the latest announcement first. */
  get (contentId: Uint8Array): SignedPeerRecord[] {
    const now = this.#unixTime()
    const entries = [...this.#contents.get(keyOf(contentId))?.values() ?? []]

    return entries.filter(({ expires }) => expires > now).map(({ record }) => record).reverse()
  }

  /** Deletes what has expired. */
  sweep (): void {
    const now = this.#unixTime()

    for (const entries of this.#sources.values()) {
      for (const entry of entries.values()) {
        // in the order of their time
        if (entry.expires > now) {
          break
        }

        this.#delete(entry)
      }
    }
  }

  #insert (entry: Entry): void {
    const content = keyOf(entry.contentId)
    const known = this.#contents.get(content)?.get(entry.name)

    if (known != null) {
      this.#remove(known)
    }

    this.#contents.set(content, (this.#contents.get(content) ?? new Map<string, Entry>()).set(entry.name, entry))
    this.#sources.set(entry.source, (this.#sources.get(entry.source) ?? new Map<string, Entry>()).set(entry.name, entry))
    this.#size++
  }

  #remove ({ name, contentId, source }: Entry): void {
    const content = keyOf(contentId)
    removeFrom(this.#contents, content, name)
    removeFrom(this.#sources, source, name)
    this.#size--
  }

  #delete (entry: Entry): void {
    this.#remove(entry)
    this.#write(async key => { await this.#datastore.delete(key) }, entry.name)
  }

  #shrink (contentId?: Uint8Array): void {
    const providers = contentId == null ? undefined : this.#contents.get(keyOf(contentId))

    if (providers != null && providers.size > this.#limits.contentProviders) {
      const [oldest] = providers.values()
      this.#delete(oldest)
    }

    while (this.#size > this.#limits.providers) {
      let most = new Map<string, Entry>()

      for (const entries of this.#sources.values()) {
        most = entries.size > most.size ? entries : most
      }

      const [oldest] = most.values()
      this.#delete(oldest)
    }
  }

  /** One after the other. A datastore that fails or lags costs a restart its memory, nothing else. */
  #write (fn: (key: Key) => Promise<void>, name: string): void {
    if (this.#writes >= MAX_WRITES) {
      return
    }

    this.#writes++
    this.#writing = this.#writing.then(async () => fn(new Key(PREFIX + name, false))).catch(() => {}).finally(() => { this.#writes-- })
  }
}

function removeFrom (entries: Map<string, Map<string, Entry>>, key: string, name: string): void {
  const inner = entries.get(key)
  inner?.delete(name)

  if (inner?.size === 0) {
    entries.delete(key)
  }
}

/** Content and peer, as the key of the datastore has them. */
function nameOf (contentId: Uint8Array, { publicKey }: SignedPeerRecord): string {
  return `${toString(contentId, 'base16')}/${toString(publicKey, 'base16')}`
}

function encodeEntry ({ expires, record, source }: Entry): Uint8Array {
  return new FieldWriter().uint(1, Math.ceil(expires)).bytes(2, record.bytes).bytes(3, fromString(source)).finish()
}

/** Nothing when it is malformed. */
function decodeEntry (name: string, value: Uint8Array): Entry | undefined {
  try {
    const fields = new Fields(value)
    const entry = {
      name,
      contentId: fromString(name.split('/')[0], 'base16'),
      record: decodeSpr(fields.bytes(2)),
      expires: Number(fields.uint(1)),
      source: toString(fields.bytes(3))
    }

    return nameOf(entry.contentId, entry.record) === name ? entry : undefined
  } catch {
    return undefined
  }
}
