/**
 * The port between the engine and a generation of the protocol. Neutral on purpose: it speaks of a root and ranges of
 * indices, never of want entries or messages. `wire/codex` turns it into messages of `/codex/blockexc/1.0.0`.
 */
import type { Delivery } from '../dataset/delivery.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { Clock, Transport, Provider } from '../interfaces.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What this generation of the protocol can say. */
export interface LinkFeatures {
  /** Ranges travel as ranges; where false they are spelt out, an entry an index, so asking ahead costs. */
  readonly ranges: boolean
  /** A request that cannot be served is answered with `refused`; where false it is met with silence. */
  readonly refusals: boolean
  /** Presences carry a price. */
  readonly price: boolean
}

/** A block to send: its own CID, its bytes, and the siblings that prove it where it is a leaf. */
export interface ServedBlock {
  index: number
  cid: CID
  /** Empty for the empty block. */
  data: Uint8Array
  /** Encoded `CodexProof`; absent for a block addressed by its own CID. */
  proof?: Uint8Array
}

/**
 * A connected peer that speaks a generation of the protocol. `root` is a treeCid (codec 0xCD03; indices are leaves) or
 * the CID of a standalone block (then the only index is 0). Calls never throw and never wait, but for `deliver`.
 */
export interface PeerLink {
  readonly peerId: PeerId
  /** `peerId` as text: the key of this peer everywhere. */
  readonly peer: string
  /** What this generation can say; the same for all its links. */
  readonly features: LinkFeatures
  /** Bytes that came from the peer so far, whole messages or not; a peer that is sending is not given up yet. */
  readonly received?: number

  /** Asks which of these blocks the peer has, and at what price. */
  askHave(root: CID, ranges: IndexRange[]): void
  /** Asks for these blocks. `blockBytes` is the length of one, at most: what may come back is bounded by it. */
  request(root: CID, ranges: IndexRange[], blockBytes: number): void
  /** Takes requests back. */
  cancel(root: CID, ranges: IndexRange[]): void

  /** Answers wants: what we have, and (only for what was asked with `tellAbsent`) what we have not. */
  presence(root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void
  /**
   * Undefined when another answer can be told now. Otherwise resolves when it can, or when the link is closed: until then
   * it would wait in memory, and too many are given up with the peer.
   */
  room?(): Promise<void> | undefined
  /** Sends blocks. Resolves when the stream can take more; rejects when the link closes first. */
  deliver(root: CID, blocks: ServedBlock[], options?: AbortOptions): Promise<void>
  /** Says that these will not be served. Present only where `features.refusals`; elsewhere silence has to do. */
  refuse?(root: CID, ranges: IndexRange[]): void

  /** Our account, for a seller that waits for it or a buyer that is to know it. */
  account(address: Uint8Array): void
  /** A signed payment. */
  pay(update: Uint8Array): void

  /**
   * Ends our streams to the peer and ignores what it sends until it connects anew or the protocol is told to `reopen` it.
   * The connection is the host's.
   */
  close(reason?: Error): void
}

/** What another peer wants of us. */
export interface PeerWant {
  root: CID
  /** Sorted. */
  ranges: IndexRange[]
  kind: 'have' | 'block' | 'cancel'
  /** Where true it wants to be told of what we do not have. */
  tellAbsent: boolean
}

/** What links tell the engine. Called in the order in which things came; must not throw. */
export interface LinkHandler {
  /** A link epoch begins: nothing asked before is remembered by the other side. */
  opened(link: PeerLink): void
  /** The link is gone. `reason` is set when the other side broke the protocol. */
  closed(link: PeerLink, reason?: Error): void
  /** The peer's answer: these it has, at this price a block; these it has not. */
  have(link: PeerLink, root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void
  /** Blocks, unverified. */
  delivered(link: PeerLink, deliveries: Delivery[]): void
  /** The peer will not serve these. */
  refused(link: PeerLink, root: CID, ranges: IndexRange[]): void
  /** The peer wants these of us. */
  wanted(link: PeerLink, wants: PeerWant[]): void
  /** The peer's 20-byte account. */
  account(link: PeerLink, address: Uint8Array): void
  /** A payment that the peer sent, unchecked. */
  payment(link: PeerLink, update: Uint8Array): void
}

/** A generation of the protocol, made ready to speak over a transport. */
export interface ExchangeProtocol {
  /** Its id on a transport. */
  readonly id: string
  /** `clock` is the time that its limits on what peers may do are measured in. */
  start(transport: Transport, handler: LinkHandler, clock: Clock): Promise<void>
  /** The peer is wanted, connected, and has no link: tries again, also where the link was closed on purpose. */
  reopen?(peer: PeerId): void
  /** Closes every link (with `closed`) and leaves nothing running. */
  stop(): Promise<void>
  /** Entries and bytes of what it holds, for those who watch for leaks. */
  readonly sizes?: Record<string, number>
}

export type { Provider }
