import { tcpAddress, tcpEndpoint, hostOf, isIp4, scopeOf, udpAddress } from './endpoint.ts'
import { keyOf, nodeIdOf } from './node-id.ts'
import { OwnAddress } from './own-address.ts'
import { createSpr, peerIdOf } from './spr.ts'
import type { DhtCrypto } from './crypto.ts'
import type { Endpoint, Scope } from './endpoint.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Clock } from '../interfaces.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Addresses of a record; those of the network have one. */
const MAX_ADDRESSES = 8

export interface SelfInit {
  crypto: DhtCrypto
  clock: Clock
  /** 32 bytes of secp256k1. */
  privateKey: Uint8Array
  /** Milliseconds since 1970. */
  unixTime(): number
  /** Where others reach our blocks, over TCP. */
  addresses(): Multiaddr[]
}

/** Who we are, and the two records that say where: one for the DHT, one for those who want our blocks. */
export class Self {
  readonly id: Uint8Array
  /** The id as the key of a map. */
  readonly key: string
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
  readonly #init: SelfInit
  readonly #seen: OwnAddress
  /** Where the socket is. */
  #bound?: Endpoint
  #record?: SignedPeerRecord
  #provider?: SignedPeerRecord

  constructor (init: SelfInit) {
    const { crypto, clock, privateKey } = init
    this.#init = init
    this.privateKey = privateKey
    this.publicKey = crypto.publicKey(privateKey)
    this.id = nodeIdOf(crypto, peerIdOf(this.publicKey))
    this.key = keyOf(this.id)
    this.#seen = new OwnAddress(clock)
  }

  /** The DHT record as it was when `refresh` was last called. */
  get record (): SignedPeerRecord {
    this.#record ??= this.#sign([], this.#now())

    return this.#record
  }

  /** What others that want our blocks get: our TCP addresses as they are now, the public ones where there are any. */
  get providerRecord (): SignedPeerRecord {
    const addresses = this.#tcpAddresses().map(address => address.bytes)

    if (this.#provider == null || !sameAddresses(this.#provider.addresses, addresses)) {
      const now = this.#now()
      const seq = this.#provider?.seq ?? 0n
      this.#provider = this.#sign(addresses, seq < now ? now : seq + 1n)
    }

    return this.#provider
  }

  /** Whether the network that we are in is one of private addresses, as far as we know. */
  get isPrivate (): boolean {
    return [...this.#hosts(), this.#seen.endpoint?.host ?? ''].every(host => host === '' || scopeOf(host) !== 'public')
  }

  /** The socket is open. */
  bind (bound: Endpoint): void {
    this.#bound = bound
    this.#seen.clear()
    this.refresh()
  }

  /** A node says where it sees us; `refresh` heeds it. */
  vote (voter: string, from: Endpoint, endpoint: Endpoint): void {
    this.#seen.vote(voter, from, endpoint)
  }

  /** Looks whether we are where the DHT record says, and makes a new one if not. Tells whether it did. */
  refresh (): boolean {
    const endpoint = this.#udpEndpoint()
    const addresses = endpoint == null ? [] : [udpAddress(endpoint)]

    if (this.#record != null && sameAddresses(this.#record.addresses, addresses)) {
      return false
    }

    this.#record = this.#sign(addresses, this.#record == null ? this.#now() : this.#record.seq + 1n)

    return true
  }

  #sign (addresses: Uint8Array[], seq: bigint): SignedPeerRecord {
    const { crypto, privateKey } = this.#init

    return createSpr(crypto, { privateKey, addresses, seq })
  }

  /** Seconds since 1970. */
  #now (): bigint {
    return BigInt(Math.floor(this.#init.unixTime() / 1_000))
  }

  /** The IPv4 addresses that we listen on. */
  #hosts (): string[] {
    return this.#init.addresses().map(address => hostOf(address) ?? '').filter(host => host !== '' && isIp4(host))
  }

  /** A public address that is ours, else where others see us, else where we are. */
  #udpEndpoint (): Endpoint | undefined {
    if (this.#bound == null) {
      return undefined
    }

    const { host, port } = this.#bound
    const hosts = this.#hosts()
    const of = (scope: Scope): Endpoint | undefined => {
      const found = [host, ...hosts].find(host => isIp4(host) && scopeOf(host) === scope)

      return found == null ? undefined : { host: found, port }
    }
    const seen = this.#seen.endpoint

    return of('public') ?? (seen != null && isIp4(seen.host) ? seen : undefined) ?? (scopeOf(host) === 'loopback' ? { host, port } : undefined) ??
      of('private') ?? of('loopback')
  }

  #tcpAddresses (): Multiaddr[] {
    const own = this.#init.addresses().flatMap(address => tcpEndpoint(address) ?? [])
    const of = (scope: Scope): Endpoint[] => own.filter(({ host }) => scopeOf(host) === scope)
    const seen = this.#seen.endpoint
    const scope = seen == null ? 'none' : scopeOf(seen.host)
    // behind a router that forwards the port, our own addresses do not tell
    const forwarded = seen != null && scope === 'public' ? own.map(({ port }) => ({ host: seen.host, port })) : []
    // those who see us on loopback may have no other network
    const local = [...of('private'), ...scope === 'loopback' ? of('loopback') : []]
    const best = [of('public'), forwarded, local, of('loopback')].find(endpoints => endpoints.length > 0) ?? []
    const texts = new Set(best.map(endpoint => tcpAddress(endpoint).toString()))

    return best.map(tcpAddress).filter(address => texts.delete(address.toString())).slice(0, MAX_ADDRESSES)
  }
}

function sameAddresses (a: Uint8Array[], b: Uint8Array[]): boolean {
  return a.length === b.length && a.every((address, i) => keyOf(address) === keyOf(b[i]))
}
