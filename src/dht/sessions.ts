import { endpointKey } from './endpoint.ts'
import { maskKey } from './packet.ts'
import type { AesKey, DhtCrypto } from './crypto.ts'
import type { Endpoint } from './endpoint.ts'
import type { Packet } from './packet.ts'

/** A node at a place: sessions, challenges and handshakes are kept for such a pair. */
export interface Peer {
  readonly id: Uint8Array
  /** The id as the key of a map. */
  readonly key: string
  readonly endpoint: Endpoint
}

export interface Session extends Peer {
  readonly mask: AesKey
  readonly write: AesKey
  /** What the other may seal with: of the last two handshakes, as those of both sides may cross. The likelier first. */
  readonly reads: AesKey[]
  /** Our next question is to begin with a handshake, so that the other gets our new record. */
  renew: boolean
}

export interface SessionInit extends Peer {
  /** 16 bytes each. */
  write: Uint8Array
  read: Uint8Array
  /** We began it. */
  ours: boolean
}

export function peerKey ({ key, endpoint }: Omit<Peer, 'id'>): string {
  return key + endpointKey(endpoint)
}

/** The message of a packet; nothing when it is not sealed with a key of the session. */
export function openPacket ({ reads }: Session, { nonce, sealed, header }: Packet): Uint8Array | undefined {
  for (const key of reads) {
    const message = key.open(nonce, sealed, header)

    if (message != null) {
      if (key !== reads[0]) {
        reads.reverse()
      }

      return message
    }
  }
}

/** Sessions with nodes, the least used forgotten first. Those that others began push out none that we began. */
export class Sessions {
  readonly #crypto: DhtCrypto
  readonly #limit: number
  readonly #ours = new Map<string, Session>()
  readonly #theirs = new Map<string, Session>()

  constructor (crypto: DhtCrypto, limit: number) {
    this.#crypto = crypto
    this.#limit = limit
  }

  get size (): number {
    return this.#ours.size + this.#theirs.size
  }

  get (peer: Omit<Peer, 'id'>): Session | undefined {
    const key = peerKey(peer)
    const sessions = this.#ours.has(key) ? this.#ours : this.#theirs
    const session = sessions.get(key)

    if (session != null) {
      sessions.delete(key)
      sessions.set(key, session)
    }

    return session
  }

  put ({ id, key, endpoint, write, read, ours }: SessionInit): Session {
    const name = peerKey({ key, endpoint })
    const previous = this.#ours.get(name) ?? this.#theirs.get(name)
    const sessions = ours || this.#ours.has(name) ? this.#ours : this.#theirs
    const session: Session = {
      id,
      key,
      endpoint,
      mask: previous?.mask ?? maskKey(this.#crypto, id),
      write: this.#crypto.aesKey(write),
      reads: [this.#crypto.aesKey(read), ...previous?.reads.slice(0, 1) ?? []],
      renew: false
    }
    this.#ours.delete(name)
    this.#theirs.delete(name)
    sessions.set(name, session)

    if (sessions.size > this.#limit) {
      const [oldest] = sessions.keys()
      sessions.delete(oldest)
    }

    return session
  }

  /** Has every session renewed by the next question that we ask in it. */
  renewAll (): void {
    for (const session of [...this.#ours.values(), ...this.#theirs.values()]) {
      session.renew = true
    }
  }

  clear (): void {
    this.#ours.clear()
    this.#theirs.clear()
  }
}
