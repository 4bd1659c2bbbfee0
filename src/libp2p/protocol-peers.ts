import type { ProtocolHandler } from '../interfaces.ts'
import type { Connection, PeerId } from '@libp2p/interface'

interface ConnectedPeer {
  readonly peerId: PeerId
  readonly connections: Set<Connection>
}

/**
 * The peers that speak one protocol, by their connections: libp2p announces a peer again each time it is identified, and
 * tells that it is gone late, perhaps when it has come back.
 */
export class ProtocolPeers {
  readonly #protocol: string
  readonly #handler: ProtocolHandler
  readonly #peers = new Map<string, ConnectedPeer>()
  readonly #stopped = new AbortController()

  constructor (protocol: string, handler: ProtocolHandler) {
    this.#protocol = protocol
    this.#handler = handler
  }

  /** A connection over which the protocol is spoken. */
  add (connection: Connection): void {
    if (this.#stopped.signal.aborted || connection.status !== 'open' || connection.limits != null) {
      return
    }

    const { remotePeer } = connection
    const key = remotePeer.toString()
    let peer = this.#peers.get(key)

    if (peer?.connections.has(connection) === true) {
      return
    }

    connection.addEventListener('close', () => { this.#closed(connection) }, { once: true, signal: this.#stopped.signal })

    if (peer != null) {
      peer.connections.add(connection)
      return
    }

    peer = { peerId: remotePeer, connections: new Set([connection]) }
    this.#peers.set(key, peer)
    this.#handler.onConnect(remotePeer)
  }

  /**
   * The peer does not say that it speaks the protocol. What it says may be older than a stream that it opened, so while
   * there is one it stays.
   */
  remove (peerId: PeerId): void {
    const { connections = [] } = this.#peers.get(peerId.toString()) ?? {}

    if (![...connections].some(({ streams }) => streams.some(({ protocol }) => protocol === this.#protocol))) {
      this.#gone(peerId)
    }
  }

  stop (): void {
    this.#stopped.abort()
    this.#peers.clear()
  }

  #closed (connection: Connection): void {
    const peer = this.#peers.get(connection.remotePeer.toString())

    if (peer?.connections.delete(connection) === true && peer.connections.size === 0) {
      this.#gone(peer.peerId)
    }
  }

  #gone (peerId: PeerId): void {
    if (this.#peers.delete(peerId.toString())) {
      this.#handler.onDisconnect(peerId)
    }
  }
}
