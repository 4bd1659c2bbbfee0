/**
 * @packageDocumentation
 *
 * Downloads verified bytes from the Codex peer-to-peer storage network, and serves what it has.
 *
 * @example
 *
 * ```ts
 * import { createCodex } from 'codex-download'
 * import { libp2pTransport } from 'codex-download/libp2p'
 *
 * const codex = createCodex({ transport: libp2pTransport(libp2p) })
 * await codex.start()
 *
 * for await (const bytes of codex.download('zDvZRwzm…', { providers: [multiaddr('/ip4/…/tcp/…/p2p/…')] })) {
 *   // verified, in order
 * }
 *
 * await codex.stop()
 * ```
 *
 * @module codex-download
 */
import { Codex } from './codex.ts'
import { DEFAULT_LIMITS } from './constants.ts'
import { freeOnly } from './exchange/buying.ts'
import { staticPeers } from './exchange/discoveries.ts'
import { systemClock, systemRandom } from './runtime.ts'
import { LocalStore } from './stores/local-store.ts'
import { codexProtocol } from './wire/codex/protocol.ts'
import type { Limits } from './constants.ts'
import type { Hasher } from './dataset/hasher.ts'
import type { ExchangeProtocol } from './exchange/peer-link.ts'
import type { BuyPolicy, Clock, Discovery, Payment, Random, Transport } from './interfaces.ts'
import type { ComponentLogger, Metrics } from '@libp2p/interface'
import type { Blockstore } from 'interface-blockstore'
import type { Datastore } from 'interface-datastore'
import { hasher as defaultHasher } from '#hasher'

/** What a host gives to `createCodex`. Only `transport` has no default. */
export interface CodexInit {
  /** How bytes travel. `libp2pTransport(libp2p)` of `codex-download/libp2p`, or the host's own. */
  transport: Transport
  /** How peers are found. Default: only those that are connected or given as `providers`. */
  discovery?: Discovery
  /** Where blocks are kept. Default: in memory, up to `limits.memoryStoreBytes`; over it downloads pass through. */
  blockstore?: Blockstore
  /** Where it is kept which block belongs where. Give it when you give a blockstore. Default: in memory. */
  datastore?: Datastore
  /** What may be bought. Default `freeOnly`. */
  buyPolicy?: BuyPolicy
  /** What pays, and our price where we sell. Default: nothing is paid or charged. */
  payment?: Payment
  /** False makes a client only. Default true. */
  serve?: boolean
  /** Generations of the protocol to speak. Default `/codex/blockexc/1.0.0`. */
  protocols?: ExchangeProtocol[]
  /** Told every event, under `codex`. A libp2p node's `logger` fits. */
  logger?: ComponentLogger
  /** Told the figures of `stats()`, and of every event, as `codex_…` metrics. A libp2p node's `metrics` fit. */
  metrics?: Metrics
  /** Time; injected so that a simulation runs in virtual time. Default: the machine's. */
  clock?: Clock
  /** Chance; injected so that a seed repeats a run. Default: the machine's. */
  random?: Random
  /** sha2-256. Default: the fastest that the runtime has. */
  hasher?: Hasher
}

/**
 * Makes a node out of what the host has. It does nothing until `start()`.
 *
 * `limits`: those that are given take the place of `DEFAULT_LIMITS`; they are not checked
 */
export function createCodex (init: CodexInit, limits: Partial<Limits> = {}): Codex {
  const { random = systemRandom, hasher = defaultHasher } = init
  const all = { ...DEFAULT_LIMITS, ...limits }
  let { blockstore, datastore } = init

  return new Codex({
    transport: init.transport,
    protocols: init.protocols ?? [codexProtocol()],
    discovery: init.discovery ?? staticPeers([]),
    openStore: async () => {
      if (blockstore == null || datastore == null) {
        const { BoundedMemoryBlockstore, MemoryDatastore } = await import('./stores/in-memory.ts')
        blockstore ??= new BoundedMemoryBlockstore({ maxBytes: all.memoryStoreBytes })
        datastore ??= new MemoryDatastore()
      }

      return new LocalStore({ blockstore, datastore, hasher, random, limits: { maxPages: all.treePages } })
    },
    buyPolicy: init.buyPolicy ?? freeOnly,
    payment: init.payment,
    serve: init.serve ?? true,
    logger: init.logger,
    metrics: init.metrics,
    clock: init.clock ?? systemClock,
    random,
    hasher
  }, limits)
}

export { Codex } from './codex.ts'
export type { DatasetStat, PeerStat } from './codex.ts'
export type { DownloadOptions, PrefetchOptions, RetrieveOptions, StoreOptions } from './options.ts'
export { DEFAULT_LIMITS } from './constants.ts'
export type { Limits } from './constants.ts'
export { formatCid, parseCid } from './dataset/codecs.ts'
export type { Manifest, Protection } from './dataset/manifest.ts'
export type { Download, DownloadProgressEvent } from './download.ts'
export * from './errors.ts'
export type { CodexEvents } from './events.ts'
export { buyUpTo, freeOnly } from './exchange/buying.ts'
export type { Count, ExchangeCounters } from './exchange/counters.ts'
export { anyOf, staticPeers } from './exchange/discoveries.ts'
export type { ExchangeProtocol, LinkFeatures, LinkHandler, PeerLink, PeerWant, ServedBlock } from './exchange/peer-link.ts'
export type { Delivery } from './dataset/delivery.ts'
export type { IndexRange } from './dataset/ranges.ts'
export type { CodexCounts, CodexStats, EventCounts } from './figures.ts'
export type { ErasureOptions } from './storing.ts'
export type { PeerCounters } from './exchange/peer-admin.ts'
export type * from './interfaces.ts'
export type { BlockOrigins, DownloadFigures, Progress } from './progress.ts'
export { codexProtocol } from './wire/codex/protocol.ts'
export type { WireLimits } from './wire/limits.ts'
export type { GarbageFigures } from './stores/garbage.ts'
export type { Times } from './timing.ts'
export type { ByteSource } from './streams/byte-source.ts'
export { collect, toBlob, toReadableStream } from './streams/helpers.ts'
