import { rowBytes, writeRow } from './rows.ts'
import type { Field } from './field.ts'
import type { Kernel } from './kernel.ts'

/** Bytes at the start of memory that are the kernel's own. */
const RESERVED = 64
/** Bytes for the rows of the butterflies of GF(2^8); those of GF(2^16) follow, as many as were needed. */
const ROWS_8 = 256 * 32
/** Bytes; longer columns bring nothing. */
const MAX_COLUMN = 8 * 1024

/** A part of every block: bytes `start … end - 1`. */
export interface Column {
  start: number
  end: number
}

/**
 * A kernel's memory: rows of the butterflies' factors, which stay, then scratch, which is anybody's from one column to
 * the next.
 */
export class Workspace {
  readonly kernel: Kernel
  private readonly rows = { 8: 0, 16: 0 }

  constructor (kernel: Kernel) {
    this.kernel = kernel
  }

  /** Makes the rows of the butterflies between `positions` positions. Scratch moves when there are more than before. */
  prepare (field: Field, positions: number): void {
    const size = rowBytes(field)
    const start = this.skewRows(field)
    const made = this.rows[field.bits]
    const count = positions - 1

    if (count <= made) {
      return
    }

    const memory = this.kernel.reserve(start + count * size)

    for (let i = made; i < count; i++) {
      const log = field.skew[i]

      if (log === field.modulus) {
        memory.fill(0, start + i * size, start + (i + 1) * size)
      } else {
        writeRow(field, log, memory, start + i * size)
      }
    }

    this.rows[field.bits] = count
  }

  /** Address of the rows of the butterflies, in the order of the field's `skew`. */
  skewRows (field: Field): number {
    return field.bits === 8 ? RESERVED : RESERVED + ROWS_8
  }

  /** Gives memory with `bytes` of scratch from the address `at` on. */
  scratch (bytes: number): { memory: Uint8Array, at: number } {
    const at = RESERVED + ROWS_8 + this.rows[16] * 128

    return { memory: this.kernel.reserve(at + bytes), at }
  }

  /**
   * Blocks are worked on in columns, so that memory is bounded and no step takes long. A step is a column of `blocks`
   * blocks.
   */
  * columnsOf (blockBytes: number, blocks: number): Generator<Column> {
    const { budget, least } = this.kernel.columns
    const share = Math.floor(budget / blocks / 64) * 64
    const length = Math.min(Math.max(share, least), MAX_COLUMN)

    for (let start = 0; start < blockBytes; start += length) {
      yield { start, end: Math.min(start + length, blockBytes) }
    }
  }
}
