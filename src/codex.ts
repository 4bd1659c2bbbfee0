/** The API. */
import { TypedEventEmitter } from 'main-event'
import { DEFAULT_BLOCK_SIZE } from './constants.ts'
import { parseCid } from './dataset/codecs.ts'
import { fileBlocks, fileSize } from './dataset/manifest.ts'
import { shapeOf } from './dataset/verify.ts'
import { Download } from './download.ts'
import { InvalidParametersError, NotRunningError } from './errors.ts'
import { EventFigures } from './figures.ts'
import { assertBytes, limitsOf, retrievalOf } from './options.ts'
import { retrieve } from './retrieval.ts'
import { startRun, stopRun } from './run.ts'
import { TIME_BUCKETS } from './timing.ts'
import type { Limits } from './constants.ts'
import type { Manifest } from './dataset/manifest.ts'
import type { CodexEvents, Emit } from './events.ts'
import type { PeerCounters } from './exchange/peer-admin.ts'
import type { CodexStats } from './figures.ts'
import type { Meter } from './metrics.ts'
import type { DownloadOptions, PrefetchOptions, RetrieveOptions, StoreOptions } from './options.ts'
import type { Progress } from './progress.ts'
import type { RetrievalOptions } from './retrieval.ts'
import type { CodexParts, Run } from './run.ts'
import type { GarbageFigures } from './stores/garbage.ts'
import type { LocalStore } from './stores/local-store.ts'
import type { ByteSource } from './streams/byte-source.ts'
import type { AbortOptions } from 'abort-error'
import type { CID } from 'multiformats/cid'

/** How much of a file is in the local store. */
export interface DatasetStat {
  /** The manifest's. */
  cid: CID
  manifest: Manifest
  /** Bytes of the file. */
  size: number
  /** Blocks of the file, without padding and parity. */
  blocks: number
  /** How many of them are in the local store. */
  blocksHere: number
}

/** A connected peer. */
export interface PeerStat extends PeerCounters {
  /** Its peer id, as text. */
  id: string
  /** Milliseconds from a question to its answer, the shortest so far; undefined until known. */
  rtt?: number
  /** Bytes a second; undefined until known. */
  rate?: number
  /** Bytes asked of it and not yet here. */
  queued: number
  /** Bytes that it may be asked ahead. */
  window: number
}

/**
 * A node of the Codex network: downloads, stores and serves. Made by `createCodex`.
 */
export class Codex extends TypedEventEmitter<CodexEvents> {
  /** The limits in force. */
  readonly limits: Limits
  readonly #parts: CodexParts
  readonly #downloads = new Set<Download>()
  #running?: Run
  /** What ran last: its figures are told after it has stopped. */
  #last?: Run
  #meter?: Meter
  #changing: Promise<void> = Promise.resolve()

  constructor (parts: CodexParts, limits: Partial<Limits> = {}) {
    super()
    this.#parts = parts
    this.limits = limitsOf(limits)
  }

  /** Whether it runs: from the end of `start` to the beginning of `stop`. */
  isStarted (): boolean {
    return this.#running != null
  }

  /**
   * Opens the store and begins to speak and to serve. Does nothing when it is started. After a failure nothing runs.
   *
   * @throws {ProtocolInUseError} when the transport carries another `Codex`
   * @throws {StoreSchemaError} when the store is of a schema that this version cannot read
   * @throws {StoreRefusedError} when the store fails
   * @throws what the transport or the discovery fails to start with
   */
  async start (): Promise<void> {
    await this.#change(async () => { await this.#start() })
  }

  /** Ends every download, closes every stream of ours, and leaves nothing running. Does nothing when it is stopped. */
  async stop (): Promise<void> {
    await this.#change(async () => { await this.#stop() })
  }

  /**
   * A file by its manifest's CID, or a single block by its own. Returns at once; work starts when it is read. What it
   * fails with comes from reading it.
   *
   * @throws {InvalidParametersError} when the CID cannot be read, `offset` or `length` is no number of bytes, or `providers` are none
   * @throws {NotRunningError}
   */
  download (cid: CID | string, options: DownloadOptions = {}): Download {
    const { offset = 0, length, onProgress } = options
    assertBytes('offset', offset)
    assertBytes('length', length ?? 0)

    return new Download({
      ...this.#retrieval(options),
      cid: parse(cid),
      parts: this.#started(),
      clock: this.#parts.clock,
      offset,
      length,
      onProgress,
      began: download => { this.#downloads.add(download) },
      ended: download => { this.#downloads.delete(download) }
    })
  }

  /**
   * The verified manifest.
   *
   * @throws {InvalidParametersError} for a CID that is no manifest's, or `providers` that are none
   * @throws {InvalidManifestError} when it is malformed or over the limits
   * @throws {NotFoundError} @throws {StallError} @throws {TooExpensiveError} @throws {NotRunningError}
   */
  async manifest (cid: CID | string, options: RetrieveOptions = {}): Promise<Manifest> {
    const { manifest } = await retrieve(parse(cid), this.#started(), this.#retrieval(options))

    if (manifest == null) {
      throw new InvalidParametersError(`${cid.toString()} is not a manifest`)
    }

    return manifest
  }

  /**
   * Everything of a file into the local store. Yields how far it is; ending the iteration ends the work.
   *
   * @throws {InvalidParametersError} @throws {NotRunningError} at once
   * @throws {StoreRefusedError} while it is iterated, when the store takes no more; what is there stays
   * @throws what reading a download throws, while it is iterated
   */
  prefetch (cid: CID | string, options: PrefetchOptions = {}): AsyncGenerator<Progress, void, undefined> {
    const retrieval = { ...this.#retrieval(options), store: true }
    const { selection = 'sequential' } = options

    if (selection !== 'sequential' && selection !== 'rarest') {
      throw new InvalidParametersError(`selection must be 'sequential' or 'rarest', not '${String(selection)}'`)
    }

    return this.#prefetch(parse(cid), selection, this.#started(), retrieval)
  }

  async * #prefetch (cid: CID, selection: 'sequential' | 'rarest', running: Run, retrieval: RetrievalOptions): AsyncGenerator<Progress, void, undefined> {
    const { prefetch } = await import('./prefetch.ts')
    yield * prefetch(cid, selection, running, retrieval, this.#parts.clock)
  }

  /**
   * Stores a file and returns its manifest's CID when it is served; announcing it goes on behind. Memory is bounded,
   * whatever its length. With `erasure`, the file is stored as it is first, and the CID is the protected manifest's.
   *
   * @throws {InvalidParametersError} for an empty file, since the network has none; for a block size or counts of erasure that
   * are out of range, or more data blocks a group than the file has
   * @throws {InvalidManifestError} when name and type are too long for a manifest
   * @throws {InvalidDatasetError} when a manifest that lies has made the tree known with another size
   * @throws {StoreRefusedError} when the store takes no more; nothing of the file is kept, or, where only
   * its parity failed, the file without parity
   * @throws {NotRunningError}
   * @throws what the source throws, or the reason of the signal
   */
  async store (source: ByteSource, options: StoreOptions = {}): Promise<CID> {
    const { stores } = this.#started()
    const storing = this.#store(source, options)
    stores.add(storing)

    try {
      return await storing
    } finally {
      stores.delete(storing)
    }
  }

  async #store (source: ByteSource, options: StoreOptions): Promise<CID> {
    const { local, engine, serve, abort } = this.#started()
    const { blockSize = DEFAULT_BLOCK_SIZE } = options
    const signal = options.signal == null ? abort.signal : AbortSignal.any([options.signal, abort.signal])
    const filename = options.filename ?? (source instanceof Blob && 'name' in source ? String(source.name) : undefined)
    const mimetype = options.mimetype ?? (source instanceof Blob && source.type !== '' ? source.type : undefined)
    signal.throwIfAborted()
    const { protect, storeFile } = await import('./storing.ts')
    signal.throwIfAborted()
    const original = await storeFile(source, local, { blockSize, filename, mimetype, erasure: options.erasure, signal })
    const stored = options.erasure == null
      ? [original]
      : [original, await protect(original, options.erasure, local, { clock: this.#parts.clock, signal })]

    for (const { manifestCid, manifest } of stored) {
      engine.stored(manifest.treeCid, [{ start: 0, end: shapeOf(manifest).leaves }])
      engine.stored(manifestCid, [{ start: 0, end: 1 }])

      if (serve) {
        void engine.provide(manifestCid)
        void engine.provide(manifest.treeCid)
      }
    }

    return stored[stored.length - 1].manifestCid
  }

  /**
   * Makes every missing block of a protected file again, parity included, and serves it. Gives how many were made again;
   * what others had was fetched.
   *
   * @throws {InvalidParametersError} for a file without parity
   * @throws {RecoveryError} when too few blocks of a group are left; what was repaired before stays
   * @throws what a download fails with
   */
  async repair (cid: CID | string, options: RetrieveOptions = {}): Promise<number> {
    const running = this.#started()
    const retrieval = { ...this.#retrieval(options), store: true }
    const { repair } = await import('./repair.ts')

    return repair(parse(cid), running, retrieval)
  }

  /**
   * How much of a file is here; undefined when its manifest is not.
   *
   * @throws {InvalidParametersError} @throws {StoreRefusedError} @throws {NotRunningError}
   */
  async stat (cid: CID | string): Promise<DatasetStat | undefined> {
    const { local } = this.#started()
    const manifest = await local.manifest(parse(cid))

    return manifest == null ? undefined : this.#statOf(parse(cid), manifest, local)
  }

  /**
   * The files of which the manifest is here, in no order.
   *
   * @throws {StoreRefusedError} @throws {NotRunningError} while it is iterated
   */
  async * list (): AsyncGenerator<DatasetStat, void, undefined> {
    const { local } = this.#started()

    for await (const { cid, manifest } of local.datasets()) {
      yield await this.#statOf(cid, manifest, local)
    }
  }

  /**
   * Forgets a file, or a single block; blocks that other files share stay. False when it was not here. What was announced
   * is not taken back.
   *
   * @throws {InvalidParametersError} @throws {NotRunningError}
   * @throws {StoreRefusedError} when the store fails; what is left is deleted at the next start
   */
  async delete (cid: CID | string): Promise<boolean> {
    return this.#started().local.delete(parse(cid))
  }

  /**
   * Deletes what kills and damage left in the local store, and what a download kept of a file that was deleted meanwhile;
   * puts right what is said of blocks that are gone. Works beside downloads and stores; ending the iteration ends it.
   * Yields figures as it goes on; the last are the whole.
   *
   * It takes the blockstore for this node's alone: sha2-256 blocks that a host keeps in it for itself are deleted. It
   * costs some reads of the index a block, and a listing of the blockstore; 16 MiB of memory.
   *
   * @throws {StoreRefusedError} when the store fails, or the blockstore cannot list its blocks
   * @throws {NotRunningError}
   */
  gc (options: AbortOptions = {}): AsyncGenerator<GarbageFigures, void, undefined> {
    return this.#started().local.gc(options)
  }

  /**
   * The connected peers that speak the protocol.
   *
   * @throws {NotRunningError}
   */
  peers (): PeerStat[] {
    const { engine } = this.#started()

    return [...engine.peers.linked()].map(({ id, pace: { rtt, rate, window }, queued, counters }) => ({
      id,
      rtt,
      rate: rate == null ? undefined : rate * 1000,
      queued,
      window,
      ...counters
    }))
  }

  /**
   * Figures since the start; after a stop, those of the run that ended.
   *
   * @throws {NotRunningError} before the first start
   */
  stats (): CodexStats {
    const { engine, figures, network, local, stores } = this.#last ?? this.#started()

    return {
      ...structuredClone({ ...engine.counters, ...figures.counts }),
      ...figures.times,
      spent: engine.spent,
      peers: [...engine.peers.linked()].length,
      downloads: this.#downloads.size,
      wanted: engine.pending,
      sizes: { ...engine.sizes, ...network.sizes, ...local.sizes, stores: stores.size }
    }
  }

  async #start (): Promise<void> {
    if (this.#running == null) {
      const figures = new EventFigures()
      const meter = await this.#startMeter()
      this.#running = this.#last = await startRun(this.#parts, this.limits, figures, this.#emitter(figures, meter))
      const { engine } = this.#running
      meter?.begin(() => ({ ...engine.counters, ...figures.counts }))
    }
  }

  async #stop (): Promise<void> {
    const running = this.#running

    if (running == null) {
      return
    }

    this.#running = undefined
    const reason = new NotRunningError('stopped while this was going on')
    running.abort.abort(reason)
    this.#downloads.forEach(download => { download.abort(reason) })
    this.#downloads.clear()
    await stopRun(running, this.#parts)
    this.#meter?.flush()
  }

  /** Starts and stops one after the other, whoever asks. */
  async #change (fn: () => Promise<void>): Promise<void> {
    const change = this.#changing.then(fn)
    this.#changing = change.catch(() => {})

    return change
  }

  #started (): Run {
    if (this.#running == null) {
      throw new NotRunningError('call start() first')
    }

    return this.#running
  }

  #retrieval (options: RetrieveOptions & { readAheadBytes?: number }): RetrievalOptions {
    return retrievalOf(options, this.limits, this.#started().abort.signal)
  }

  async #statOf (cid: CID, manifest: Manifest, local: LocalStore): Promise<DatasetStat> {
    const blocks = fileBlocks(manifest)
    const tree = await local.findTree(manifest.treeCid)

    try {
      const here = await tree?.presentIn({ start: 0, end: blocks }) ?? []
      const blocksHere = here.reduce((sum, { start, end }) => sum + end - start, 0)

      return { cid, manifest, size: fileSize(manifest), blocks, blocksHere }
    } finally {
      tree?.release()
    }
  }

  /** Registers the metrics, where there are any, once for all runs. */
  async #startMeter (): Promise<Meter | undefined> {
    const { metrics } = this.#parts

    if (metrics != null && this.#meter == null) {
      const { Meter } = await import('./metrics.ts')
      this.#meter = new Meter(metrics, TIME_BUCKETS, () => this.#last == null ? undefined : this.stats())
    }

    return this.#meter
  }

  #emitter (figures: EventFigures, meter?: Meter): Emit {
    const log = this.#parts.logger?.forComponent('codex')

    return (type, detail) => {
      log?.trace('%s %o', type, detail)
      figures.tell(type, detail)
      meter?.tell(type, detail)
      this.safeDispatchEvent(type, { detail })
    }
  }
}

function parse (cid: CID | string): CID {
  return typeof cid === 'string' ? parseCid(cid) : cid
}
