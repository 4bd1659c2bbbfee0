import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { InvalidParametersError, NotRunningError } from '../errors.ts'
import { systemClock, systemRandom } from '../runtime.ts'
import { Announcer } from './announcer.ts'
import { Dht } from './dht.ts'
import { scopeOf, tcpEndpoint } from './endpoint.ts'
import { DEFAULT_DHT_LIMITS } from './limits.ts'
import { loadCrypto } from './node-crypto.ts'
import { contentIdOf, keyOf } from './node-id.ts'
import { identify, isContact } from './record-book.ts'
import { formatSpr, parseSpr, verifySpr } from './spr.ts'
import type { DhtCrypto } from './crypto.ts'
import type { DhtLimits } from './limits.ts'
import type { Contact } from './record-book.ts'
import type { DatagramSocket } from './socket.ts'
import type { SignedPeerRecord } from './spr.ts'
import type { Clock, Discovery, Random } from '../interfaces.ts'
import type { ComponentLogger, PeerInfo, Secp256k1PrivateKey, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'

export interface CodexDiscoveryInit {
  /** Where datagrams go and come: `udpSocket({ port })`. */
  socket: DatagramSocket
  /** Who we are: the same key as the libp2p node's, or who finds us cannot connect to us. */
  privateKey: Secp256k1PrivateKey
  /** Where others reach our blocks, over TCP, at any time. */
  addresses(): Multiaddr[]
  /** Records of nodes to begin with, `spr:…`. None for the first node of a network. */
  bootstrap?: string[]
  /** Keeps what others announce to us from one run to the next. */
  datastore: Datastore
  limits?: Partial<DhtLimits>
  clock?: Clock
  random?: Random
  /** Milliseconds since 1970: numbers of records, and what has expired. */
  unixTime?(): number
  crypto?: DhtCrypto
  logger?: ComponentLogger
}

/** `Discovery` over the Codex DHT. */
export interface CodexDiscovery extends Discovery, Startable {
  /**
   * Our record, for others to bootstrap from. It changes when we learn that others see us elsewhere.
   *
   * @throws {NotRunningError} before `start`
   */
  readonly spr: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Announces a CID no more. Others forget it within a day. */
  withdraw(cid: CID): void
  /** Sizes of everything that grows, and what became of the datagrams. */
  stats(): Record<string, number>
}

/**
 * Makes a node of the Codex DHT. It is started and stopped with the `Codex` that it is given to.
 *
 * @throws {ProtocolError} when a bootstrap record is none
 * @throws {InvalidParametersError} when a bootstrap record's signature is wrong, or it has no UDP address
 */
export async function codexDiscovery (init: CodexDiscoveryInit): Promise<CodexDiscovery> {
  const crypto = init.crypto ?? await loadCrypto()

  return new DhtDiscovery(init, crypto, (init.bootstrap ?? []).map(text => bootstrapContact(crypto, text)))
}

function bootstrapContact (crypto: DhtCrypto, text: string): Contact {
  const record = parseSpr(text)
  const contact = identify(crypto, record)

  if (!verifySpr(crypto, record)) {
    throw new InvalidParametersError(`${text} is not signed by its peer`)
  }

  if (!isContact(contact)) {
    throw new InvalidParametersError(`${text} has no IPv4 address with a UDP port`)
  }

  return contact
}

class DhtDiscovery implements CodexDiscovery {
  readonly #dht: Dht
  readonly #crypto: DhtCrypto
  readonly #clock: Clock
  readonly #random: Random
  readonly #limits: DhtLimits
  readonly #bootstrap: Contact[]
  readonly #log?: (format: string, ...args: unknown[]) => void
  #announcer?: Announcer

  constructor (init: CodexDiscoveryInit, crypto: DhtCrypto, bootstrap: Contact[]) {
    this.#crypto = crypto
    this.#clock = init.clock ?? systemClock
    this.#random = init.random ?? systemRandom
    this.#limits = { ...DEFAULT_DHT_LIMITS, ...init.limits }
    this.#bootstrap = bootstrap
    this.#log = init.logger?.forComponent('codex-download:dht')
    this.#dht = new Dht({
      socket: init.socket,
      datastore: init.datastore,
      privateKey: init.privateKey.raw,
      addresses: () => init.addresses(),
      unixTime: init.unixTime ?? (() => Date.now()),
      crypto,
      bootstrap,
      clock: this.#clock,
      random: this.#random,
      limits: this.#limits
    })
  }

  get spr (): string {
    this.#running()

    return formatSpr(this.#dht.self.record)
  }

  async start (): Promise<void> {
    if (this.#announcer != null) {
      return
    }

    await this.#dht.start()
    this.#announcer = new Announcer({
      clock: this.#clock,
      random: this.#random,
      limits: this.#limits,
      background: this.#dht.background,
      record: () => this.#dht.self.providerRecord,
      announce: async (contentId, options) => this.#dht.announce(contentId, options),
      isAlone: () => this.#bootstrap.length === 0,
      nodes: () => this.#dht.table.size
    })
    this.#log?.('started as %s', this.spr)
  }

  async stop (): Promise<void> {
    this.#announcer = undefined
    await this.#dht.stop()
  }

  async * find (cid: CID, options?: { signal?: AbortSignal }): AsyncGenerator<PeerInfo> {
    this.#running()

    for await (const { record } of this.#dht.findProviders(contentIdOf(this.#crypto, cid), options)) {
      const provider = this.#toPeerInfo(record)

      if (provider.multiaddrs.length > 0) {
        yield provider
      }
    }
  }

  async provide (cid: CID, options?: { signal?: AbortSignal }): Promise<void> {
    await this.#running().provide(contentIdOf(this.#crypto, cid), options)
  }

  withdraw (cid: CID): void {
    this.#running().withdraw(keyOf(contentIdOf(this.#crypto, cid)))
  }

  stats (): Record<string, number> {
    return { ...this.#dht.stats(), announced: this.#announcer?.size ?? 0 }
  }

  #running (): Announcer {
    if (this.#announcer == null) {
      throw new NotRunningError('the DHT is not started')
    }

    return this.#announcer
  }

  #toPeerInfo ({ publicKey, addresses }: SignedPeerRecord): PeerInfo {
    const local = this.#isLocal()

    return {
      id: peerIdFromPublicKey(publicKeyFromRaw(publicKey)),
      multiaddrs: addresses.flatMap(readAddress).filter(address => {
        const scope = scopeOf(tcpEndpoint(address)?.host ?? '0.0.0.0')

        return scope === 'public' || (local && scope !== 'none')
      })
    }
  }

  /** Whether private and loopback addresses of providers are of any use: strangers must not make us dial our own network. */
  #isLocal (): boolean {
    return this.#bootstrap.length > 0
      ? this.#bootstrap.some(({ endpoint }) => scopeOf(endpoint.host) !== 'public')
      : this.#dht.self.isPrivate
  }
}

/** None when it is of a kind that is not known. */
function readAddress (bytes: Uint8Array): Multiaddr[] {
  try {
    return [multiaddr(bytes)]
  } catch {
    return []
  }
}
