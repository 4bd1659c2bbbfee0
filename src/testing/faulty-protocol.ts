import { delay } from './delay.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { ExchangeProtocol, LinkFeatures, LinkHandler, PeerLink, ServedBlock } from '../exchange/peer-link.ts'
import type { Clock, Random } from '../interfaces.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What becomes of a block that is about to be sent; undefined: it never is. */
export type BlockFault = (block: ServedBlock) => ServedBlock | undefined

/** Other bytes than the block's; an empty block gets one. */
export const wrongBytes: BlockFault = block => ({ ...block, data: flipped(block.data) })

/** A proof that can be read and leads elsewhere. */
export const wrongProof: BlockFault = block => ({ ...block, proof: block.proof == null ? undefined : flipped(block.proof) })

/** It was said to be there, and does not come. */
export const neverDelivered: BlockFault = () => undefined

/** The fault for some blocks, drawn with a probability from 0 to 1; the others are left alone. */
export function sometimes (random: Random, probability: number, fault: BlockFault): BlockFault {
  return block => random() < probability ? fault(block) : block
}

export interface Faults {
  /** Befall each block that is sent, one after the other. */
  blocks?: BlockFault[]
  /** Makes each delivery wait before it is sent. */
  slow?: { clock: Clock, ms: number }
}

/** A protocol whose node serves badly: what the engine sends through its links is tampered with. The rest is `inner`'s. */
export function faultyProtocol (inner: ExchangeProtocol, faults: Faults): ExchangeProtocol {
  return {
    id: inner.id,
    start: async (transport, handler) => { await inner.start(transport, faultyHandler(handler, faults)) },
    stop: async () => { await inner.stop() }
  }
}

/** Tells `handler` of faulty links instead of the real ones. */
function faultyHandler (handler: LinkHandler, faults: Faults): LinkHandler {
  const links = new WeakMap<PeerLink, PeerLink>()

  const faulty = (link: PeerLink): PeerLink => {
    const known = links.get(link) ?? new FaultyLink(link, faults)
    links.set(link, known)

    return known
  }

  return {
    opened: link => { handler.opened(faulty(link)) },
    closed: (link, reason) => { handler.closed(faulty(link), reason) },
    have: (link, root, answer) => { handler.have(faulty(link), root, answer) },
    delivered: (link, deliveries) => { handler.delivered(faulty(link), deliveries) },
    refused: (link, root, ranges) => { handler.refused(faulty(link), root, ranges) },
    wanted: (link, wants) => { handler.wanted(faulty(link), wants) },
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

  constructor (inner: PeerLink, faults: Faults) {
    this.peerId = inner.peerId
    this.peer = inner.peer
    this.features = inner.features
    this.refuse = inner.refuse?.bind(inner)
    this.#inner = inner
    this.#faults = faults
  }

  async deliver (root: CID, blocks: ServedBlock[], options?: AbortOptions): Promise<void> {
    const { slow, blocks: faults = [] } = this.#faults

    if (slow != null) {
      await delay(slow.clock, slow.ms, options)
    }

    const sent = blocks.flatMap(block => befall(block, faults) ?? [])

    if (sent.length > 0) {
      await this.#inner.deliver(root, sent, options)
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
    this.#inner.presence(root, answer)
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

/** A copy whose last byte is another. */
function flipped (bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(Math.max(1, bytes.byteLength))
  copy.set(bytes)
  copy[copy.byteLength - 1] ^= 1

  return copy
}
