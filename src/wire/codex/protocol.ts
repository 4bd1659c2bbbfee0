import { CodexError, ProtocolError } from '../../errors.ts'
import { DEFAULT_WIRE_LIMITS } from '../limits.ts'
import { CodexPeer } from './peer.ts'
import type { ExchangeProtocol, LinkHandler } from '../../exchange/peer-link.ts'
import type { ByteStream, Clock, ProtocolHandler, Transport } from '../../interfaces.ts'
import type { WireLimits } from '../limits.ts'
import type { PeerId } from '@libp2p/interface'

/** The protocol's id on a transport. */
export const CODEX_PROTOCOL = '/codex/blockexc/1.0.0'

/** Block exchange as the network's reference node speaks it. docs/PROTOCOL.md §6. */
export function codexProtocol (limits: Partial<WireLimits> = {}): ExchangeProtocol {
  return new CodexProtocol({ ...DEFAULT_WIRE_LIMITS, ...limits })
}

class CodexProtocol implements ExchangeProtocol, ProtocolHandler {
  readonly id = CODEX_PROTOCOL
  readonly #limits: WireLimits
  readonly #peers = new Map<string, CodexPeer>()
  /** Bytes that peers make us hold. */
  #held = 0
  #running?: { transport: Transport, handler: LinkHandler, clock: Clock }

  constructor (limits: WireLimits) {
    this.#limits = limits
  }

  async start (transport: Transport, handler: LinkHandler, clock: Clock): Promise<void> {
    this.#running = { transport, handler, clock }

    try {
      await transport.register(this.id, this)
    } catch (err) {
      this.#running = undefined
      throw err
    }
  }

  async stop (): Promise<void> {
    const transport = this.#running?.transport
    this.#running = undefined

    const peers = [...this.#peers.values()]
    this.#peers.clear()
    peers.forEach(peer => { peer.close() })

    await transport?.unregister(this.id)
  }

  get sizes (): Record<string, number> {
    let streams = 0
    let requestedRoots = 0

    for (const peer of this.#peers.values()) {
      streams += peer.streams
      requestedRoots += peer.requestedRoots
    }

    return { connectedPeers: this.#peers.size, streams, requestedRoots, wireBytes: this.#held }
  }

  reopen (peerId: PeerId): void {
    this.#peers.get(peerId.toString())?.reopen()
  }

  onConnect (peerId: PeerId): void {
    const key = peerId.toString()

    if (this.#running == null || this.#peers.has(key)) {
      return
    }

    const { transport, handler, clock } = this.#running
    const peer = new CodexPeer({
      peerId,
      handler,
      limits: this.#limits,
      clock,
      held: change => { this.#hold(change) },
      openStream: async signal => transport.openStream(peerId, this.id, { signal })
    })
    this.#peers.set(key, peer)
    peer.open()
  }

  onDisconnect (peerId: PeerId): void {
    const key = peerId.toString()
    const peer = this.#peers.get(key)
    this.#peers.delete(key)
    peer?.close()
  }

  onStream (stream: ByteStream, peerId: PeerId): void {
    const peer = this.#peers.get(peerId.toString())

    if (peer == null) {
      stream.abort(new CodexError('The peer is not known', { peer: peerId.toString() }))
      return
    }

    peer.accept(stream)
  }

  #hold (change: number): void {
    this.#held += change

    if (change > 0 && this.#held > this.#limits.heldBytes) {
      const [most] = [...this.#peers.values()].sort((a, b) => b.heldBytes - a.heldBytes)
      most.close(new ProtocolError('The peer makes us hold more than any other'))
    }
  }
}
