import { isPeerId } from '@libp2p/interface'
import { CODE_P2P, isMultiaddr } from '@multiformats/multiaddr'
import { DialError, ProtocolInUseError } from '../errors.ts'
import { Libp2pByteStream } from './byte-stream.ts'
import { ProtocolPeers } from './protocol-peers.ts'
import type { ByteStream, ProtocolHandler, Provider, Transport } from '../interfaces.ts'
import type { AbortOptions, Connection, Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Streams of a protocol, each way, a connection. The reference node takes as many; how many are read is up to the protocol. */
const MAX_STREAMS = 100

interface Registration {
  readonly peers: ProtocolPeers
  readonly topology: string
}

/** A `Transport` over a host's libp2p node. */
export class Libp2pTransport implements Transport {
  readonly #libp2p: Libp2p
  readonly #registrations = new Map<string, Registration>()

  constructor (libp2p: Libp2p) {
    this.#libp2p = libp2p
  }

  get peerId (): PeerId {
    return this.#libp2p.peerId
  }

  addresses (): Multiaddr[] {
    return this.#libp2p.getMultiaddrs()
  }

  /** The node is the host's to start. */
  start (): void {}

  async stop (): Promise<void> {
    await Promise.all([...this.#registrations.keys()].map(async protocol => this.unregister(protocol)))
  }

  async register (protocol: string, handler: ProtocolHandler): Promise<void> {
    const peers = new ProtocolPeers(protocol, handler)

    await this.#handle(protocol, peers, handler)

    const topology = await this.#libp2p.register(protocol, {
      onConnect: (_, connection) => { peers.add(connection) },
      onDisconnect: async peer => {
        // also called when a peer stops to speak the protocol, and late when it has come back
        if (!await this.#speaks(peer, protocol)) {
          peers.remove(peer)
        }
      }
    })
    this.#registrations.set(protocol, { peers, topology })

    for (const connection of this.#libp2p.getConnections()) {
      if (await this.#speaks(connection.remotePeer, protocol)) {
        peers.add(connection)
      }
    }
  }

  async unregister (protocol: string): Promise<void> {
    const registration = this.#registrations.get(protocol)

    if (registration == null) {
      return
    }

    this.#registrations.delete(protocol)
    registration.peers.stop()
    this.#libp2p.unregister(registration.topology)
    await this.#libp2p.unhandle(protocol)
  }

  async connect (provider: Provider, options?: AbortOptions): Promise<PeerId> {
    try {
      const { remotePeer } = await this.#libp2p.dial(dialTarget(provider), options)

      return remotePeer
    } catch (err) {
      options?.signal?.throwIfAborted()
      const peer = peerText(provider)
      throw new DialError(`${peer} cannot be reached`, { peer, cause: err })
    }
  }

  async openStream (peer: PeerId, protocol: string, options?: AbortOptions): Promise<ByteStream> {
    const connection = this.#libp2p.getConnections(peer).findLast(isUsable)

    if (connection == null) {
      throw new DialError(`${peer.toString()} is not connected`, { peer: peer.toString() })
    }

    return new Libp2pByteStream(await connection.newStream(protocol, { ...options, maxOutboundStreams: MAX_STREAMS }))
  }

  async #handle (protocol: string, peers: ProtocolPeers, handler: ProtocolHandler): Promise<void> {
    try {
      await this.#libp2p.handle(protocol, (stream, connection) => {
        // whoever opens a stream speaks the protocol, whether identify has said so or not
        peers.add(connection)
        handler.onStream(new Libp2pByteStream(stream), connection.remotePeer)
      }, {
        maxInboundStreams: MAX_STREAMS,
        maxOutboundStreams: MAX_STREAMS,
        runOnLimitedConnection: false
      })
    } catch (err) {
      if (err instanceof Error && err.name === 'DuplicateProtocolHandlerError') {
        throw new ProtocolInUseError(`${protocol} has a handler on this libp2p node: one node carries one Codex`, { cause: err })
      }

      throw err
    }
  }

  async #speaks (peer: PeerId, protocol: string): Promise<boolean> {
    try {
      const { protocols } = await this.#libp2p.peerStore.get(peer)

      return protocols.includes(protocol)
    } catch {
      // not identified yet
      return false
    }
  }
}

function isUsable (connection: Connection): boolean {
  return connection.status === 'open' && connection.limits == null
}

function dialTarget (provider: Provider): PeerId | Multiaddr | Multiaddr[] {
  if (isPeerId(provider) || isMultiaddr(provider)) {
    return provider
  }

  return provider.multiaddrs.length === 0 ? provider.id : provider.multiaddrs.map(address => withPeer(address, provider))
}

/** The address with the peer's id at its end, so that nobody else answers there. */
function withPeer (address: Multiaddr, { id }: PeerInfo): Multiaddr {
  return address.getComponents().at(-1)?.code === CODE_P2P ? address : address.encapsulate(`/p2p/${id.toString()}`)
}

function peerText (provider: Provider): string {
  return 'multiaddrs' in provider ? provider.id.toString() : provider.toString()
}
