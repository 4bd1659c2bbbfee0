/**
 * What a host supplies: how bytes travel, how peers are found, what is bought, and what time it is.
 */
import type { AbortOptions, PeerId, PeerInfo, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import type { Uint8ArrayList } from 'uint8arraylist'

export type { Hasher } from './dataset/hasher.ts'

/** A peer that may have the blocks: its id where connected or known to the transport, or where to dial it. */
export type Provider = PeerId | PeerInfo | Multiaddr

/** One ordered stream of bytes to a peer, for one protocol. */
export interface ByteStream {
  /**
   * Queues bytes, in order. False means that the buffer is over its high-water mark: wait for `drained` before more.
   *
   * @throws {Error} when the stream is closed
   */
  send(bytes: Uint8Array | Uint8ArrayList): boolean
  /** Resolves as soon as `send` may be called again, at once when it may be now; rejects when the stream ends first. */
  drained(options?: AbortOptions): Promise<void>
  /** Sets who reads. Called once; bytes that came before are handed over then. */
  read(reader: StreamReader): void
  /** Sends what is queued, then ends our side. Never throws. */
  close(): Promise<void>
  /** Ends both sides at once; queued bytes are lost. */
  abort(reason: Error): void
}

/** Takes what a stream brings. */
export interface StreamReader {
  /** Bytes as they come, of any length. The memory is the reader's to keep. */
  onData(bytes: Uint8Array | Uint8ArrayList): void
  /** The other side sends no more (closed, reset, connection lost). Called at most once. */
  onEnd(reason?: Error): void
}

/** Told of the peers that speak one protocol. */
export interface ProtocolHandler {
  /** A connection to a peer that speaks the protocol is up. Called once until `onDisconnect`. */
  onConnect(peer: PeerId): void
  /** The last connection to the peer is gone; its streams have ended or are about to. */
  onDisconnect(peer: PeerId): void
  /** A stream that the peer opened. `stream.read` must be called before this returns. */
  onStream(stream: ByteStream, peer: PeerId): void
}

/** Ordered byte streams per (peer, protocol id). */
export interface Transport extends Startable {
  /** Who we are. */
  readonly peerId: PeerId
  /** Where others can reach us now; may be empty. */
  addresses(): Multiaddr[]
  /**
   * Speaks `protocol` from now on; peers already connected that speak it are announced through `onConnect`.
   *
   * @throws {ProtocolInUseError} when the protocol has a handler already
   */
  register(protocol: string, handler: ProtocolHandler): Promise<void>
  /** Speaks `protocol` no more; its handler hears nothing after that. Does nothing where it was not registered. */
  unregister(protocol: string): Promise<void>
  /**
   * Connects, or finds that it is connected. Resolves with the peer's id.
   *
   * @throws {DialError} when it cannot
   */
  connect(provider: Provider, options?: AbortOptions): Promise<PeerId>
  /**
   * Opens a stream to a connected peer.
   *
   * @throws {DialError} when it is not connected
   * @throws {Error} when it does not speak the protocol, or the signal aborts
   */
  openStream(peer: PeerId, protocol: string, options?: AbortOptions): Promise<ByteStream>
}

/** Finds who has a CID. */
export interface Discovery extends Partial<Startable> {
  /** Yields providers as they are learnt; ends when this lookup knows no more. A lookup is repeated by the caller. */
  find(cid: CID, options?: AbortOptions): AsyncIterable<Provider>
  /** Announces that we have it, once. Renewing is the implementation's affair. */
  provide(cid: CID, options?: AbortOptions): Promise<void>
}

/** What a peer asks for its blocks, put before the policy. */
export interface Offer {
  /** The peer's id, as text. */
  peer: string
  /** The tree, or the block's own CID. */
  root: CID
  /** Price of one block, in the smallest unit of the network's token. 0n is free. */
  price: bigint
  /** The seller's 20-byte account, where it sent one. */
  account?: Uint8Array
  /** What this `Codex` has spent or committed so far, in the same unit. */
  spent: bigint
}

/** Decides whether a block is bought at a price. Called often: it must be pure and quick. */
export type BuyPolicy = (offer: Offer) => boolean

/** A state channel, or whatever pays: filled in by an adapter. */
export interface Payment {
  /** Our 20-byte account: sent to a seller before its first payment, and announced when we sell. */
  readonly account: Uint8Array
  /** Price of one block that we serve; absent or 0n is free. */
  readonly price?: bigint
  /** Pays a seller for a delivery that verified. Resolves with the signed update to send it. */
  pay(peer: string, payment: { account: Uint8Array, amount: bigint }, options?: AbortOptions): Promise<Uint8Array>
  /** An update that a buyer sent. Hostile until checked. */
  received?(peer: string, update: Uint8Array): void
}

/** Time. Injected so that a simulated network can run in virtual time. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Calls `fn` once, in `ms` milliseconds or later. */
  setTimeout(fn: () => void, ms: number): unknown
  /** Has `setTimeout` not call; does nothing when it has called, or for undefined. */
  clearTimeout(timer: unknown): void
}

/** A number in [0, 1). Injected so that a seed repeats a run. */
export type Random = () => number
