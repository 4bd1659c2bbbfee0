/**
 * Recovers the missing data blocks of one group of a protected dataset: fetches any `ecK` blocks of it and undoes the
 * code. What it gives is not proven yet.
 */
import { inSteps } from '../erasure/in-steps.ts'
import { recoveryPlan } from '../erasure/recovery-plan.ts'
import { RecoveryError } from '../errors.ts'
import type { ErasureLayout } from '../erasure/layout.ts'
import type { Leopard } from '../erasure/leopard/index.ts'
import type { Having } from '../erasure/recovery-plan.ts'
import type { BlockSource } from '../stores/block-source.ts'

export interface GroupRecoveryInit {
  layout: ErasureLayout
  blockSize: number
  /** The code, loaded when it is first needed. */
  leopard(): Promise<Leopard>
  /** A source to pick blocks of one group from. Closed here. */
  open(): Promise<BlockSource>
  /** Waits; 0 only lets the event loop turn. Ends early when the recovery does. */
  pause(ms: number): Promise<void>
  /** Milliseconds to wait for someone who has a block that nobody has. */
  patience: number
  /** Whether missing parity and empty blocks are made again, too. */
  parity: boolean
}

/** Milliseconds between two looks at whether someone who has a missing block has come. */
const LOOK_AGAIN = 500

/**
 * All blocks of a group that nobody has, or that are late, by index: its data, and with `parity` the others.
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
async function fetchGroup (group: number, source: BlockSource, { layout, blockSize, pause, patience }: GroupRecoveryInit): Promise<Map<number, Uint8Array>> {
  const got = new Map<number, Uint8Array>()
  const nobodys = new Set<number>()
  const late = new Set<number>()
  const asked = new Set<number>()
  let waited = 0
  let news = -1

  const havingOf = (index: number): Having => {
    if (nobodys.has(index)) {
      return 'nobody has it'
    }

    return late.has(index) && !got.has(index) ? 'late' : 'unknown'
  }

  /** Takes what came, and notes what nobody has and what is late: then parity is asked for while the rest is on its way. */
  const settle = async (): Promise<boolean> => {
    const states = [...asked].filter(index => !got.has(index)).map(index => ({ index, state: source.outlook(index).state }))
    const settled = states.filter(({ index, state }) => state !== 'coming' && !(state === 'late' && late.has(index)))

    await Promise.all(settled.map(async ({ index, state }) => {
      if (state === 'late') {
        late.add(index)
        return
      }

      const [block] = await source.next(index, blockSize, true)

      if (block == null) {
        nobodys.add(index)
        asked.delete(index)
        source.drop([{ start: index, end: index + 1 }])
      } else {
        got.set(index, block.data.byteLength === 0 ? new Uint8Array(blockSize) : block.data)
        waited = 0
      }
    }))

    return settled.length > 0
  }

  for (;;) {
    const { fetch, missing, lacking } = recoveryPlan(layout, group, havingOf)
    const wanted = fetch.filter(index => !got.has(index))

    if (lacking === 0 && wanted.length === 0) {
      return got
    }

    if (lacking > 0) {
      if (waited >= patience) {
        throw new RecoveryError(`group ${group} cannot be recovered: nobody has its blocks ${missing.join(', ')}`, group, missing, {
          cid: source.shape.root,
          index: missing[0]
        })
      }

      await pause(LOOK_AGAIN)
      waited += LOOK_AGAIN
      nobodys.clear()
      continue
    }

    const unasked = wanted.filter(index => !asked.has(index))

    if (unasked.length > 0) {
      source.want(unasked.map(index => ({ start: index, end: index + 1 })))
      unasked.forEach(index => asked.add(index))
    }

    if (!await settle()) {
      news = await source.progressed(news, true)
    }
  }
}

async function decode (group: number, got: Map<number, Uint8Array>, init: GroupRecoveryInit): Promise<Map<number, Uint8Array>> {
  const { layout, blockSize } = init
  const at = (position: number): Uint8Array | undefined => {
    const index = layout.indexOf({ group, position })

    return layout.isPadding(index) ? new Uint8Array(blockSize) : got.get(index)
  }
  const data = Array.from({ length: layout.data }, (_, position) => at(position))
  const parity = Array.from({ length: layout.parity }, (_, j) => at(layout.data + j))
  const leopard = await init.leopard()
  const turn = async (): Promise<void> => init.pause(0)
  const blocks = await inSteps(leopard.decodeSteps(data, parity), turn)
  const recovered = new Map<number, Uint8Array>()

  if (init.parity && parity.includes(undefined)) {
    blocks.push(...await inSteps(leopard.encodeSteps(blocks, layout.parity), turn))
  }

  blocks.forEach((block, position) => {
    const index = layout.indexOf({ group, position })

    if (layout.isPadding(index) ? init.parity : !got.has(index)) {
      recovered.set(index, layout.isPadding(index) ? new Uint8Array(0) : block)
    }
  })

  return recovered
}
