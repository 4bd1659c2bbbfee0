import { decodeColumns } from './decode.ts'
import { encodeColumns, xorColumns } from './encode.ts'
import { InvalidCountsError, InvalidInputError, InvalidSizeError, NeedMoreDataError, TooMuchDataError } from './errors.ts'
import { fieldOf } from './field.ts'
import { PlanCache } from './plan-cache.ts'
import { nextPowerOfTwo } from './plan.ts'
import { Workspace } from './workspace.ts'
import type { Field } from './field.ts'
import type { Kernel, KernelName } from './kernel.ts'

/** A block, or nothing where it is missing. */
export type MaybeBlock = Uint8Array | undefined

/**
 * The code: K data blocks and M parity blocks, `1 ≤ M ≤ K`, all of one length, a multiple of 64 bytes. Any K of them
 * give the others.
 *
 * Nothing is checked but counts and lengths: a block of which one bit is wrong gives wrong blocks.
 */
export class Leopard {
  private readonly workspace: Workspace
  private readonly plans = new PlanCache()

  constructor (kernel: Kernel) {
    this.workspace = new Workspace(kernel)
  }

  get kernel (): KernelName {
    return this.workspace.kernel.name
  }

  /**
   * Makes the parity of `data`.
   *
   * @throws {InvalidSizeError | InvalidCountsError | InvalidInputError | TooMuchDataError}
   */
  encode (data: Uint8Array[], parityCount: number): Uint8Array[] {
    return finish(this.encodeSteps(data, parityCount))
  }

  /**
   * Gives all data blocks: those of `data`, and in place of the missing ones what they were. Parity that is not needed
   * is not used.
   *
   * @throws {InvalidSizeError | InvalidCountsError | InvalidInputError | TooMuchDataError | NeedMoreDataError}
   */
  decode (data: MaybeBlock[], parity: MaybeBlock[]): Uint8Array[] {
    return finish(this.decodeSteps(data, parity))
  }

  /** As `encode`, in steps of at most a few hundred kilobytes. Between them anything may be done, other coding too. */
  * encodeSteps (data: Uint8Array[], parityCount: number): Generator<undefined, Uint8Array[]> {
    const bytes = checkBlocks(data, data.length, parityCount)

    if (indicesOfMissing(data).length > 0) {
      throw new InvalidInputError('A data block is missing')
    }

    const field = fieldFor(data.length, parityCount)
    const parity = Array.from({ length: parityCount }, () => new Uint8Array(bytes))

    if (field == null) {
      yield * xorColumns(this.workspace, data, parity[0])
    } else {
      yield * encodeColumns(this.workspace, field, data, parity)
    }

    return parity
  }

  /** As `decode`, in steps; see `encodeSteps`. */
  * decodeSteps (data: MaybeBlock[], parity: MaybeBlock[]): Generator<undefined, Uint8Array[]> {
    const bytes = checkBlocks([...data, ...parity], data.length, parity.length)
    const missing = indicesOfMissing(data)
    const spare = [...parity.keys()].filter(i => parity[i] != null).slice(0, missing.length)

    if (spare.length < missing.length) {
      throw new NeedMoreDataError(`${missing.length} of ${data.length} data blocks are missing, and there are ${spare.length} of ${parity.length} parity blocks`)
    }

    const field = fieldFor(data.length, parity.length)
    const inputs = [...spare.map(i => parity[i]), ...data].filter(block => block != null)
    const outputs = missing.map(() => new Uint8Array(bytes))

    if (missing.length > 0) {
      if (field == null) {
        yield * xorColumns(this.workspace, inputs, outputs[0])
      } else {
        const plan = this.plans.get(field, {
          dataCount: data.length,
          parityPositions: nextPowerOfTwo(parity.length),
          missing,
          spare
        })
        yield * decodeColumns(this.workspace, field, plan, inputs, outputs)
      }
    }

    return Array.from(data, block => block ?? outputs.shift()).filter(block => block != null)
  }
}

function finish<T> (steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next()

    if (done === true) {
      return value
    }
  }
}

/** Gives the blocks' length. */
function checkBlocks (blocks: MaybeBlock[], dataCount: number, parityCount: number): number {
  const bytes = blocks.find(block => block != null)?.length

  if (bytes != null && (bytes === 0 || bytes % 64 !== 0)) {
    throw new InvalidSizeError(`A block has ${bytes} bytes, which is not a multiple of 64`)
  }

  if (!Number.isInteger(parityCount) || parityCount < 1 || parityCount > dataCount) {
    throw new InvalidCountsError(`${parityCount} parity blocks for ${dataCount} data blocks: it must be 1 to as many`)
  }

  if (bytes == null) {
    throw new NeedMoreDataError('All blocks are missing')
  }

  if (blocks.some(block => block != null && block.length !== bytes)) {
    throw new InvalidInputError('Blocks differ in length')
  }

  return bytes
}

/** The field of a code; none where one parity block is the XOR of the data. */
function fieldFor (dataCount: number, parityCount: number): Field | undefined {
  if (parityCount === 1) {
    return
  }

  const positions = nextPowerOfTwo(parityCount) + dataCount

  if (positions > 65_536) {
    throw new TooMuchDataError(`${dataCount} data and ${parityCount} parity blocks take ${positions} positions, of 65536`)
  }

  return fieldOf(positions <= 256 ? 8 : 16)
}

function indicesOfMissing (blocks: MaybeBlock[]): number[] {
  return [...blocks.keys()].filter(i => blocks[i] == null)
}
