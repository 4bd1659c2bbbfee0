/** Gives decoders random bytes and golden bytes that were changed, and sees to it that nothing comes of it that should not. */
import { CodexError } from '../../src/errors.ts'
import { int, seededRandom } from '../../src/testing/random.ts'
import { allowance, MAX_MS, measure } from './measure.ts'
import { mutate, randomBytes } from './mutate.ts'
import type { AsyncTarget, Target } from './target.ts'
import type { Random } from '../../src/interfaces.ts'

/** Shares of inputs that are random, and that are heavy; the others are mutated goldens. */
const RANDOM = 0.15
const HEAVY = 0.0005

type AnyTarget = Target | AsyncTarget

export interface FuzzInit {
  targets: AnyTarget[]
  seed: number
  /** Number of the first input, and how many there are. An input depends on the seed and its number only. */
  from: number
  runs: number
  /** Called before the first, and after every thousand. */
  progress?(done: number): void
}

export interface TargetFigures {
  inputs: number
  /** Of these, what was read and not refused. */
  valid: number
  /** Milliseconds of the slowest, and its bytes. */
  slowest: { ms: number, bytes: number }
  /** Bytes allocated and then held, of those that allocated most for their size, and bytes of the input. */
  largest: { allocated: number, bytes: number }
  /** Inputs that allocated more than they may hold. */
  measured: number
  /** The most that was held of these, compared with what may be: 1 is the limit. */
  fullest: number
}

/** An input that showed something that must not be. */
export class FuzzError extends Error {
  static name = 'FuzzError'
  readonly target: string
  readonly input: number
  readonly bytes: Uint8Array

  constructor (message: string, target: string, input: number, bytes: Uint8Array, cause?: unknown) {
    super(message, { cause })
    this.name = FuzzError.name
    this.target = target
    this.input = input
    this.bytes = bytes
  }
}

/**
 * Runs inputs, and gives figures of each target.
 *
 * @throws {FuzzError} for the first input that fails
 */
export async function fuzz ({ targets, seed, from, runs, progress }: FuzzInit): Promise<Map<string, TargetFigures>> {
  const figures = new Map<string, TargetFigures>()
  const overheads = new Map<AnyTarget, number>()

  for (const target of targets) {
    overheads.set(target, await overheadOf(target))
  }

  for (let input = from; input < from + runs; input++) {
    if ((input - from) % 1_000 === 0) {
      progress?.(input - from)
    }

    const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ input)
    const target = choose(targets, random)
    const bytes = makeInput(target, random)
    await tryInput(target, input, bytes, int(random, 0, 2 ** 32), figures, overheads.get(target) ?? 0)
  }

  return figures
}

function choose (targets: AnyTarget[], random: Random): AnyTarget {
  let at = random() * targets.reduce((sum, { weight }) => sum + weight, 0)

  return targets.find(({ weight }) => (at -= weight) < 0) ?? targets[0]
}

function makeInput (target: AnyTarget, random: Random): Uint8Array {
  const kind = random()

  if (kind < HEAVY && target.heavy != null) {
    return target.heavy(random)
  }

  if (kind < RANDOM) {
    return randomBytes(random, int(random, 0, random() < 0.9 ? 300 : 5_000))
  }

  const bytes = mutate(target.goldens, random)

  return target.disguise != null && random() < 0.7 ? target.disguise(bytes) : bytes
}

/**
 * Bytes that a target allocates whatever it reads: those for the golden that is the least to it, and a quarter for chance.
 *
 * @throws {FuzzError} when that much is held
 */
async function overheadOf (target: AnyTarget): Promise<number> {
  let least = Infinity

  for (const bytes of [...target.goldens, ...target.goldens]) {
    const { cost } = await measure(bytes.byteLength, () => attempt(target, bytes, 0), Infinity)
    least = Math.min(least, cost.allocated)
  }

  const [bytes] = target.goldens
  const { cost: { held = 0 } } = await measure(bytes.byteLength, () => attempt(target, bytes, 0))

  if (held > allowance(bytes.byteLength)) {
    throw new FuzzError(`${target.name}: ${bytes.byteLength} bytes hold ${Math.round(held)} bytes of memory`, target.name, 0, bytes)
  }

  return 1.25 * least
}

async function tryInput (target: AnyTarget, input: number, bytes: Uint8Array, seed: number, all: Map<string, TargetFigures>, overhead: number): Promise<void> {
  const { name } = target
  const fail = (message: string, cause?: unknown): never => { throw new FuzzError(`${name}: ${message}`, name, input, bytes, cause) }
  const original = bytes.slice()

  const { value, cost: { ms, allocated, held } } = await measure(bytes.byteLength, () => attempt(target, bytes, seed), overhead)
  const { error } = value as Attempt

  if (error != null && !(error instanceof CodexError)) {
    fail('an error that is not one of ours', error)
  }

  if (Buffer.compare(bytes, original) !== 0) {
    fail('the input was changed')
  }

  if (ms > MAX_MS) {
    fail(`${bytes.byteLength} bytes took ${ms.toFixed(1)} ms`)
  }

  if (held != null && held > allowance(bytes.byteLength)) {
    fail(`${bytes.byteLength} bytes hold ${Math.round(held)} bytes of memory`)
  }

  if (error == null) {
    try {
      target.check?.((value as Attempt).value)
    } catch (err) {
      fail('what was read and written again reads differently', err)
    }
  }

  const figures = all.get(name) ?? { inputs: 0, valid: 0, slowest: { ms: 0, bytes: 0 }, largest: { allocated: 0, bytes: 0 }, measured: 0, fullest: 0 }
  all.set(name, figures)
  figures.inputs++
  figures.valid += error == null && (value as Attempt).value != null ? 1 : 0
  figures.slowest = ms > figures.slowest.ms ? { ms, bytes: bytes.byteLength } : figures.slowest
  figures.largest = allocated > figures.largest.allocated ? { allocated, bytes: bytes.byteLength } : figures.largest
  figures.measured += held == null ? 0 : 1
  figures.fullest = Math.max(figures.fullest, (held ?? 0) / allowance(bytes.byteLength))
}

interface Attempt {
  value?: unknown
  error?: unknown
}

function attempt (target: AnyTarget, bytes: Uint8Array, seed: number): Attempt | Promise<Attempt> {
  try {
    const value = target.decode(bytes, seededRandom(seed))

    return value instanceof Promise ? value.then(value => ({ value }), (error: unknown) => ({ error })) : { value }
  } catch (error) {
    return { error }
  }
}
