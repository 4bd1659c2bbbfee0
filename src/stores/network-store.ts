/**
 * Blocks, wherever they are: the local store first, then the exchange. Shares the read-ahead of all readers out.
 */
import { isTreeCid } from '../dataset/codecs.ts'
import { standaloneShape } from '../dataset/verify.ts'
import { StoreRefusedError } from '../errors.ts'
import { NetworkSource } from './network-source.ts'
import type { LocalStore } from './local-store.ts'
import type { SourceOptions } from './network-source.ts'
import type { StoredTree } from './stored-tree.ts'
import type { Limits } from '../constants.ts'
import type { DatasetShape, VerifiedBlock } from '../dataset/verify.ts'
import type { Engine } from '../exchange/engine.ts'
import type { Clock } from '../interfaces.ts'
import type { CID } from 'multiformats/cid'

export class NetworkStore {
  readonly #local: LocalStore
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #sources = new Set<NetworkSource>()

  constructor (init: { local: LocalStore, engine: Engine, clock: Clock, limits: Limits }) {
    this.#local = init.local
    this.#engine = init.engine
    this.#clock = init.clock
    this.#limits = init.limits
  }

  /**
   * Opens a dataset or standalone block for one reader, who closes it. `names` is what its providers announce beside the
   * root, `likely` the ids of peers that are expected to have it.
   */
  async open (init: { shape: DatasetShape, names: CID[], likely: string[], readAheadBytes: number, options: SourceOptions }): Promise<NetworkSource> {
    const { shape, names, likely, readAheadBytes, options } = init
    const source = new NetworkSource({
      engine: this.#engine,
      store: this.#local,
      clock: this.#clock,
      shape,
      names: [shape.root, ...names],
      likely,
      tree: isTreeCid(shape.root) ? await this.#tree(shape) : undefined,
      options,
      window: () => options.horizon === 0 ? Infinity : Math.min(readAheadBytes, this.#limits.totalReadAheadBytes / Math.max(1, this.#readers)),
      closed: source => this.#sources.delete(source)
    })
    this.#sources.add(source)

    if (source.isReader) {
      this.#sources.forEach(source => { source.shrink() })
    }

    return source
  }

  /** Undefined where the store cannot open it: the download goes on without. */
  async #tree (shape: DatasetShape): Promise<StoredTree | undefined> {
    try {
      return await this.#local.tree(shape)
    } catch (err) {
      if (err instanceof StoreRefusedError) {
        return undefined
      }

      throw err
    }
  }

  /**
   * One block by its own CID, of at most `maxBytes`, and the peers that sent it (none when it was here).
   *
   * @throws {CodexError} what `BlockSource.next` throws; or the reason of the signal
   */
  async block (cid: CID, maxBytes: number, options: Omit<SourceOptions, 'horizon' | 'order' | 'reads'>, signal?: AbortSignal): Promise<{ block: VerifiedBlock, peers: string[] }> {
    signal?.throwIfAborted()

    const source = await this.open({
      shape: standaloneShape(cid, maxBytes),
      names: [],
      likely: [],
      readAheadBytes: maxBytes,
      options: { ...options, horizon: 1, order: 'sequential', reads: true }
    })
    const abort = (): void => { source.close(signal?.reason) }
    signal?.addEventListener('abort', abort)

    try {
      signal?.throwIfAborted()
      source.want([{ start: 0, end: 1 }])
      const [block] = await source.next(0, maxBytes)

      return { block, peers: [...source.figures.peers] }
    } finally {
      signal?.removeEventListener('abort', abort)
      source.close()
    }
  }

  /** Readers and prefetches that are open, and the bytes of blocks that they hold. */
  get sizes (): { sources: number, heldBytes: number } {
    let heldBytes = 0
    this.#sources.forEach(source => { heldBytes += source.heldBytes })

    return { sources: this.#sources.size, heldBytes }
  }

  get #readers (): number {
    let readers = 0

    for (const source of this.#sources) {
      readers += source.isReader ? 1 : 0
    }

    return readers
  }
}
