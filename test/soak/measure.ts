import type { SoakNode } from './soak-node.ts'

/** Sizes that are of what is going on: nothing of it may be left when it is calm. */
const GOING_ON = [
  'downloads', 'sources', 'heldBytes', 'sessions', 'flights', 'intakeBytes', 'dials', 'lookups', 'announcements', 'payments',
  'timers', 'wants', 'storeLocks', 'storeCalls', 'treeUsers', 'stores', 'wireBytes'
]

export interface Measure {
  /** Virtual minutes since the start. */
  minute: number
  /** Of the heap and of arrays beside it, after the garbage was collected. */
  heapBytes: number
  /** Entries of every map of the nodes that last, by name. */
  sizes: Record<string, number>
  /** Blocks and keys in their stores. */
  kept: number
}

/** @throws {Error} without `--expose-gc` */
export function measure (minute: number, nodes: readonly SoakNode[]): Measure {
  const sizes: Record<string, number> = {}

  for (const { codex } of nodes) {
    const stats = codex?.stats()

    for (const [name, size] of Object.entries({ downloads: stats?.downloads ?? 0, ...stats?.sizes })) {
      sizes[name] = (sizes[name] ?? 0) + size
    }
  }

  return { minute, heapBytes: heapBytes(), sizes, kept: nodes.reduce((sum, { kept }) => sum + kept, 0) }
}

/** What is wrong with what is held at the end, compared with what was held when the network was warm, both times calm. */
export function complaints (warm: Measure, end: Measure): string[] {
  const wrong = Object.entries(end.sizes)
    .filter(([name, size]) => size > (GOING_ON.includes(name) ? 0 : warm.sizes[name]))
    .map(([name, size]) => `${name} is ${size}; it was ${warm.sizes[name]}`)

  if (end.kept > warm.kept) {
    wrong.push(`the stores keep ${end.kept} values; it was ${warm.kept}`)
  }

  return wrong
}

function heapBytes (): number {
  const { gc } = globalThis

  if (gc == null) {
    throw new Error('Run it with --expose-gc')
  }

  gc()
  gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()

  return heapUsed + arrayBuffers
}
