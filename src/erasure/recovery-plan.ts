/**
 * Which blocks of a group to fetch so that its missing ones can be recovered. Pure.
 */
import type { ErasureLayout } from './layout.ts'

/** What is known of a block: it can be had, it comes later than it should, nobody has it, or it is not known yet. */
export type Having = 'can be had' | 'late' | 'nobody has it' | 'unknown'

export interface RecoveryPlan {
  /** Blocks to fetch: the data that can be had, and just enough parity; what is late only where it takes that. */
  fetch: number[]
  /** Blocks that nobody has. */
  missing: number[]
  /** How many blocks too few there are; 0 when the group can be recovered. */
  lacking: number
}

/** `having`: of each block of the group, by its index; what is unknown is taken to be had until it turns out otherwise */
export function recoveryPlan (layout: ErasureLayout, group: number, having: (index: number) => Having): RecoveryPlan {
  const fetch: number[] = []
  const missing: number[] = []
  const late: number[] = []
  let padding = 0

  for (let position = 0; position < layout.data + layout.parity; position++) {
    const index = layout.indexOf({ group, position })

    if (layout.isPadding(index)) {
      padding++
    } else if (having(index) === 'nobody has it') {
      missing.push(index)
    } else if (having(index) === 'late') {
      late.push(index)
    } else if (position < layout.data || fetch.length + padding < layout.data) {
      fetch.push(index)
    }
  }

  fetch.push(...late.slice(0, Math.max(0, layout.data - padding - fetch.length)))

  return { fetch, missing, lacking: Math.max(0, layout.data - padding - fetch.length) }
}
