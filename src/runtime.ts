/** Time and chance of the machine: what is used when a host injects nothing else. */
import type { Clock, Random } from './interfaces.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: timer => { clearTimeout(timer as ReturnType<typeof setTimeout>) }
}

export const systemRandom: Random = () => Math.random()
