import { createNode } from '../../../src/node/index.ts'
import type { CodexNode, NodeInit } from '../../../src/node/index.ts'

/** Where a process keeps what it has, and whom it asks for what. */
export interface Job {
  dataDir: string
  /** Addresses of the seeder. */
  peers: string[]
  cid: string
}

export async function withNode <T> (init: NodeInit, fn: (node: CodexNode) => Promise<T>): Promise<T> {
  const node = await createNode({ listen: [], ...init })

  try {
    return await fn(node)
  } finally {
    await node.stop()
  }
}

/** Says something to the process that started this one. */
export function say (message: object): void {
  process.send?.(message)
}

/** Bytes of memory that this process ever had at a time. */
export function peakBytes (): number {
  return process.resourceUsage().maxRSS * 1024
}
