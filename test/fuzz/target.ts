import type { Random } from '../../src/interfaces.ts'

/** Something that reads bytes that others wrote. */
export interface Target {
  readonly name: string
  /** How often it gets an input, compared with the others. */
  readonly weight: number
  /** Inputs that are right: what is mutated. */
  readonly goldens: readonly Uint8Array[]
  /** An input that costs as much as one can think of, at the limit of what is taken. */
  heavy?(random: Random): Uint8Array
  /** Makes mutated bytes pass what would refuse most of them at once, such as a checksum. */
  disguise?(bytes: Uint8Array): Uint8Array
  /** Reads an input. `random` decides what else there is to decide. Throws a `CodexError` or gives a value. */
  decode(bytes: Uint8Array, random: Random): unknown
  /** Throws when what the value is encoded to does not decode to the same. */
  check?(value: unknown): void
}

/** A target whose reading waits for something. */
export interface AsyncTarget extends Omit<Target, 'decode'> {
  decode(bytes: Uint8Array, random: Random): Promise<unknown>
}
