/** What callers ask for, and whether it makes sense. */
import { DEFAULT_LIMITS } from './constants.ts'
import { InvalidParametersError } from './errors.ts'
import type { Limits } from './constants.ts'
import type { DownloadProgressEvent } from './download.ts'
import type { Provider } from './interfaces.ts'
import type { RetrievalOptions } from './retrieval.ts'
import type { ErasureOptions } from './storing.ts'
import type { AbortOptions } from 'abort-error'

/** What `download`, `manifest` and `prefetch` have in common. */
export interface RetrieveOptions extends AbortOptions {
  /** Where it may be found, as the caller knows: tried first, for the manifest and for the blocks. */
  providers?: Provider[]
  /** Asks nobody: what is not in the local store fails at once. Default false. */
  offline?: boolean
  /** Keeps what comes in the local store. Default true. */
  store?: boolean
  /** Milliseconds that it waits without a verified byte. Default `limits.stallTimeout`. */
  stallTimeout?: number
}

/** Options of `download`. */
export interface DownloadOptions extends RetrieveOptions {
  /** First byte; default 0. */
  offset?: number
  /** Bytes, at most; default: to the end. */
  length?: number
  /** Bytes requested or here and not yet taken by the reader. Default `limits.readAheadBytes`. */
  readAheadBytes?: number
  /** Told at most once a batch of blocks. */
  onProgress?(event: DownloadProgressEvent): void
}

/** Options of `prefetch`. `store` is without effect: a prefetch stores. */
export interface PrefetchOptions extends RetrieveOptions {
  /** Which blocks first: in their order, or those that the fewest peers have. Default 'sequential'. */
  selection?: 'sequential' | 'rarest'
}

/** Options of `store`. */
export interface StoreOptions extends AbortOptions {
  /** Kept in the manifest, as given. Default: a File's name. */
  filename?: string
  /** Kept in the manifest. Default: a Blob's type. */
  mimetype?: string
  /** Bytes of a block; default 64 KiB. */
  blockSize?: number
  /** Stores parity beside it: of each group of `data` + `parity` blocks any `data` give the others. Default: none. */
  erasure?: ErasureOptions
}

/**
 * The options with what they leave out; `ends` ends all work.
 *
 * @throws {InvalidParametersError}
 */
export function retrievalOf (options: RetrieveOptions & { readAheadBytes?: number }, limits: Limits, ends: AbortSignal): RetrievalOptions {
  const { signal = ends, providers = [], offline = false, store = true, stallTimeout = limits.stallTimeout, readAheadBytes = limits.readAheadBytes } = options
  assertProviders(providers)
  assertAmount('stallTimeout', stallTimeout)
  assertAmount('readAheadBytes', readAheadBytes)

  return { signal, providers, offline, store, stallTimeout, readAheadBytes }
}

/** @throws {InvalidParametersError} when a limit is no number, or negative */
export function limitsOf (limits: Partial<Limits>): Limits {
  const given = Object.entries(limits).filter(([, value]) => value != null)

  given.forEach(([name, value]) => { assertAmount(`the limit ${name}`, value) })

  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) }
}

function assertAmount (name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new InvalidParametersError(`${name} must be a number of at least 0, not ${String(value)}`)
  }
}

/** Not every caller's compiler has looked. */
function assertProviders (providers: unknown): void {
  const isProvider = (value: unknown): boolean => typeof value === 'object' && value != null &&
    ('toMultihash' in value || 'getComponents' in value || ('id' in value && 'multiaddrs' in value))

  if (!Array.isArray(providers) || !providers.every(isProvider)) {
    throw new InvalidParametersError('providers must be an array of peer ids, peer infos or multiaddrs; text is none of them')
  }
}

/** @throws {InvalidParametersError} */
export function assertBytes (name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidParametersError(`${name} must be a whole number of bytes, not ${value}`)
  }
}
