/** Figures of a `Codex` since its start: what the exchange counts, and what is counted of events. */
import { Timing } from './timing.ts'
import type { CodexEvents } from './events.ts'
import type { ExchangeCounters } from './exchange/counters.ts'
import type { Times } from './timing.ts'

/** What is counted of events. */
export interface EventCounts {
  /** Blocks asked of peers, each as often as it was. */
  asked: number
  /** Blocks recovered from parity, and proven. */
  recovered: number
  /** Blocks of protected files fetched or recovered once more, because no store had kept them. */
  again: number
  /** Times that a peer did not deliver in time. */
  timeouts: number
  /** Times that a peer was banned. */
  bans: number
  /** Times that a peer could not be reached. */
  dialErrors: number
  /** Times that discovery was asked who has a CID, how many of them failed, and the providers that it named. */
  lookups: { begun: number, failed: number, providers: number }
  /** Downloads that ended: with the last byte, with a failure, or because whoever read it, or `stop`, ended it. */
  ended: { done: number, failed: number, aborted: number }
}

/** What only rises. */
export interface CodexCounts extends ExchangeCounters, EventCounts {}

/** Figures since the start. */
export interface CodexStats extends CodexCounts {
  /** In the smallest unit of the network's token. */
  spent: bigint
  /** Connected peers that speak the protocol. */
  peers: number
  /** Downloads that are being read now. */
  downloads: number
  /** Blocks that readers want of peers now and have not got; one that two of them want counts twice. */
  wanted: number
  /** From asking a peer for blocks until they were verified, and stored where they are kept: once a batch of a few. */
  retrieval: Times
  /** From the first step of a download's work to its last byte. */
  downloadTime: Times
  /** Entries, or bytes, of every internal map and queue now, for those who watch for leaks. */
  sizes: Record<string, number>
}

type Count = { [K in keyof CodexEvents]?: (detail: CodexEvents[K]['detail']) => void }

export class EventFigures {
  readonly counts: EventCounts = {
    asked: 0,
    recovered: 0,
    again: 0,
    timeouts: 0,
    bans: 0,
    dialErrors: 0,
    lookups: { begun: 0, failed: 0, providers: 0 },
    ended: { done: 0, failed: 0, aborted: 0 }
  }

  readonly #retrieval = new Timing()
  readonly #downloadTime = new Timing()

  readonly #count: Count = {
    'codex:blocks:request': ({ start, end }) => { this.counts.asked += end - start },
    'codex:blocks:recovered': ({ indices }) => { this.counts.recovered += indices.length },
    'codex:blocks:again': ({ indices }) => { this.counts.again += indices.length },
    'codex:blocks:verified': ({ milliseconds }) => {
      if (milliseconds != null) {
        this.#retrieval.add(milliseconds)
      }
    },
    'codex:peer:timeout': () => { this.counts.timeouts++ },
    'codex:peer:ban': () => { this.counts.bans++ },
    'codex:dial:error': () => { this.counts.dialErrors++ },
    'codex:discovery:find': () => { this.counts.lookups.begun++ },
    'codex:discovery:found': () => { this.counts.lookups.providers++ },
    'codex:discovery:end': ({ error }) => { this.counts.lookups.failed += error == null ? 0 : 1 },
    'codex:download:end': ({ outcome, milliseconds }) => {
      this.counts.ended[outcome]++

      if (outcome === 'done') {
        this.#downloadTime.add(milliseconds)
      }
    }
  }

  tell<K extends keyof CodexEvents> (type: K, detail: CodexEvents[K]['detail']): void {
    const count: Count[K] = this.#count[type]
    count?.(detail)
  }

  get times (): Pick<CodexStats, 'retrieval' | 'downloadTime'> {
    return { retrieval: this.#retrieval.times, downloadTime: this.#downloadTime.times }
  }
}
