/** What reading an input costs. */
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString, getHeapStatistics } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sizeOf } from './size.ts'

/** Milliseconds of the processor that any input may take. */
export const MAX_MS = 50
/** Bytes of memory that an input may cost: so many times its own bytes, and so many more. */
export const MAX_MEMORY = { times: 10, more: 64 * 1024 }

/** Milliseconds to wait before what took too long is done again, a little more each time: a busy machine slows for seconds. */
const PAUSE_MS = 250
const TRIES = 6

/** Values that are held at the same time to see what one of them takes. */
const HELD = 10

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

export interface Cost {
  /** Milliseconds of this thread. */
  ms: number
  /** Bytes that were allocated; garbage counts. */
  allocated: number
  /** Bytes that are held by what came of it; known only where so much was allocated that they could be too many. */
  held?: number
}

/** Memory outside of the heap is counted as free a little later. */
async function collectGarbage (): Promise<void> {
  gc()
  await new Promise(resolve => { setImmediate(resolve) })
  gc()
}

function heapBytes (): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics()

  return used + external
}

/** Bytes of memory that an input may cost. */
export function allowance (bytes: number): number {
  return MAX_MEMORY.times * bytes + MAX_MEMORY.more
}

/**
 * Reads an input and measures it. Garbage of others may be collected meanwhile, and other processes slow a processor down: what
 * took too long is done again after a while, and counts only if it takes too long each time; memory is measured again where it seems to have become less.
 *
 * @param bytes - how many the input has
 * @param decode - never throws
 * @param overhead - bytes that are allocated whatever the input is; where it is not known, what is held is measured in any case
 */
export async function measure (bytes: number, decode: () => unknown, overhead?: number): Promise<{ cost: Cost, value: unknown }> {
  let value: unknown
  let allocated = -1
  let ms = Infinity

  for (let tries = 0; tries < TRIES && (ms > MAX_MS || allocated < 0); tries++) {
    if (tries > 0 && ms > MAX_MS) {
      await pause(tries * PAUSE_MS)
    }

    const before = heapBytes()
    const startedAt = process.threadCpuUsage()
    const result = decode()
    value = result instanceof Promise ? await result : result
    const { user, system } = process.threadCpuUsage(startedAt)
    ms = Math.min(ms, (user + system) / 1000)
    allocated = Math.max(allocated, heapBytes() - before)
  }

  const allowed = allowance(bytes)
  const mayBeTooMuch = overhead == null || (allocated - overhead > allowed && sizeOf(value) > allowed / 2)

  return { value, cost: { ms, allocated, held: mayBeTooMuch ? await heldBytes(decode, allowed) : undefined } }
}

/**
 * Bytes that stay in use as long as what came of an input is kept. What the engine of the language keeps for itself counts
 * too, so too much is weighed again.
 */
async function heldBytes (decode: () => unknown, allowed: number): Promise<number> {
  let least = Infinity

  for (let tries = 0; tries < 4 && least > allowed; tries++) {
    const values: unknown[] = new Array(HELD)
    values[0] = await decode()
    await collectGarbage()
    const before = heapBytes()

    for (let i = 0; i < HELD; i++) {
      values[i] = await decode()
    }

    await collectGarbage()
    least = Math.min(least, Math.max(0, (heapBytes() - before) / (HELD - 1)))
    values.length = 0
  }

  return least
}
