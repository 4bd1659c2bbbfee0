import { isDeepStrictEqual } from 'node:util'

/** @throws {Error} when two values differ */
export function assertSame (actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error('two readings differ', { cause: { actual, expected } })
  }
}
