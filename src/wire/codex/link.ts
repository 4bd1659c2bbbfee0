import { DELIVERY_BLOCKS, DELIVERY_BYTES } from '../../constants.ts'
import { countOf } from '../../dataset/ranges.ts'
import { Outbound } from '../outbound.ts'
import { accountMessage, deliveryMessage, paymentMessage, presenceMessages, wantMessages } from './encode.ts'
import type { IndexRange } from '../../dataset/ranges.ts'
import type { LinkFeatures, PeerLink, PeerWant, ServedBlock } from '../../exchange/peer-link.ts'
import type { LinkCounters } from '../counters.ts'
import type { OutboundInit } from '../outbound.ts'
import type { Requested } from '../requested.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

const FEATURES: LinkFeatures = { ranges: false, refusals: false, price: true }

export interface CodexLinkInit {
  readonly peerId: PeerId
  readonly peer: string
  readonly requested: Requested
  readonly counters: LinkCounters
  readonly outbound: OutboundInit
  /** The link is closed by whoever uses it. */
  close(reason?: Error): void
}

/** One epoch of a peer that speaks `/codex/blockexc/1.0.0`. */
export class CodexLink implements PeerLink {
  readonly peerId: PeerId
  readonly peer: string
  readonly features = FEATURES
  /** What went over this connection, all epochs together. */
  readonly counters: LinkCounters
  /** What is said, for whoever runs the epoch. */
  readonly outbound: Outbound
  readonly #init: CodexLinkInit
  /** The first want list of an epoch says that it is everything; the later ones add to it. */
  #full = true
  /** Blocks asked about and not spoken of since. */
  #questions = 0

  constructor (init: CodexLinkInit) {
    this.peerId = init.peerId
    this.peer = init.peer
    this.counters = init.counters
    this.#init = init
    this.outbound = new Outbound(init.outbound)
  }

  get received (): number {
    return this.counters.bytesIn
  }

  /** Whether the peer may still owe us something that we asked for. */
  get isOwed (): boolean {
    return this.#questions > 0 || this.#init.requested.bytes > 0
  }

  /** The peer said of so many blocks whether it has them. */
  answered (blocks: number): void {
    this.#questions = Math.max(0, this.#questions - blocks)
  }

  askHave (root: CID, ranges: IndexRange[]): void {
    this.#init.requested.ask(root)
    this.#questions += countOf(ranges)
    this.#want(root, ranges, 'have')
  }

  request (root: CID, ranges: IndexRange[], blockBytes: number): void {
    this.#init.requested.add(root, ranges, blockBytes)
    this.#want(root, ranges, 'block')
  }

  cancel (root: CID, ranges: IndexRange[]): void {
    this.#init.requested.takeBack(root, ranges)
    this.#want(root, ranges, 'cancel')
  }

  presence (root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void {
    this.#say(presenceMessages(root, answer), answer.have.length + answer.absent.length)
  }

  room (): Promise<void> | undefined {
    return this.outbound.room()
  }

  async deliver (root: CID, blocks: ServedBlock[], options?: AbortOptions): Promise<void> {
    for (const batch of batchesOf(blocks)) {
      await this.outbound.deliver(() => deliveryMessage(root, batch), options)
    }
  }

  account (address: Uint8Array): void {
    this.outbound.say([accountMessage(address)])
  }

  pay (update: Uint8Array): void {
    this.outbound.say([paymentMessage(update)])
  }

  close (reason?: Error): void {
    this.#init.close(reason)
  }

  #want (root: CID, ranges: IndexRange[], kind: PeerWant['kind']): void {
    this.#say(wantMessages(root, ranges, kind, () => {
      const full = this.#full
      this.#full = false

      return full
    }), ranges.length)
  }

  #say (messages: Iterable<Uint8Array>, ranges: number): void {
    if (ranges > 0) {
      this.outbound.say(messages, ranges)
    }
  }
}

/** As many blocks at a time as a delivery message takes. */
function * batchesOf (blocks: ServedBlock[]): Generator<ServedBlock[]> {
  let batch: ServedBlock[] = []
  let bytes = 0

  for (const block of blocks) {
    if (batch.length === DELIVERY_BLOCKS || (batch.length > 0 && bytes + block.data.byteLength > DELIVERY_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }

    batch.push(block)
    bytes += block.data.byteLength
  }

  if (batch.length > 0) {
    yield batch
  }
}
