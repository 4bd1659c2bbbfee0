import type { IndexRange } from '../../src/dataset/ranges.ts'
import type { ExchangeProtocol, LinkHandler, PeerLink, PeerWant, ServedBlock } from '../../src/exchange/peer-link.ts'
import type { Clock } from '../../src/interfaces.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** Something that went over a link: what the engine said (`ask` … `close`), or what it was told (`opened` … `payment`). */
export interface LinkEvent {
  time: number
  what: 'ask' | 'request' | 'cancel' | 'presence' | 'deliver' | 'announce' | 'pay' | 'close' |
    'opened' | 'closed' | 'have' | 'delivered' | 'wanted' | 'account' | 'payment'
  /** The peer at the other end. */
  peer: string
  /** The tree's or the block's CID, as text. */
  root?: string
  /** Blocks that it is about. For presences: those that are there. */
  indices: number[]
  /** For presences: those that are not there. */
  absent?: number[]
  price?: bigint
  bytes?: Uint8Array
}

/** A protocol like `inner`, of which all that goes over its links is kept in `events`. */
export function recordingProtocol (inner: ExchangeProtocol, clock: Clock, events: LinkEvent[]): ExchangeProtocol {
  const add = (what: LinkEvent['what'], link: PeerLink, root?: CID, ranges: IndexRange[] = [], more: Partial<LinkEvent> = {}): void => {
    events.push({ time: clock.now(), what, peer: link.peer, root: root?.toString(), indices: indices(ranges), ...more })
  }

  return {
    id: inner.id,
    start: async (transport, handler, clock) => { await inner.start(transport, recordingHandler(handler, add), clock) },
    reopen: (peer: PeerId) => { inner.reopen?.(peer) },
    stop: async () => { await inner.stop() }
  }
}

type Add = (what: LinkEvent['what'], link: PeerLink, root?: CID, ranges?: IndexRange[], more?: Partial<LinkEvent>) => void

function recordingHandler (handler: LinkHandler, add: Add): LinkHandler {
  const links = new WeakMap<PeerLink, PeerLink>()
  const recorded = (link: PeerLink): PeerLink => {
    const known = links.get(link) ?? recordingLink(link, add)
    links.set(link, known)

    return known
  }

  return {
    opened: link => {
      add('opened', link)
      handler.opened(recorded(link))
    },
    closed: (link, reason) => {
      add('closed', link)
      handler.closed(recorded(link), reason)
    },
    have: (link, root, answer) => {
      add('have', link, root, answer.have, { absent: indices(answer.absent), price: answer.price })
      handler.have(recorded(link), root, answer)
    },
    delivered: (link, deliveries) => {
      deliveries.forEach(({ root, index }) => { add('delivered', link, root, [{ start: index, end: index + 1 }]) })
      handler.delivered(recorded(link), deliveries)
    },
    refused: (link, root, ranges) => { handler.refused(recorded(link), root, ranges) },
    wanted: (link, wants: PeerWant[]) => {
      wants.forEach(({ root, ranges }) => { add('wanted', link, root, ranges) })
      handler.wanted(recorded(link), wants)
    },
    account: (link, bytes) => {
      add('account', link, undefined, [], { bytes })
      handler.account(recorded(link), bytes)
    },
    payment: (link, bytes) => {
      add('payment', link, undefined, [], { bytes })
      handler.payment(recorded(link), bytes)
    }
  }
}

function recordingLink (link: PeerLink, add: Add): PeerLink {
  return {
    peerId: link.peerId,
    peer: link.peer,
    features: link.features,
    get received () { return link.received },
    askHave: (root, ranges) => {
      add('ask', link, root, ranges)
      link.askHave(root, ranges)
    },
    request: (root, ranges, blockBytes) => {
      add('request', link, root, ranges)
      link.request(root, ranges, blockBytes)
    },
    cancel: (root, ranges) => {
      add('cancel', link, root, ranges)
      link.cancel(root, ranges)
    },
    presence: (root, answer) => {
      add('presence', link, root, answer.have, { absent: indices(answer.absent), price: answer.price })
      link.presence(root, answer)
    },
    room: () => link.room?.(),
    deliver: async (root, blocks: ServedBlock[], options) => {
      add('deliver', link, root, blocks.map(({ index }) => ({ start: index, end: index + 1 })))
      await link.deliver(root, blocks, options)
    },
    account: bytes => {
      add('announce', link, undefined, [], { bytes })
      link.account(bytes)
    },
    pay: bytes => {
      add('pay', link, undefined, [], { bytes })
      link.pay(bytes)
    },
    close: reason => {
      add('close', link)
      link.close(reason)
    }
  }
}

function indices (ranges: IndexRange[]): number[] {
  return ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
}
