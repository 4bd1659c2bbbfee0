/**
 * Every error of the library. Each has a static `name` to test for (`err.name === StallError.name`), says what failed
 * in its fields and its message, and carries its cause where it has one.
 */
import type { CID } from 'multiformats/cid'

interface Context extends ErrorOptions {
  /** The CID that could not be had. */
  cid?: CID
  /** The block's index in its dataset. */
  index?: number
  /** The peer concerned, as text. */
  peer?: string
  /** What each peer or step failed with. */
  errors?: Error[]
}

/** Base of all errors of the library. */
export class CodexError extends Error {
  static name = 'CodexError'
  /** What could not be had or done: the CID of a manifest, a tree or a block. */
  readonly cid?: CID
  /** Index of the block in its dataset. */
  readonly index?: number
  /** The peer concerned, as text. */
  readonly peer?: string
  /** What each peer or step failed with; empty where there is nothing to tell. */
  readonly errors: Error[]

  constructor (message: string, context: Context = {}) {
    super(message, context)
    this.name = (this.constructor as { name: string }).name
    this.cid = context.cid
    this.index = context.index
    this.peer = context.peer
    this.errors = context.errors ?? []
  }
}

/** An argument is out of range or of the wrong kind. */
export class InvalidParametersError extends CodexError { static name = 'InvalidParametersError' }
/** A manifest is malformed, inconsistent or over the limits. */
export class InvalidManifestError extends CodexError { static name = 'InvalidManifestError' }
/** A Merkle proof is malformed: a wrong length, index, number of leaves or hash. */
export class InvalidProofError extends CodexError { static name = 'InvalidProofError' }
/** A block's bytes or its proof do not lead to the root: whoever sent it lies. */
export class VerificationError extends CodexError { static name = 'VerificationError' }
/** A dataset is inconsistent in itself, whoever serves it: its author's fault. */
export class InvalidDatasetError extends CodexError { static name = 'InvalidDatasetError' }
/** Bytes from a peer break the protocol or its limits. */
export class ProtocolError extends CodexError { static name = 'ProtocolError' }
/** The protocol has a handler on this transport already: one `Codex` per libp2p node. */
export class ProtocolInUseError extends CodexError { static name = 'ProtocolInUseError' }
/** A peer could not be reached. */
export class DialError extends CodexError { static name = 'DialError' }
/** Nobody that was found has it, or it is not here and `offline` was asked for. */
export class NotFoundError extends CodexError { static name = 'NotFoundError' }
/** A reader waited longer than `stallTimeout` and not one verified byte came. */
export class StallError extends CodexError { static name = 'StallError' }
/** Every peer that has a block asks more than the policy accepts. */
export class TooExpensiveError extends CodexError {
  static name = 'TooExpensiveError'
  /** The lowest price that a peer asked for one block. */
  readonly bestPrice: bigint

  constructor (message: string, bestPrice: bigint, context: Context = {}) {
    super(message, context)
    this.bestPrice = bestPrice
  }
}
/** A group of a protected dataset has fewer blocks left than it takes to recover the others. */
export class RecoveryError extends CodexError {
  static name = 'RecoveryError'
  /** Number of the group, from 0. */
  readonly group: number
  /** Indices of its blocks that nobody has. */
  readonly missing: number[]

  constructor (message: string, group: number, missing: number[], context: Context = {}) {
    super(message, context)
    this.group = group
    this.missing = missing
  }
}
/** A stream ended before the size that the manifest says. */
export class ShortStreamError extends CodexError { static name = 'ShortStreamError' }
/** The store would not take a block: full, over its quota, or failing. */
export class StoreRefusedError extends CodexError { static name = 'StoreRefusedError' }
/** What is in the store is of a schema that this version cannot read. */
export class StoreSchemaError extends CodexError { static name = 'StoreSchemaError' }
/** The `Codex` is not started, or was stopped while this was going on. */
export class NotRunningError extends CodexError { static name = 'NotRunningError' }
/** A download was read twice; a `Download` has one reader. */
export class AlreadyReadError extends CodexError { static name = 'AlreadyReadError' }
/** More bytes came than `collect` was allowed to gather. */
export class TooLargeError extends CodexError { static name = 'TooLargeError' }
/** A data directory is in use by another process. */
export class DataDirInUseError extends CodexError { static name = 'DataDirInUseError' }
