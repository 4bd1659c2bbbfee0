/** All that runs from a start to the stop after it. */
import { Engine } from './exchange/engine.ts'
import { NetworkStore } from './stores/network-store.ts'
import type { Limits } from './constants.ts'
import type { Hasher } from './dataset/hasher.ts'
import type { Emit } from './events.ts'
import type { ExchangeProtocol } from './exchange/peer-link.ts'
import type { EventFigures } from './figures.ts'
import type { BuyPolicy, Clock, Discovery, Payment, Random, Transport } from './interfaces.ts'
import type { RetrievalParts } from './retrieval.ts'
import type { LocalStore } from './stores/local-store.ts'
import type { ComponentLogger, Metrics } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What a `Codex` is made of; `createCodex` fills in the defaults. */
export interface CodexParts {
  transport: Transport
  protocols: ExchangeProtocol[]
  discovery: Discovery
  /** A new one for each start, over the same stores. */
  openStore(): Promise<LocalStore>
  buyPolicy: BuyPolicy
  payment?: Payment
  serve: boolean
  logger?: ComponentLogger
  metrics?: Metrics
  clock: Clock
  random: Random
  hasher: Hasher
}

/** What a start made. */
export interface Run extends RetrievalParts {
  figures: EventFigures
  /** Ends all work, those who announce, store, download. */
  abort: AbortController
  /** Files that are being stored. */
  stores: Set<Promise<CID>>
  /** What was here at the start is being announced. */
  announcing: Promise<void>
}

/** Nothing runs where it fails. */
export async function startRun (parts: CodexParts, limits: Limits, figures: EventFigures, emit: Emit): Promise<Run> {
  const { transport, protocols, discovery, buyPolicy, payment, serve, clock, random, hasher } = parts
  const local = await parts.openStore()
  const engine = new Engine({ transport, protocols, discovery, store: local, policy: buyPolicy, payment, serve, clock, random, hasher, limits, emit })

  await local.open()

  try {
    await transport.start()
    await discovery.start?.()
    await engine.start()
  } catch (err) {
    await engine.stop()
    await discovery.stop?.()
    await transport.stop()
    await local.close()
    throw err
  }

  const abort = new AbortController()
  const network = new NetworkStore({ local, engine, clock, limits })
  const announcing = serve ? announceAll(local, engine, abort.signal) : Promise.resolve()

  return { local, engine, serve, emit, figures, clock, hasher, network, abort, stores: new Set(), announcing }
}

/** Waits for what is under way; who began it has ended it by `abort`. */
export async function stopRun ({ engine, stores, announcing, local }: Run, { discovery, transport }: CodexParts): Promise<void> {
  await engine.stop()
  await Promise.allSettled([...stores, announcing])
  await discovery.stop?.()
  await transport.stop()
  await local.close()
}

/** Announces what is in the store, one after the other: providers are forgotten when they do not say so again. */
async function announceAll (local: LocalStore, engine: Engine, signal: AbortSignal): Promise<void> {
  try {
    for await (const { cid, manifest } of local.datasets()) {
      for (const name of [cid, manifest.treeCid]) {
        signal.throwIfAborted()
        await engine.provide(name)
      }
    }
  } catch {
    // it is stopped, or the store fails: whoever reads it is told
  }
}
