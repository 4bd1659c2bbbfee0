/**
 * The speed of the code on each kernel, in MB of data a second, beside XOR and memcpy of the same bytes in the same run,
 * and how long it holds the event loop.
 */
import { inSteps } from '../src/erasure/in-steps.ts'
import { createLeopard } from '../src/erasure/leopard/index.ts'
import type { Result } from './report.ts'
import type { KernelName, Leopard } from '../src/erasure/leopard/index.ts'

/** Bytes. */
const BLOCK = 65_536
/** Milliseconds for each figure of a code and kernel; the best of what fits counts, since others use the machine too. */
const TIME = 600
const KERNELS: KernelName[] = ['relaxed', 'simd', 'plain']

interface Code {
  data: number
  parity: number
  /** MB/s that the reference's native library reached on a machine of this kind: 128-bit SIMD, one thread. */
  native?: { encode: number, decode: number }
}

const CODES: Code[] = [
  { data: 4, parity: 2 },
  { data: 10, parity: 4, native: { encode: 8_900, decode: 2_900 } },
  { data: 20, parity: 10, native: { encode: 4_200, decode: 1_190 } },
  { data: 64, parity: 32, native: { encode: 4_400, decode: 1_410 } },
  { data: 128, parity: 128, native: { encode: 2_590, decode: 985 } },
  { data: 200, parity: 100, native: { encode: 1_570, decode: 575 } }
]

export async function * benchLeopard (): AsyncGenerator<Result> {
  for (const code of CODES) {
    for (const kernel of KERNELS) {
      yield await bench(code, await createLeopard({ kernel }))
    }
  }
}

async function bench ({ data: ecK, parity: ecM, native }: Code, leopard: Leopard): Promise<Result> {
  const data = Array.from({ length: ecK }, (_, i) => randomBlock(i + 1))
  const parity = leopard.encode(data, ecM)
  const lost = data.map((block, i) => i < ecM ? undefined : block)
  const target = new Uint8Array(BLOCK)
  const bytes = ecK * BLOCK
  const [encode, decode, xor, memcpy] = bestOf([
    () => leopard.encode(data, ecM),
    () => leopard.decode(lost, parity),
    // the parity of one block is the XOR of the data
    () => leopard.encode(data, 1),
    () => { data.forEach(block => { target.set(block) }) }
  ]).map(milliseconds => Math.round(bytes / milliseconds / 1000))
  const holdMs = Math.max(
    await longestHold(async turn => inSteps(leopard.encodeSteps(data, ecM), turn)),
    await longestHold(async turn => inSteps(leopard.decodeSteps(lost, parity), turn))
  )
  const ofNative = native == null ? undefined : { encode: round(encode / native.encode), decode: round(decode / native.decode) }

  return {
    figures: { data: ecK, parity: ecM, kernel: leopard.kernel, encode, decode, xor, memcpy, holdMs: round(holdMs), ofNative },
    line: [
      `(${ecK},${ecM})`.padEnd(10),
      leopard.kernel.padEnd(8),
      `encode ${pad(encode)}, decode ${pad(decode)}, XOR ${pad(xor)}, memcpy ${pad(memcpy)} MB/s, longest hold ${holdMs.toFixed(1)} ms`,
      ofNative == null ? '' : `, of native ${ofNative.encode.toFixed(2)} and ${ofNative.decode.toFixed(2)}`
    ].join('')
  }
}

/** The shortest time of each, in milliseconds. They take turns, so that whatever else runs is shared fairly. */
function bestOf (works: Array<() => unknown>): number[] {
  const best = works.map(() => Infinity)
  const end = performance.now() + TIME * works.length

  for (let round = 0; round < 3 || performance.now() < end; round++) {
    works.forEach((work, i) => {
      const started = performance.now()
      work()
      best[i] = Math.min(best[i], performance.now() - started)
    })
  }

  return best
}

/** Milliseconds; the least of a few runs, of which the longest hold counts each. */
async function longestHold (work: (turn: () => Promise<void>) => Promise<unknown>): Promise<number> {
  const holds: number[] = []

  for (let run = 0; run < 5; run++) {
    let longest = 0
    let since = performance.now()
    const note = (): void => { longest = Math.max(longest, performance.now() - since) }

    await work(async () => {
      note()
      await new Promise(resolve => { setTimeout(resolve, 0) })
      since = performance.now()
    })
    note()
    holds.push(longest)
  }

  return Math.min(...holds)
}

function randomBlock (seed: number): Uint8Array {
  const block = new Uint8Array(BLOCK)
  let state = seed

  for (let i = 0; i < BLOCK; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    block[i] = state >>> 24
  }

  return block
}

function round (value: number): number {
  return Math.round(value * 100) / 100
}

function pad (value: number): string {
  return String(value).padStart(6)
}
