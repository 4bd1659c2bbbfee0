/** Metrics that keep what they are told, and refuse what Prometheus would refuse. */
// loaded before they are needed: no time goes by in virtual time while a file is read
import '../../src/metrics.ts'
import type { Metrics } from '@libp2p/interface'

type Values = Record<string, number | true>

/** How a series is named here: `name` or `name{label}`. */
function series (name: string, key?: string): string {
  return key == null ? name : `${name}{${key}}`
}

export class RecordingMetrics {
  /** Everything that is registered, with its options. */
  readonly registered = new Map<string, { label?: string, help?: string, buckets?: number[] }>()
  /** The sum of each counter; the last value of each gauge, since the last `collect`. */
  readonly values = new Map<string, number>()
  /** The highest that each was when it was collected. */
  readonly highest = new Map<string, number>()
  /** What each histogram observed. */
  readonly observed = new Map<string, number[]>()
  readonly #calculated: Array<() => void> = []

  get metrics (): Metrics {
    const counter = (name: string, options: { calculate?: unknown } = {}): unknown => {
      this.#register(name, options)

      if (options.calculate != null) {
        throw new Error(`${name} is a calculated counter: what that means depends on the implementation`)
      }

      return {
        increment: (values: number | Values = 1) => {
          for (const [key, value] of Object.entries(typeof values === 'number' ? { '': values } : values)) {
            this.#add(series(name, key === '' ? undefined : key), value === true ? 1 : value)
          }
        }
      }
    }
    const gauge = (name: string, options: { calculate(): number | Record<string, number> }): void => {
      this.#register(name, options)
      this.#calculated.push(() => {
        const values = options.calculate()

        for (const [key, value] of Object.entries(typeof values === 'number' ? { '': values } : values)) {
          this.#set(series(name, key === '' ? undefined : key), value)
        }
      })
    }

    return {
      registerCounter: counter,
      registerCounterGroup: counter,
      registerMetric: gauge,
      registerMetricGroup: gauge,
      registerHistogram: (name: string, options = {}) => {
        this.#register(name, options)
        const observed: number[] = []
        this.observed.set(name, observed)

        return {
          observe: (value: number) => {
            assertNumber(name, value)
            observed.push(value)
          }
        }
      }
    } as unknown as Metrics
  }

  /** As a scrape does. */
  collect (): void {
    this.#calculated.forEach(calculate => { calculate() })
    this.values.forEach((value, name) => { this.highest.set(name, Math.max(value, this.highest.get(name) ?? 0)) })
  }

  value (name: string, key?: string): number | undefined {
    return this.values.get(series(name, key))
  }

  #register (name: string, options: object): void {
    if (!/^codex_[a-z]+(_[a-z]+)*$/.test(name)) {
      throw new Error(`${name} is no name for a metric`)
    }

    if (this.registered.has(name)) {
      throw new Error(`${name} is registered twice`)
    }

    this.registered.set(name, options)
  }

  #add (name: string, value: number): void {
    assertNumber(name, value)
    this.#set(name, (this.values.get(name) ?? 0) + value)
  }

  #set (name: string, value: number): void {
    assertNumber(name, value)
    this.values.set(name, value)
  }
}

function assertNumber (name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value < Infinity)) {
    throw new Error(`${name} is told ${String(value)}`)
  }
}
