import { rowBytes } from './rows.ts'
import type { Field } from './field.ts'
import type { Workspace } from './workspace.ts'

/** `size` blocks of `length` bytes, adjoining from the address `at`; the size is a power of two. */
export interface Run {
  at: number
  length: number
  size: number
}

/**
 * Inverse transform: values at the positions `offset … offset + size - 1` to coefficients. The blocks after the first
 * `count` are zeros.
 */
export function inverse (workspace: Workspace, field: Field, { at, length, size }: Run, offset: number, count: number): void {
  const loops = workspace.kernel.in[field.bits]
  const step = rowBytes(field)
  const rows = workspace.skewRows(field) + (offset - 1) * step
  let width = 1

  for (; 4 * width <= size; width *= 4) {
    for (let i = 0; i < count; i += 4 * width) {
      const block = at + i * length
      const row = rows + (i + width) * step

      if (offset + i === 0) {
        loops.inverse4zero(block, width * length, row + 2 * width * step)
      } else {
        loops.inverse4(block, width * length, row, row + 2 * width * step, row + width * step)
      }
    }
  }

  if (width < size) {
    if (offset === 0) {
      workspace.kernel.xor(at + width * length, at, width * length)
    } else {
      loops.inverse2(at, width * length, rows + width * step)
    }
  }
}

/**
 * Forward transform: coefficients to values at the positions `0 … size - 1`. `needed` tells whether any of the positions
 * `start … end - 1` is needed; what is not is left undefined.
 */
export function forward (workspace: Workspace, field: Field, { at, length, size }: Run, needed: (start: number, end: number) => boolean): void {
  const loops = workspace.kernel.in[field.bits]
  const step = rowBytes(field)
  const rows = workspace.skewRows(field) - step
  let width = size / 4

  // with an odd number of layers, the highest goes alone: its factor is zero
  if (Math.log2(size) % 2 === 1) {
    workspace.kernel.xor(at + 2 * width * length, at, 2 * width * length)
    width /= 2
  }

  for (; width >= 1; width /= 4) {
    for (let i = 0; i < size; i += 4 * width) {
      const block = at + i * length
      const row = rows + (i + width) * step

      if (!needed(i, i + 4 * width)) {
        continue
      }

      if (i === 0) {
        loops.forward4zero(block, width * length, row + 2 * width * step)
      } else {
        loops.forward4(block, width * length, row, row + 2 * width * step, row + width * step)
      }
    }
  }
}
