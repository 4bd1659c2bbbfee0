import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

/** Counts comparisons and stops at the first that fails. */
export class Tally {
  count = 0

  /**
   * @throws {Error} saying `what` differs, and how
   */
  equal (what: string, actual: unknown, expected: unknown): void {
    this.count++

    const is = JSON.stringify(actual)
    const shouldBe = JSON.stringify(expected)

    if (is !== shouldBe) {
      throw new Error(`${what}: is ${short(is)}, should be ${short(shouldBe)}`)
    }
  }

  /** Compares only where the vectors say what is expected. */
  equalIfGiven (what: string, actual: unknown, expected: unknown): void {
    if (expected !== undefined) {
      this.equal(what, actual, expected)
    }
  }
}

function short (text: string | undefined): string {
  return text == null || text.length <= 400 ? String(text) : `${text.slice(0, 400)}… (${text.length} characters)`
}

export function hex (bytes: Uint8Array): string {
  return toString(bytes, 'base16')
}

export function bytesOf (hex: string): Uint8Array {
  return fromString(hex, 'base16')
}
