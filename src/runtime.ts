/** Time and chance of the machine: what is used when a host injects nothing else. */
import type { Clock, Random } from './interfaces.ts'

/** Milliseconds; a runtime takes a longer time for none. Nearly 25 days. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (fn, ms) => setTimeout(fn, Math.min(ms, LONGEST)),
  clearTimeout: timer => { clearTimeout(timer as ReturnType<typeof setTimeout>) }
}

export const systemRandom: Random = () => Math.random()
