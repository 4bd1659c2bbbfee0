import { rowBytes } from './rows.ts'
import { forward, inverse } from './transform.ts'
import type { Field } from './field.ts'
import type { Plan } from './plan.ts'
import type { Workspace } from './workspace.ts'

/** Fills `outputs` with the missing blocks from `inputs`, in the order of the plan's, column by column. */
export function decodeColumns (workspace: Workspace, field: Field, plan: Plan, inputs: Uint8Array[], outputs: Uint8Array[]): Generator<undefined, void> {
  return plan.method === 'combine'
    ? combineColumns(workspace, field, plan, inputs, outputs)
    : transformColumns(workspace, field, plan, inputs, outputs)
}

function * combineColumns (workspace: Workspace, field: Field, plan: Plan, inputs: Uint8Array[], outputs: Uint8Array[]): Generator<undefined, void> {
  const held = inputs.length + outputs.length

  for (const { start, end } of workspace.columnsOf(outputs[0].length, held)) {
    const length = end - start
    const { memory, at } = workspace.scratch(held * length + plan.rows.length)
    const to = at + inputs.length * length
    const rows = at + held * length

    inputs.forEach((block, i) => { memory.set(block.subarray(start, end), at + i * length) })
    memory.set(plan.rows, rows)
    workspace.kernel.in[field.bits].combine(to, outputs.length, length, at, inputs.length, rows)
    outputs.forEach((block, i) => { block.set(memory.subarray(to + i * length, to + (i + 1) * length), start) })
    yield
  }
}

/** The polynomial that the locator times the values are of; its derivative, at the missing ones, is the locator's there times theirs. */
function * transformColumns (workspace: Workspace, field: Field, plan: Plan, inputs: Uint8Array[], outputs: Uint8Array[]): Generator<undefined, void> {
  const size = plan.positions
  const step = rowBytes(field)
  const { multiply } = workspace.kernel.in[field.bits]
  const missing = countBefore(plan.outputs, size)

  for (const { start, end } of workspace.columnsOf(outputs[0].length, size)) {
    const length = end - start
    workspace.prepare(field, size)
    const { memory, at } = workspace.scratch(size * length + plan.rows.length)
    const run = { at, length, size }
    const rows = at + size * length
    memory.set(plan.rows, rows)
    memory.fill(0, at, rows)

    inputs.forEach((block, i) => {
      const to = at + plan.inputs[i] * length
      memory.set(block.subarray(start, end), to)
      multiply(to, length, rows + i * step)
    })

    inverse(workspace, field, run, 0, plan.used)
    workspace.kernel.derive(at, length, size)
    forward(workspace, field, run, (first, end) => missing[end] > missing[first])

    outputs.forEach((block, i) => {
      const from = at + plan.outputs[i] * length
      multiply(from, length, rows + (inputs.length + i) * step)
      block.set(memory.subarray(from, from + length), start)
    })
    yield
  }
}

/** How many of `positions` are before each position. */
function countBefore (positions: number[], size: number): Uint32Array {
  const counts = new Uint32Array(size + 1)
  positions.forEach(position => { counts[position + 1] = 1 })

  for (let i = 0; i < size; i++) {
    counts[i + 1] += counts[i]
  }

  return counts
}
