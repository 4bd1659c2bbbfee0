import { isPeerId } from '@libp2p/interface'
import { isMultiaddr, multiaddr } from '@multiformats/multiaddr'
import { DialError, ProtocolInUseError } from '../errors.ts'
import { Pipe } from './pipe.ts'
import { ConnectionEnd } from './simulated-connection.ts'
import { simulatedPeerId } from './simulated-peer-id.ts'
import type { PeerConditions } from './peer-conditions.ts'
import type { ConnectionPeer, ConnectionSettings } from './simulated-connection.ts'
import type { ByteStream, ProtocolHandler, Provider, Transport } from '../interfaces.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The network that a simulated transport is part of. */
export interface TransportNetwork extends ConnectionSettings {
  find(index: number): SimulatedTransport | undefined
  findPeer(peer: string): SimulatedTransport | undefined
}

/** A peer of a simulated network: its transport, and the handles by which a test makes it vanish or stall. */
export class SimulatedTransport implements Transport, ConnectionPeer {
  readonly peerId: PeerId
  /** `peerId` as text. */
  readonly peer: string
  /** How it is connected; may be changed at any time. */
  readonly conditions: PeerConditions
  /** @internal */
  readonly handlers = new Map<string, ProtocolHandler>()
  /** @internal */
  readonly uplink: Pipe
  /** @internal */
  readonly downlink: Pipe
  readonly #network: TransportNetwork
  readonly #ends = new Map<string, ConnectionEnd>()
  readonly #address: Multiaddr
  #online = true

  /** @internal */
  constructor (network: TransportNetwork, index: number, conditions: PeerConditions) {
    this.#network = network
    this.conditions = conditions
    this.peerId = simulatedPeerId(index)
    this.peer = this.peerId.toString()
    this.#address = multiaddr(`/memory/${index}/p2p/${this.peer}`)
    this.uplink = new Pipe(network.clock, () => conditions.upload, packet => { packet.from.launch(packet) })
    this.downlink = new Pipe(network.clock, () => conditions.download, packet => { packet.from.land(packet) })
  }

  /** Whether others can reach it. It is online from the start. */
  get isOnline (): boolean {
    return this.#online
  }

  /** The peers that it is connected to, in the order in which they came. */
  get connections (): PeerId[] {
    return [...this.#ends.values()].filter(end => end.state === 'up').map(end => end.there.peerId)
  }

  start (): void {
    this.goOnline()
  }

  stop (): void {
    this.goOffline()
  }

  addresses (): Multiaddr[] {
    return this.#online ? [this.#address] : []
  }

  async register (protocol: string, handler: ProtocolHandler): Promise<void> {
    if (this.handlers.has(protocol)) {
      throw new ProtocolInUseError(`${protocol} has a handler already`)
    }

    this.handlers.set(protocol, handler)
    this.#ends.forEach(end => { end.protocolsChanged() })
  }

  async unregister (protocol: string): Promise<void> {
    if (this.handlers.delete(protocol)) {
      this.#ends.forEach(end => {
        end.forgetProtocol(protocol)
        end.protocolsChanged()
      })
    }
  }

  async connect (provider: Provider, options?: AbortOptions): Promise<PeerId> {
    options?.signal?.throwIfAborted()

    const there = this.#resolve(provider)
    const peer = there.peer

    if (!this.#online || there === this) {
      throw new DialError(this.#online ? 'A peer cannot dial itself' : 'The peer is offline', { peer })
    }

    const end = this.#ends.get(peer) ?? this.#dial(there)

    if (end.state === 'opening') {
      await end.whenUp(options)
    }

    return there.peerId
  }

  async openStream (peer: PeerId, protocol: string, options?: AbortOptions): Promise<ByteStream> {
    options?.signal?.throwIfAborted()
    const end = this.#ends.get(peer.toString())

    if (end?.state !== 'up') {
      throw new DialError(`Not connected to ${peer}`, { peer: peer.toString() })
    }

    return end.openStream(protocol, options)
  }

  /** Hangs up on a peer; it hears of it after the latency. */
  disconnect (peer: PeerId): void {
    this.#ends.get(peer.toString())?.hangUp('The connection was closed')
  }

  /** Hangs up on everyone and cannot be reached until it goes online. Its handlers are told and stay. */
  goOffline (): void {
    this.#online = false
    this.#ends.forEach(end => { end.hangUp('The peer went offline') })
  }

  /** Can be reached again; connects to nobody by itself. */
  goOnline (): void {
    this.#online = true
  }

  /**
   * As when the process dies: its handlers are gone and hear nothing more; the others see their connections end. What
   * is registered after `goOnline` is a new process on the same peer.
   */
  crash (): void {
    this.#online = false
    this.handlers.clear()
    this.#ends.forEach(end => { end.vanish('The peer crashed') })
  }

  /** Nothing goes out of or comes into the peer until `resume`; its connections stay. */
  stall (): void {
    this.uplink.pause()
    this.downlink.pause()
  }

  /** Ends a stall: what waited goes on. */
  resume (): void {
    this.uplink.resume()
    this.downlink.resume()
  }

  /** @internal */
  adopt (end: ConnectionEnd): void {
    this.#ends.get(end.there.peer)?.hangUp('The peer connected anew')
    this.#ends.set(end.there.peer, end)
  }

  /** @internal */
  discard (end: ConnectionEnd): void {
    if (this.#ends.get(end.there.peer) === end) {
      this.#ends.delete(end.there.peer)
    }
  }

  /** A dial of the other side that is under way will do. */
  #dial (there: SimulatedTransport): ConnectionEnd {
    const theirs = there.#ends.get(this.peer)

    if (theirs?.state === 'opening') {
      return theirs.other
    }

    const end = new ConnectionEnd(this.#network, this, there)
    end.dial()

    return end
  }

  #resolve (provider: Provider): SimulatedTransport {
    const found = isMultiaddr(provider)
      ? this.#resolveAddress(provider)
      : this.#network.findPeer((isPeerId(provider) ? provider : provider.id).toString())

    if (found == null) {
      throw new DialError(`There is no way to ${isMultiaddr(provider) || isPeerId(provider) ? provider : provider.id}`)
    }

    return found
  }

  #resolveAddress (address: Multiaddr): SimulatedTransport | undefined {
    const value = (name: string): string | undefined => address.getComponents().find(part => part.name === name)?.value
    const found = this.#network.find(Number(value('memory') ?? -1))
    const peer = value('p2p')

    return peer == null || peer === found?.peer ? found : undefined
  }
}
