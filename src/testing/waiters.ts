import type { AbortOptions } from '@libp2p/interface'

interface Waiter {
  resolve(): void
  reject(reason: unknown): void
}

/** Those who wait for one thing, each with its own signal. */
export class Waiters {
  readonly #waiters = new Set<Waiter>()

  get size (): number {
    return this.#waiters.size
  }

  /** Settles with the next `resolve` or `reject`; rejects with the signal's reason when it aborts first. */
  async wait ({ signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()

    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { resolve, reject }
    const abort = (): void => { reject(signal?.reason) }

    this.#waiters.add(waiter)
    signal?.addEventListener('abort', abort)

    try {
      await promise
    } finally {
      this.#waiters.delete(waiter)
      signal?.removeEventListener('abort', abort)
    }
  }

  resolve (): void {
    this.#waiters.forEach(waiter => { waiter.resolve() })
  }

  reject (reason: Error): void {
    this.#waiters.forEach(waiter => { waiter.reject(reason) })
  }
}
