/**
 * Recovers the missing data blocks of one group of a protected dataset: fetches any `ecK` blocks of it and undoes the
 * code. What it gives is not proven yet.
 */
import { recoveryPlan } from '../erasure/recovery-plan.ts'
import { RecoveryError } from '../errors.ts'
import type { ErasureLayout } from '../erasure/layout.ts'
import type { Leopard } from '../erasure/leopard/index.ts'
import type { BlockSource } from '../stores/block-source.ts'

export interface GroupRecoveryInit {
  layout: ErasureLayout
  blockSize: number
  /** The code, loaded when it is first needed. */
  leopard: () => Promise<Leopard>
  /** A source to pick blocks of one group from. Closed here. */
  open: () => Promise<BlockSource>
  /** Lets the event loop turn between steps of the code. */
  pause: () => Promise<void>
}

/** Steps of the code between two turns of the event loop: a few milliseconds. */
const STEPS = 8

/**
 * All data blocks of a group that nobody has, by index.
 *
 * @throws {RecoveryError} when too few blocks of the group are left; names it and them
 */
export async function recoverGroup (group: number, init: GroupRecoveryInit): Promise<Map<number, Uint8Array>> {
  const source = await init.open()

  try {
    return await decode(group, await fetchGroup(group, source, init), init)
  } finally {
    source.close()
  }
}

/** Blocks of a group that are enough to recover the others, by index. */
async function fetchGroup (group: number, source: BlockSource, { layout, blockSize }: GroupRecoveryInit): Promise<Map<number, Uint8Array>> {
  const got = new Map<number, Uint8Array>()
  const nobodys = new Set<number>()

  for (;;) {
    const { fetch, missing, lacking } = recoveryPlan(layout, group, index => nobodys.has(index) ? 'nobody has it' : 'unknown')
    const wanted = fetch.filter(index => !got.has(index))

    if (lacking > 0) {
      await waitInVain(group, missing, source, blockSize)
      nobodys.clear()
      continue
    }

    if (wanted.length === 0) {
      return got
    }

    source.want(wanted.map(index => ({ start: index, end: index + 1 })))

    for (const index of wanted) {
      const [block] = await source.next(index, blockSize, true)

      if (block == null) {
        nobodys.add(index)
      } else {
        got.set(index, block.data.byteLength === 0 ? new Uint8Array(blockSize) : block.data)
      }
    }
  }
}

/** Waits as long as a reader waits for anything; someone who has a missing block may come. */
async function waitInVain (group: number, missing: number[], source: BlockSource, blockSize: number): Promise<void> {
  try {
    await source.next(missing[0], blockSize)
  } catch (cause) {
    throw new RecoveryError(`group ${group} cannot be recovered: nobody has its blocks ${missing.join(', ')}`, group, missing, {
      cid: source.shape.root,
      index: missing[0],
      cause
    })
  }
}

async function decode (group: number, got: Map<number, Uint8Array>, { layout, blockSize, leopard, pause }: GroupRecoveryInit): Promise<Map<number, Uint8Array>> {
  const at = (position: number): Uint8Array | undefined => {
    const index = layout.indexOf({ group, position })

    return layout.isPadding(index) ? new Uint8Array(blockSize) : got.get(index)
  }
  const data = Array.from({ length: layout.data }, (_, position) => at(position))
  const parity = Array.from({ length: layout.parity }, (_, j) => at(layout.data + j))
  const steps = (await leopard()).decodeSteps(data, parity)
  let step = steps.next()

  for (let i = 1; step.done !== true; i++) {
    if (i % STEPS === 0) {
      await pause()
    }

    step = steps.next()
  }

  const recovered = new Map<number, Uint8Array>()

  step.value.forEach((block, position) => {
    if (data[position] == null) {
      recovered.set(layout.indexOf({ group, position }), block)
    }
  })

  return recovered
}
