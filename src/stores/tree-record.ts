import type { DatasetShape } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

/** What the store notes about a tree besides its pages. */
export interface TreeRecord {
  /** Names its pages and references. */
  id: string
  leaves: number
  /** Bytes of a block. */
  blockSize: number
}

export function encodeTreeRecord (id: string, { leaves, blockSize }: DatasetShape): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ id, leaves, blockSize }))
}

/** Undefined where the bytes are not a record. */
export function decodeTreeRecord (bytes: Uint8Array): TreeRecord | undefined {
  let value: Partial<TreeRecord> | null

  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }

  const { id, leaves, blockSize } = value ?? {}

  return typeof id === 'string' && isCount(leaves) && isCount(blockSize) ? { id, leaves, blockSize } : undefined
}

export function shapeOfRecord (root: CID, { leaves, blockSize }: TreeRecord): DatasetShape {
  return { root, leaves, blockSize }
}

/** Whether two shapes of the same tree agree. */
export function isSameShape (a: Omit<DatasetShape, 'root'>, b: Omit<DatasetShape, 'root'>): boolean {
  return a.leaves === b.leaves && a.blockSize === b.blockSize
}

function isCount (value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
