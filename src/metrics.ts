/**
 * The figures as metrics of libp2p. Loaded only where the host has some.
 *
 * Counters are told what was added since the last time, at each event and whenever they are collected, and are not
 * calculated: implementations do not agree on whether a calculated counter is the sum or what was added.
 */
import type { CodexEvents } from './events.ts'
import type { CodexCounts, CodexStats } from './figures.ts'
import type { Counter, CounterGroup, Histogram, Metrics } from '@libp2p/interface'

/** A metric of one figure. */
interface One<F> {
  name: string
  help: string
  value(figures: F): number
}

/** A metric of several figures, told apart by a label. */
interface Many<F> {
  name: string
  help: string
  label: string
  values(figures: F): Record<string, number>
}

interface Measured<K extends keyof CodexEvents> {
  name: string
  help: string
  event: K
  /** What has it in `stats()`. */
  figure: keyof CodexStats
  /** Milliseconds; undefined where this event tells none. */
  time(detail: CodexEvents[K]['detail']): number | undefined
}

/** What happened, so often. */
export const COUNTERS: Array<One<CodexCounts> | Many<CodexCounts>> = [
  {
    name: 'codex_blocks_received_total',
    help: 'Blocks that came, by what became of them.',
    label: 'outcome',
    values: ({ used, late, duplicate, rejected }) => ({ used: used.blocks, late: late.blocks, duplicate: duplicate.blocks, rejected: rejected.blocks })
  },
  {
    name: 'codex_received_bytes_total',
    help: 'Bytes of the blocks that came, by what became of them.',
    label: 'outcome',
    values: ({ used, late, duplicate, rejected }) => ({ used: used.bytes, late: late.bytes, duplicate: duplicate.bytes, rejected: rejected.bytes })
  },
  { name: 'codex_blocks_sent_total', help: 'Blocks sent to other peers.', value: ({ served }) => served.blocks },
  { name: 'codex_sent_bytes_total', help: 'Bytes of the blocks sent to other peers.', value: ({ served }) => served.bytes },
  { name: 'codex_blocks_asked_total', help: 'Blocks asked of peers, each as often as it was.', value: ({ asked }) => asked },
  { name: 'codex_blocks_asked_twice_total', help: 'Blocks asked of a second peer because the first held a reader up.', value: ({ askedTwice }) => askedTwice },
  { name: 'codex_blocks_recovered_total', help: 'Blocks recovered from parity because nobody had them.', value: ({ recovered }) => recovered },
  { name: 'codex_blocks_again_total', help: 'Blocks of protected files fetched or recovered once more, because no store had kept them.', value: ({ again }) => again },
  { name: 'codex_peer_timeouts_total', help: 'Times that a peer did not deliver in time.', value: ({ timeouts }) => timeouts },
  { name: 'codex_peer_bans_total', help: 'Times that a peer was banned because it lied or broke the protocol.', value: ({ bans }) => bans },
  { name: 'codex_dial_errors_total', help: 'Times that a peer could not be reached.', value: ({ dialErrors }) => dialErrors },
  { name: 'codex_lookups_total', help: 'Times that discovery was asked who has a dataset.', value: ({ lookups }) => lookups.begun },
  { name: 'codex_lookups_failed_total', help: 'Lookups that ended with an error.', value: ({ lookups }) => lookups.failed },
  { name: 'codex_providers_found_total', help: 'Providers that lookups named.', value: ({ lookups }) => lookups.providers },
  {
    name: 'codex_downloads_total',
    help: 'Downloads that ended, by how.',
    label: 'outcome',
    values: ({ ended: { done, failed, aborted } }) => ({ done, failed, aborted })
  }
]

/** How it is now. */
export const GAUGES: Array<One<CodexStats> | Many<CodexStats>> = [
  { name: 'codex_peers', help: 'Connected peers that speak the protocol.', value: ({ peers }) => peers },
  { name: 'codex_downloads_active', help: 'Downloads that are being read.', value: ({ downloads }) => downloads },
  { name: 'codex_blocks_wanted', help: 'Blocks that readers want of peers and have not got.', value: ({ wanted }) => wanted },
  { name: 'codex_blocks_in_flight', help: 'Blocks that are asked of peers, or came and are being verified and stored.', value: ({ sizes }) => sizes.flights },
  { name: 'codex_peer_wants', help: 'Ranges of blocks that other peers want of us.', value: ({ sizes }) => sizes.wants },
  { name: 'codex_spent', help: 'Spent since the start, in the smallest unit of the token; what was paid for a wrong block is taken back.', value: ({ spent }) => Number(spent) },
  { name: 'codex_size', help: 'Entries, or bytes, of every internal map and queue.', label: 'of', values: ({ sizes }) => sizes }
]

/** How long it took, in seconds. */
export const HISTOGRAMS: [Measured<'codex:blocks:verified'>, Measured<'codex:download:end'>] = [
  {
    name: 'codex_retrieval_seconds',
    help: 'From asking a peer for blocks until they were verified, and stored where they are kept: once a batch of a few.',
    event: 'codex:blocks:verified',
    figure: 'retrieval',
    time: ({ milliseconds }) => milliseconds
  },
  {
    name: 'codex_download_seconds',
    help: 'From the first step of a download to its last byte.',
    event: 'codex:download:end',
    figure: 'downloadTime',
    time: ({ outcome, milliseconds }) => outcome === 'done' ? milliseconds : undefined
  }
]

/** Every event, by its name. */
export const EVENTS = { name: 'codex_events_total', help: 'Events, by their name.', label: 'event' }

/** What a run has counted so far. */
type Source = () => CodexCounts

/** Counts into the host's metrics from one start to the next. */
export class Meter {
  readonly #events: CounterGroup
  readonly #counters: Array<(figures: CodexCounts) => void>
  readonly #histograms = new Map<keyof CodexEvents, { histogram: Histogram, time(detail: never): number | undefined }>()
  #source?: Source
  #told: Record<string, number> = {}

  /**
   * Registers everything, once. `stats` gives the figures of now, and undefined before the first start; `buckets` are the
   * milliseconds that its times are told by.
   */
  constructor (metrics: Metrics, buckets: readonly number[], stats: () => CodexStats | undefined) {
    // first, so that the counters are told before they are collected
    for (const gauge of GAUGES) {
      this.#gauge(metrics, gauge, stats)
    }

    this.#events = metrics.registerCounterGroup(EVENTS.name, EVENTS)
    this.#counters = COUNTERS.map(counter => this.#counter(metrics, counter))

    for (const { name, help, event, time } of HISTOGRAMS) {
      const histogram = metrics.registerHistogram(name, { help, buckets: buckets.map(ms => ms / 1000) })
      this.#histograms.set(event, { histogram, time })
    }
  }

  /** A run begins, which counts from zero; metrics go on from where they were. */
  begin (source: Source): void {
    this.flush()
    this.#source = source
    this.#told = {}
    this.flush()
  }

  tell<K extends keyof CodexEvents> (type: K, detail: CodexEvents[K]['detail']): void {
    this.#events.increment({ [type]: true })
    const { histogram, time } = this.#histograms.get(type) ?? {}
    const ms = time?.(detail as never)

    if (ms != null) {
      histogram?.observe(ms / 1000)
    }

    this.flush()
  }

  /** Tells the counters what was added since the last time. */
  flush (): void {
    const figures = this.#source?.()

    if (figures != null) {
      this.#counters.forEach(tell => { tell(figures) })
    }
  }

  #gauge (metrics: Metrics, gauge: One<CodexStats> | Many<CodexStats>, stats: () => CodexStats | undefined): void {
    const { name, help } = gauge
    const figures = (): CodexStats | undefined => {
      this.flush()
      return stats()
    }

    if ('label' in gauge) {
      const calculate = (): Record<string, number> => {
        const now = figures()
        return now == null ? {} : gauge.values(now)
      }
      metrics.registerMetricGroup(name, { help, label: gauge.label, calculate })
    } else {
      const calculate = (): number => {
        const now = figures()
        return now == null ? 0 : gauge.value(now)
      }
      metrics.registerMetric(name, { help, calculate })
    }
  }

  #counter (metrics: Metrics, counter: One<CodexCounts> | Many<CodexCounts>): (figures: CodexCounts) => void {
    const { name, help } = counter

    if ('label' in counter) {
      const group = metrics.registerCounterGroup(name, { help, label: counter.label })

      return figures => {
        const added = Object.entries(counter.values(figures))
          .map(([key, value]) => [key, this.#added(`${name} ${key}`, value)] as const)
          .filter(([, value]) => value != null)

        if (added.length > 0) {
          group.increment(Object.fromEntries(added))
        }
      }
    }

    const single: Counter = metrics.registerCounter(name, { help })

    return figures => {
      const added = this.#added(name, counter.value(figures))

      if (added != null) {
        single.increment(added)
      }
    }
  }

  /** Undefined where nothing was added; 0 the first time, so that a series is there before the first event. */
  #added (key: string, value: number): number | undefined {
    const told = this.#told[key]
    this.#told[key] = value

    return value === told ? undefined : value - (told ?? 0)
  }
}
