/**
 * What the code refuses, by the reference's names. Each class has a static `name` to test for
 * (`err.name === NeedMoreDataError.name`).
 */

/** Base of all errors of the code. */
export class LeopardError extends Error {
  static name = 'LeopardError'

  constructor (message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = (this.constructor as { name: string }).name
  }
}

/** More blocks are missing than there are parity blocks. */
export class NeedMoreDataError extends LeopardError { static name = 'NeedMoreDataError' }
/** More blocks than the largest field has elements for. */
export class TooMuchDataError extends LeopardError { static name = 'TooMuchDataError' }
/** A block is empty, or its length is not a multiple of 64 bytes. */
export class InvalidSizeError extends LeopardError { static name = 'InvalidSizeError' }
/** Not `1 ≤ parity blocks ≤ data blocks`. */
export class InvalidCountsError extends LeopardError { static name = 'InvalidCountsError' }
/** A block is missing where it may not be, or blocks differ in length. */
export class InvalidInputError extends LeopardError { static name = 'InvalidInputError' }
/** The runtime cannot run the kernel that was asked for. */
export class KernelUnavailableError extends LeopardError { static name = 'KernelUnavailableError' }
