/** A node that serves badly: what its engine says through its links is tampered with. */
import { delay } from '../delay.ts'
import type { BlockFault } from './block-faults.ts'
import type { IndexRange } from '../../dataset/ranges.ts'
import type { ExchangeProtocol, LinkFeatures, LinkHandler, PeerLink, ServedBlock } from '../../exchange/peer-link.ts'
import type { Clock } from '../../interfaces.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What a node does wrong. */
export interface Faults {
  /** Befall each block that is sent, one after the other. */
  blocks?: BlockFault[]
  /** Makes each delivery wait before it is sent. */
  slow?: { clock: Clock, ms: number }
  /** How often each delivery is sent. Default 1. */
  copies?: number
  /** Says that it has whatever it is asked about; what it has not it never delivers. */
  claimsAll?: boolean
  /** The price that it says, each time. */
  price?(): bigint
  /** Sends the blocks of each delivery to whoever is connected, asked or not. */
  unasked?: boolean
}

/** A protocol whose node serves badly: what the engine sends through its links is tampered with. The rest is `inner`'s. */
export function faultyProtocol (inner: ExchangeProtocol, faults: Faults): ExchangeProtocol {
  return {
    id: inner.id,
    get sizes () { return inner.sizes },
    start: async (transport, handler, clock) => { await inner.start(transport, faultyHandler(handler, faults), clock) },
    reopen: peer => { inner.reopen?.(peer) },
    stop: async () => { await inner.stop() }
  }
}

/** Tells `handler` of faulty links instead of the real ones. */
function faultyHandler (handler: LinkHandler, faults: Faults): LinkHandler {
  const links = new Map<PeerLink, FaultyLink>()

  const faulty = (link: PeerLink): FaultyLink => {
    const known = links.get(link) ?? new FaultyLink(link, faults, links.values())
    links.set(link, known)

    return known
  }

  return {
    opened: link => { handler.opened(faulty(link)) },
    closed: (link, reason) => {
      const gone = faulty(link)
      links.delete(link)
      handler.closed(gone, reason)
    },
    have: (link, root, answer) => { handler.have(faulty(link), root, answer) },
    delivered: (link, deliveries) => { handler.delivered(faulty(link), deliveries) },
    refused: (link, root, ranges) => { handler.refused(faulty(link), root, ranges) },
    wanted: (link, wants) => {
      if (faults.claimsAll === true) {
        wants.filter(({ kind }) => kind === 'have').forEach(({ root, ranges }) => {
          faulty(link).presence(root, { have: ranges, absent: [], price: 0n })
        })
      }

      handler.wanted(faulty(link), wants)
    },
    account: (link, address) => { handler.account(faulty(link), address) },
    payment: (link, update) => { handler.payment(faulty(link), update) }
  }
}

class FaultyLink implements PeerLink {
  readonly peerId: PeerId
  readonly peer: string
  readonly features: LinkFeatures
  readonly refuse?: PeerLink['refuse']
  readonly #inner: PeerLink
  readonly #faults: Faults
  readonly #others: Iterable<FaultyLink>

  /** `others`: all links of the node */
  constructor (inner: PeerLink, faults: Faults, others: Iterable<FaultyLink>) {
    this.peerId = inner.peerId
    this.peer = inner.peer
    this.features = inner.features
    this.refuse = inner.refuse?.bind(inner)
    this.#inner = inner
    this.#faults = faults
    this.#others = others
  }

  get received (): number | undefined {
    return this.#inner.received
  }

  async deliver (root: CID, blocks: ServedBlock[], options?: AbortOptions): Promise<void> {
    const { slow, blocks: faults = [], copies = 1, unasked = false } = this.#faults

    if (slow != null) {
      await delay(slow.clock, slow.ms, options)
    }

    const sent = blocks.flatMap(block => befall(block, faults) ?? [])

    for (let i = 0; i < copies && sent.length > 0; i++) {
      await this.#inner.deliver(root, sent, options)
    }

    for (const other of unasked ? this.#others : []) {
      await other.#inner.deliver(root, sent, options)
    }
  }

  askHave (root: CID, ranges: IndexRange[]): void {
    this.#inner.askHave(root, ranges)
  }

  request (root: CID, ranges: IndexRange[], blockBytes: number): void {
    this.#inner.request(root, ranges, blockBytes)
  }

  cancel (root: CID, ranges: IndexRange[]): void {
    this.#inner.cancel(root, ranges)
  }

  presence (root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void {
    const { claimsAll = false, price } = this.#faults

    if (!claimsAll || answer.absent.length === 0) {
      this.#inner.presence(root, { ...answer, price: price?.() ?? answer.price })
    }
  }

  room (): Promise<void> | undefined {
    return this.#inner.room?.()
  }

  account (address: Uint8Array): void {
    this.#inner.account(address)
  }

  pay (update: Uint8Array): void {
    this.#inner.pay(update)
  }

  close (reason?: Error): void {
    this.#inner.close(reason)
  }
}

function befall (block: ServedBlock, faults: BlockFault[]): ServedBlock | undefined {
  return faults.reduce<ServedBlock | undefined>((left, fault) => left == null ? undefined : fault(left), block)
}
