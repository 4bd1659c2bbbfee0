import type { Clock } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Resolves after `ms` milliseconds of the clock; rejects with the signal's reason, and leaves no timer, when it aborts. */
export async function delay (clock: Clock, ms: number, { signal }: AbortOptions = {}): Promise<void> {
  signal?.throwIfAborted()

  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => { reject(signal?.reason) }
  const timer = clock.setTimeout(resolve, ms)
  signal?.addEventListener('abort', abort)

  try {
    await promise
  } finally {
    clock.clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
