import { LIMITS, WIRE_LIMITS } from './soak-node.ts'
import type { SoakNode } from './soak-node.ts'

/** Nodes that are measured, and connections between them, seen from both sides. */
const NODES = 3
const LINKS = NODES * (NODES - 1)

/**
 * What may be left when it is calm: what is remembered of others, and of the links that stay. It is the same after a day
 * as after an hour. Of everything else nothing may be left.
 */
const BOUNDS: Record<string, number> = {
  connectedPeers: LINKS,
  clients: LINKS,
  streams: 2 * LINKS,
  requestedRoots: LINKS * WIRE_LIMITS.requestedRoots,
  // a few intervals each
  wants: LINKS * LIMITS.peerWantRoots * 4,
  peers: LINKS + NODES * LIMITS.sessionPeers,
  peerDatasets: (LINKS + NODES * LIMITS.sessionPeers) * LIMITS.peerDatasets,
  bans: NODES * LIMITS.bans,
  // everyone by id and by address, those who are nowhere, and private addresses
  failedDials: NODES * 100,
  trees: NODES * 4
}

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
export async function measure (minute: number, nodes: readonly SoakNode[]): Promise<Measure> {
  const all: Record<string, number> = {}
  let kept = 0

  for (const node of nodes) {
    kept += await node.kept()

    for (const [name, size] of Object.entries(node.sizes)) {
      all[name] = (all[name] ?? 0) + size
    }
  }

  return { minute, heapBytes: heapBytes(), sizes: all, kept }
}

/** What is held that should not be, when it is calm. */
export function complaints ({ sizes, kept }: Measure): string[] {
  const wrong = Object.entries(sizes)
    .filter(([name, size]) => size > (BOUNDS[name] ?? 0))
    .map(([name, size]) => `${name} is ${size}, above ${BOUNDS[name] ?? 0}`)

  // but the version of its layout each store is empty
  return kept > NODES ? [...wrong, `the stores keep ${kept} values`] : wrong
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
