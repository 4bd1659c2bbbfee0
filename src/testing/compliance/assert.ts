/** A contract is broken. */
export class ComplianceError extends Error {
  static name = 'ComplianceError'

  constructor (message: string) {
    super(message)
    this.name = ComplianceError.name
  }
}

/** @throws {ComplianceError} when `condition` does not hold */
export function assert (condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new ComplianceError(message)
  }
}

/** @throws {ComplianceError} when the two, numbers or text or lists of them, are not the same */
export function assertEqual<T> (actual: T, expected: T, what: string): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)]

  assert(is === shouldBe, `${what} is ${is} and should be ${shouldBe}`)
}

/**
 * Resolves with what the promise rejected with.
 *
 * @throws {ComplianceError} when it resolves
 */
export async function assertRejects (promise: Promise<unknown>, what: string): Promise<Error> {
  const failure = await promise.then(() => undefined, (err: Error) => err)
  assert(failure != null, `${what} should reject`)

  return failure
}
