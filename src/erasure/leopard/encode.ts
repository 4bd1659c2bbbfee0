import { nextPowerOfTwo } from './plan.ts'
import { forward, inverse } from './transform.ts'
import type { Field } from './field.ts'
import type { Workspace } from './workspace.ts'

/** Fills `parity`, blocks as long as those of `data`, column by column. */
export function * encodeColumns (workspace: Workspace, field: Field, data: Uint8Array[], parity: Uint8Array[]): Generator<undefined, void> {
  const size = nextPowerOfTwo(parity.length)

  for (const { start, end } of workspace.columnsOf(data[0].length, Math.max(2 * size, data.length))) {
    const length = end - start
    workspace.prepare(field, Math.ceil(data.length / size + 1) * size)
    const { memory, at } = workspace.scratch(2 * size * length)

    for (let first = 0; first < data.length; first += size) {
      const run = { at: first === 0 ? at : at + size * length, length, size }
      const count = Math.min(size, data.length - first)

      for (let i = 0; i < count; i++) {
        memory.set(data[first + i].subarray(start, end), run.at + i * length)
      }

      memory.fill(0, run.at + count * length, run.at + size * length)
      inverse(workspace, field, run, size + first, count)

      if (first > 0) {
        workspace.kernel.xor(at, run.at, size * length)
      }
    }

    forward(workspace, field, { at, length, size }, position => position < parity.length)
    parity.forEach((block, i) => { block.set(memory.subarray(at + i * length, at + (i + 1) * length), start) })
    yield
  }
}

/** Fills `sum` with the XOR of `blocks`, column by column. */
export function * xorColumns (workspace: Workspace, blocks: Uint8Array[], sum: Uint8Array): Generator<undefined, void> {
  for (const { start, end } of workspace.columnsOf(sum.length, blocks.length)) {
    const length = end - start
    const { memory, at } = workspace.scratch(2 * length)
    memory.set(blocks[0].subarray(start, end), at)

    for (let i = 1; i < blocks.length; i++) {
      memory.set(blocks[i].subarray(start, end), at + length)
      workspace.kernel.xor(at, at + length, length)
    }

    sum.set(memory.subarray(at, at + length), start)
    yield
  }
}
