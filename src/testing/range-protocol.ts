import { ProtocolError } from '../errors.ts'
import { RangeLink } from './range-link.ts'
import type { RangeMessage } from './range-frames.ts'
import type { Delivery } from '../dataset/delivery.ts'
import type { ExchangeProtocol, LinkHandler } from '../exchange/peer-link.ts'
import type { ByteStream, ProtocolHandler, Transport } from '../interfaces.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

const PROTOCOL = '/test/ranges/1.0.0'

/**
 * A generation of the protocol that no network speaks: ranges travel as ranges, what cannot be served is refused, and
 * nothing has a price. It is there to prove that the engine does not notice the generation.
 */
export function rangeProtocol (): ExchangeProtocol {
  return new RangeProtocol()
}

class RangeProtocol implements ExchangeProtocol, ProtocolHandler {
  readonly id = PROTOCOL
  readonly #links = new Map<string, RangeLink>()
  /** Peers whose link was closed here; they are heard again when they connect anew. */
  readonly #shunned = new Set<string>()
  #transport?: Transport
  #handler?: LinkHandler

  async start (transport: Transport, handler: LinkHandler): Promise<void> {
    this.#transport = transport
    this.#handler = handler
    await transport.register(PROTOCOL, this)
  }

  async stop (): Promise<void> {
    await this.#transport?.unregister(PROTOCOL)
    this.#links.forEach(link => { link.close() })
    this.#shunned.clear()
  }

  onConnect (peer: PeerId): void {
    this.#shunned.delete(peer.toString())
    this.#link(peer)
  }

  onDisconnect (peer: PeerId): void {
    this.#links.get(peer.toString())?.close()
    this.#shunned.delete(peer.toString())
  }

  onStream (stream: ByteStream, peer: PeerId): void {
    if (this.#shunned.has(peer.toString())) {
      stream.abort(new ProtocolError('The peer is not heard until it connects anew', { peer: peer.toString() }))
    } else {
      this.#link(peer).attach(stream)
    }
  }

  #link (peer: PeerId): RangeLink {
    const known = this.#links.get(peer.toString())

    if (known != null) {
      return known
    }

    const transport = this.#transport as Transport
    const link = new RangeLink({
      peerId: peer,
      open: async options => transport.openStream(peer, PROTOCOL, options),
      received: (link, message) => { this.#received(link, message) },
      closed: (link, reason) => {
        this.#shunned.add(link.peer)
        this.#gone(link, reason)
      },
      ended: link => { this.#gone(link) }
    })

    this.#links.set(link.peer, link)
    this.#handler?.opened(link)

    return link
  }

  #gone (link: RangeLink, reason?: Error): void {
    this.#links.delete(link.peer)
    this.#handler?.closed(link, reason)
  }

  #received (link: RangeLink, message: RangeMessage): void {
    const handler = this.#handler as LinkHandler
    const { type, ranges = [], absent = [] } = message

    switch (type) {
      case 'ask':
        handler.wanted(link, [{ root: rootOf(message), ranges, kind: 'have', tellAbsent: true }])
        break
      case 'request':
        handler.wanted(link, [{ root: rootOf(message), ranges, kind: 'block', tellAbsent: true }])
        break
      case 'cancel':
        handler.wanted(link, [{ root: rootOf(message), ranges, kind: 'cancel', tellAbsent: false }])
        break
      case 'presence':
        handler.have(link, rootOf(message), { have: ranges, absent, price: 0n })
        break
      case 'refuse':
        handler.refused(link, rootOf(message), ranges)
        break
      case 'deliver':
        handler.delivered(link, deliveriesOf(message))
        break
      case 'account':
        handler.account(link, message.payload.subarray())
        break
      default:
        handler.payment(link, message.payload.subarray())
        break
    }
  }
}

function rootOf ({ root }: RangeMessage): CID {
  if (root == null) {
    throw new ProtocolError('A message has no root')
  }

  return root
}

function deliveriesOf (message: RangeMessage): Delivery[] {
  const root = rootOf(message)
  let at = 0

  const take = (bytes: number): Uint8Array => {
    at += bytes

    return message.payload.subarray(at - bytes, at)
  }

  return (message.blocks ?? []).map(({ index, cid, dataBytes, proofBytes }) => ({
    root,
    index,
    cid: cid.bytes,
    data: take(dataBytes),
    proof: proofBytes == null ? undefined : take(proofBytes)
  }))
}
