import type { Clock } from '../interfaces.ts'

/**
 * Runs `fn` with a signal that aborts after `ms` milliseconds or with `signal`, and rejects then even if `fn` does not
 * heed it. Leaves no timer and no listener.
 */
export async function withDeadline<T> (clock: Clock, ms: number, signal: AbortSignal, fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted()

  const controller = new AbortController()
  const abort = (): void => { controller.abort(signal.reason) }
  const timer = clock.setTimeout(() => { controller.abort(new Error(`timed out after ${ms} ms`)) }, ms)
  signal.addEventListener('abort', abort)

  try {
    return await Promise.race([
      fn(controller.signal),
      new Promise<never>((resolve, reject) => {
        controller.signal.addEventListener('abort', () => { reject(controller.signal.reason) }, { once: true })
      })
    ])
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
