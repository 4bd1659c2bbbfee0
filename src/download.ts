/**
 * A download: a reader on a dataset. It holds no state of the exchange; what it wanted is let go when it ends.
 */
import { CustomProgressEvent } from 'progress-events'
import { rangesOf } from './dataset/ranges.ts'
import { AlreadyReadError, InvalidParametersError, ShortStreamError } from './errors.ts'
import { Rate } from './progress.ts'
import { openSource, retrieve, sizeOf } from './retrieval.ts'
import { storeStream } from './streams/store-stream.ts'
import type { Manifest } from './dataset/manifest.ts'
import type { Clock } from './interfaces.ts'
import type { DownloadFigures, Progress } from './progress.ts'
import type { Retrieved, RetrievalOptions, RetrievalParts } from './retrieval.ts'
import type { NetworkSource } from './stores/network-source.ts'
import type { Recovery } from './streams/recovery.ts'
import type { ByteRange } from './streams/store-stream.ts'
import type { CID } from 'multiformats/cid'
import type { ProgressEvent } from 'progress-events'

/** Told at most once a batch of blocks. */
export type DownloadProgressEvent = ProgressEvent<'codex:download:progress', Progress>

export interface DownloadInit extends RetrievalOptions {
  cid: CID
  parts: RetrievalParts
  clock: Clock
  /** First byte. */
  offset: number
  /** Bytes, at most; undefined: to the end. */
  length?: number
  onProgress?(event: DownloadProgressEvent): void
  /** Told when it has begun and ended. */
  began(download: Download): void
  ended(download: Download): void
}

/**
 * Bytes of a file or a single block, verified and in order. Work starts when it is read, when `manifest()` is called or
 * when `done` is read; `break` and `abort()` end it.
 */
export class Download implements AsyncIterable<Uint8Array> {
  /** The manifest's CID, or the single block's. */
  readonly cid: CID
  readonly #init: DownloadInit
  readonly #abort = new AbortController()
  readonly #done = Promise.withResolvers<DownloadFigures>()
  readonly #rate: Rate
  #retrieving?: Promise<Retrieved>
  #source?: NetworkSource
  #recovery?: Recovery
  #iterated = false
  #reading = false
  #bytes = 0
  #totalBytes?: number
  #startedAt?: number
  #settled = false

  constructor (init: DownloadInit) {
    this.cid = init.cid
    this.#init = init
    this.#rate = new Rate(init.clock)
    this.#done.promise.catch(() => {})

    if (init.signal.aborted) {
      this.abort(init.signal.reason)
    }
  }

  /**
   * The verified manifest; undefined for a single block. A failure of it is one of the download.
   *
   * @throws {InvalidParametersError} for the CID of a tree
   * @throws {InvalidManifestError} @throws {NotFoundError} @throws {StallError} @throws {TooExpensiveError}
   * @throws {NotRunningError}
   * @throws the reason that the download was aborted with
   */
  async manifest (): Promise<Manifest | undefined> {
    try {
      return (await this.#retrieve()).manifest
    } catch (err) {
      this.#end(err)
      throw err
    }
  }

  /** How far it is now. */
  get progress (): Progress {
    const rate = this.#settled ? 0 : this.#rate.value
    const left = (this.#totalBytes ?? 0) - this.#bytes
    const { fromStore = 0, fromPeers = 0, recovered = 0 } = this.#source?.figures ?? {}

    return {
      bytes: this.#bytes,
      totalBytes: this.#totalBytes,
      blocks: { fromStore, fromPeers, recovered },
      rate,
      peers: this.#source?.activePeers ?? 0,
      eta: this.#totalBytes == null || rate === 0 ? undefined : left * 1000 / rate
    }
  }

  /**
   * Settles with the figures when the last byte was taken, or with what the download failed with; the reason of
   * `abort`, or of `break`, included. Where nothing reads the download, reading this does, and drops the bytes: they
   * are in the local store then. Never an unhandled rejection.
   */
  get done (): Promise<DownloadFigures> {
    queueMicrotask(() => {
      if (!this.#iterated && !this.#settled) {
        void this.#drain()
      }
    })

    return this.#done.promise
  }

  /** Ends the download; whoever reads it gets `reason`. */
  abort (reason: unknown = new DOMException('The download was aborted', 'AbortError')): void {
    this.#abort.abort(reason)
    this.#source?.close(reason)
    this.#recovery?.abort(reason)
    this.#end(reason)
  }

  /**
   * The bytes, at most a block at a time. They are the caller's to keep, and may be views of larger memory. Returning from
   * the iterator ends the download at once, also while it waits for bytes.
   *
   * @throws {AlreadyReadError} when it is, or was, iterated
   * @throws {InvalidParametersError} when `offset` is beyond the end
   * @throws {InvalidDatasetError} when the manifest disagrees with the tree
   * @throws {RecoveryError} when blocks that nobody has cannot be recovered either
   * @throws {ShortStreamError} when fewer bytes came than the manifest says
   * @throws what `manifest` throws
   */
  [Symbol.asyncIterator] (): AsyncIterableIterator<Uint8Array, void, undefined> {
    if (this.#iterated) {
      throw new AlreadyReadError('a download is read once; start another one', { cid: this.cid })
    }

    this.#iterated = true
    const bytes = this.#read()

    return {
      next: async () => bytes.next(),
      return: async () => {
        if (this.#totalBytes == null || this.#bytes < this.#totalBytes) {
          this.abort(new DOMException('The reader stopped early', 'AbortError'))
        }

        return bytes.return()
      },
      [Symbol.asyncIterator] () { return this }
    }
  }

  async * #read (): AsyncGenerator<Uint8Array, void, undefined> {
    let failure: { reason: unknown } | undefined
    this.#reading = true
    this.#init.began(this)

    try {
      this.#listen()
      const retrieved = await this.#retrieve()
      const { offset, length } = this.#init
      const size = sizeOf(retrieved)
      const end = Math.min(size ?? Infinity, length == null ? Infinity : offset + length)
      const { parts, signal: _, ...options } = this.#init
      const source = await openSource(this.cid, retrieved, parts, { ...options, signal: this.#abort.signal }, {
        order: 'sequential',
        reads: true,
        end: size == null ? undefined : end,
        came: blocks => { this.#recovery?.came(blocks) }
      })
      this.#source = source

      if (this.#abort.signal.aborted) {
        source.close(this.#abort.signal.reason)
      }

      assertWithin(this.cid, offset, size ?? Infinity)
      this.#totalBytes = size == null ? undefined : end - offset
      const chunks = size == null ? singleBlock(source, offset, end) : await this.#stream(source, retrieved, { start: offset, end })

      for await (const chunk of chunks) {
        this.#bytes += chunk.byteLength
        this.#totalBytes ??= chunk.byteLength
        this.#rate.add(chunk.byteLength)
        yield chunk
        this.#abort.signal.throwIfAborted()
        this.#init.onProgress?.(new CustomProgressEvent('codex:download:progress', this.progress))
      }

      if (this.#totalBytes != null && this.#bytes !== this.#totalBytes) {
        throw new ShortStreamError(`${this.#bytes} bytes came of ${this.#totalBytes}`, { cid: this.cid })
      }
    } catch (err) {
      const reason = this.#abort.signal.aborted ? this.#abort.signal.reason : err
      failure = { reason }
      throw reason
    } finally {
      this.#source?.close()
      this.#end(failure?.reason)
    }
  }

  async #stream (source: NetworkSource, retrieved: Retrieved, range: ByteRange): Promise<AsyncGenerator<Uint8Array>> {
    if (retrieved.manifest?.protection == null) {
      return storeStream(source, range)
    }

    const { parts, signal: _, ...options } = this.#init
    const { erasureStream, openRecovery } = await import('./protected-retrieval.ts')
    const recovery = await openRecovery(this.cid, retrieved, parts, { ...options, signal: this.#abort.signal }, {
      repairs: false,
      recovered: indices => {
        source.figures.recovered += indices.length
        source.drop(rangesOf(indices))
      }
    })
    this.#recovery = recovery

    return recovery == null ? storeStream(source, range) : erasureStream(source, range, recovery)
  }

  async #retrieve (): Promise<Retrieved> {
    this.#listen()
    this.#startedAt ??= this.#init.clock.now()
    this.#retrieving ??= retrieve(this.cid, this.#init.parts, { ...this.#init, signal: this.#abort.signal })

    try {
      return await this.#retrieving
    } finally {
      if (!this.#reading || this.#settled) {
        this.#init.signal.removeEventListener('abort', this.#onAbort)
      }
    }
  }

  /** Heeds the caller's signal while there is work. */
  #listen (): void {
    if (this.#init.signal.aborted) {
      this.abort(this.#init.signal.reason)
    }

    this.#abort.signal.throwIfAborted()
    this.#init.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  async #drain (): Promise<void> {
    try {
      const chunks = this[Symbol.asyncIterator]()

      for (let ended = false; !ended;) {
        const { done } = await chunks.next()
        ended = done === true
      }
    } catch {
      // `done` tells it
    }
  }

  readonly #onAbort = (): void => { this.abort(this.#init.signal.reason) }

  #end (reason?: unknown): void {
    this.#init.ended(this)

    if (this.#settled) {
      return
    }

    this.#settled = true
    this.#init.signal.removeEventListener('abort', this.#onAbort)
    const now = this.#init.clock.now()
    const milliseconds = now - (this.#startedAt ?? now)

    if (this.#startedAt != null) {
      const failed = this.#abort.signal.aborted ? 'aborted' : 'failed'
      const outcome = reason == null ? 'done' : failed
      this.#init.parts.emit('codex:download:end', { cid: this.cid, outcome, bytes: this.#bytes, milliseconds, error: reason })
    }

    if (reason != null) {
      this.#done.reject(reason)
      return
    }

    const { fromStore = 0, fromPeers = 0, recovered = 0, peers = new Set<string>() } = this.#source?.figures ?? {}
    this.#done.resolve({
      bytes: this.#bytes,
      blocks: { fromStore, fromPeers, recovered },
      peers: [...peers],
      milliseconds
    })
  }
}

async function * singleBlock (source: NetworkSource, offset: number, end: number): AsyncGenerator<Uint8Array> {
  source.want([{ start: 0, end: 1 }])
  const [{ data }] = await source.next(0, source.shape.blockSize)
  const bytes = data.subarray(offset, Math.min(end, data.byteLength))

  assertWithin(source.shape.root, offset, data.byteLength)

  if (bytes.byteLength > 0) {
    yield bytes
  }
}

function assertWithin (cid: CID, offset: number, size: number): void {
  if (offset > size) {
    throw new InvalidParametersError(`offset ${offset} is beyond the end of ${size} bytes`, { cid })
  }
}
