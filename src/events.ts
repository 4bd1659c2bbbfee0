/**
 * The one vocabulary of what happens. Progress, figures, logs and metrics are all made from it. Coalesced: an event a
 * batch, never an event a block.
 */
import type { CID } from 'multiformats/cid'

/** A peer, as text. */
export interface PeerDetail { peer: string }

/**
 * The events of a `Codex`. `peer` is a peer's id as text; `root` is a `treeCid` or the CID of a standalone block; `start`,
 * `end` (exclusive), `index` and `indices` are indices of blocks; `blocks` is a number of blocks; `bytes` are those of their
 * data.
 */
export interface CodexEvents {
  /** A peer that speaks the protocol is connected. */
  'codex:peer:connect': CustomEvent<PeerDetail>
  /** It is gone; `error` is set when it broke the protocol. */
  'codex:peer:disconnect': CustomEvent<PeerDetail & { error?: Error }>
  /** It lied: neither asked nor served for a while. */
  'codex:peer:ban': CustomEvent<PeerDetail & { error: Error }>
  /** It did not answer in time. */
  'codex:peer:timeout': CustomEvent<PeerDetail & { root: CID, blocks: number }>
  /** A peer could not be reached. `provider` is its id or address. */
  'codex:dial:error': CustomEvent<{ provider: string, error: Error }>
  /** Discovery is asked who has a CID. */
  'codex:discovery:find': CustomEvent<{ cid: CID }>
  /** It found someone. */
  'codex:discovery:found': CustomEvent<{ cid: CID, provider: string }>
  /** A lookup ended; `error` is set when it failed. */
  'codex:discovery:end': CustomEvent<{ cid: CID, providers: number, error?: Error }>
  /** A CID could not be announced. */
  'codex:discovery:provide-error': CustomEvent<{ cid: CID, error: Error }>
  /** Blocks were requested of a peer. `duplicate`: because another peer holds them up. */
  'codex:blocks:request': CustomEvent<PeerDetail & { root: CID, start: number, end: number, duplicate: boolean }>
  /** Blocks came, verified, and are in the local store where they are kept. `milliseconds`: since the first was asked. */
  'codex:blocks:verified': CustomEvent<PeerDetail & { root: CID, indices: number[], bytes: number, stored: boolean, milliseconds?: number }>
  /** Blocks that nobody has were recovered from parity, and proven. */
  'codex:blocks:recovered': CustomEvent<{ root: CID, indices: number[], stored: boolean }>
  /** Blocks of a protected file were fetched or recovered once more, because no store had kept them. */
  'codex:blocks:again': CustomEvent<{ root: CID, indices: number[] }>
  /** A block did not verify. */
  'codex:blocks:rejected': CustomEvent<PeerDetail & { root: CID, index: number, error: Error }>
  /** The local store would not take blocks; the download goes on without. Once a download. */
  'codex:store:refused': CustomEvent<{ root: CID, error: Error }>
  /** Blocks were sent to a peer. */
  'codex:blocks:served': CustomEvent<PeerDetail & { blocks: number, bytes: number }>
  /** A download on which work was begun ended. `error` is what its reader is given, the reason of an abort included. */
  'codex:download:end': CustomEvent<{ cid: CID, outcome: 'done' | 'failed' | 'aborted', bytes: number, milliseconds: number, error?: unknown }>
  /** A payment could not be made or understood, or the policy failed (told once). */
  'codex:payment:error': CustomEvent<PeerDetail & { error: Error }>
}

/** Tells that something happened. */
export type Emit = <K extends keyof CodexEvents>(type: K, detail: CodexEvents[K]['detail']) => void
