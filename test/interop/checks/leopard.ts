import { createHash } from 'node:crypto'
import { fieldOf } from '../../../src/erasure/leopard/field.ts'
import {
  createLeopard, InvalidCountsError, InvalidInputError, InvalidSizeError, NeedMoreDataError, TooMuchDataError
} from '../../../src/erasure/leopard/index.ts'
import { walshLogsOf } from '../../../src/erasure/leopard/locator.ts'
import { nextPowerOfTwo } from '../../../src/erasure/leopard/plan.ts'
import { rowBytes, writeRow } from '../../../src/erasure/leopard/rows.ts'
import { hex, Tally } from './tally.ts'
import type { Leopard } from '../../../src/erasure/leopard/index.ts'

/** What a code of these counts is, or why there is none. */
interface CaseVector {
  k: number
  m: number
  field?: string
  encodeResult: number
  encodeWorkCount?: number
  decodeWorkCount?: number
}

interface CodeVector extends CaseVector {
  bytes: number
  dataSha256: string
  paritySha256All?: string
  parityHex?: string[]
  parity0First64?: string
  paritySha256?: string[]
  decode?: LossVector[]
}

interface LossVector {
  name: string
  lostData: number[]
  lostParity: number[]
  result: number
  recovered?: boolean
}

interface TableVector {
  bits?: number
  order?: number
  modulus?: number
  polynomial?: number
  log16?: number[]
  exp16?: number[]
  fftSkew16?: number[]
  logWalsh16?: number[]
  fftSkewModulusAt?: number[]
  logHex?: string
  logSha256?: string
  expHex?: string
  expSha256?: string
  fftSkewHex?: string
  fftSkewSha256?: string
  logWalshHex?: string
  logWalshSha256?: string
  multiply128_lo_hi?: Record<string, string>
  multiply128_Lo0to3_Hi0to3?: Record<string, string>
  multiply128Sha256: string
}

interface LeopardVectors {
  tables?: { ff8?: TableVector, ff16?: TableVector }
  cases?: CaseVector[]
  errors?: RefusalVector[]
  vectors?: CodeVector[]
  vectorsLcg?: CodeVector[]
}

interface RefusalVector {
  call: string
  result?: number | string
  /** Blocks of work memory, of the calls that tell how many there must be. */
  encode?: number
  decode?: number
}

/** The reference's results by the names of our errors. */
const RESULTS: Record<string, number> = {
  [NeedMoreDataError.name]: -1,
  [TooMuchDataError.name]: -2,
  [InvalidSizeError.name]: -3,
  [InvalidCountsError.name]: -4,
  [InvalidInputError.name]: -5
}

/** The plain kernel is slow: it recovers nothing of larger data. Smaller blocks of the same codes are all tried. */
const MOST_PLAIN_BYTES = 4 * 1024 * 1024

/** `leopard.json`: tables, then every code on every kernel, with every loss, then what is refused. */
export async function checkLeopard (json: unknown): Promise<number> {
  const { tables, cases = [], errors = [], vectors = [], vectorsLcg = [] } = json as LeopardVectors
  const tally = new Tally()

  checkTables(tally, 8, tables?.ff8)
  checkTables(tally, 16, tables?.ff16)

  const kernels: Leopard[] = []

  for (const kernel of ['relaxed', 'simd', 'plain'] as const) {
    kernels.push(await createLeopard({ kernel }))
  }

  cases.forEach(vector => { checkCase(tally, kernels[0], vector) })
  vectors.forEach(vector => { checkCode(tally, kernels, vector, linearBlock) })
  vectorsLcg.forEach(vector => { checkCode(tally, kernels, vector, randomBlock) })
  errors.forEach(vector => { checkRefusal(tally, kernels, vector) })

  return tally.count
}

function checkTables (tally: Tally, bits: 8 | 16, vector?: TableVector): void {
  if (vector == null) {
    return
  }

  const field = fieldOf(bits)
  // in the reference's transform a sum that is 0 modulo the modulus is the modulus; that of all logarithms is one
  const walsh = Uint16Array.from(walshLogsOf(field, field.order), (log, i) => i === 0 && log === 0 ? field.modulus : log)
  const tables: Array<[name: string, table: Uint16Array, hex?: string, sha256?: string]> = [
    ['log', field.log, vector.logHex, vector.logSha256],
    ['exp', field.exp, vector.expHex, vector.expSha256],
    ['fftSkew', field.skew, vector.fftSkewHex, vector.fftSkewSha256],
    ['logWalsh', walsh, vector.logWalshHex, vector.logWalshSha256]
  ]

  for (const [name, table, tableHex, tableSha256] of tables) {
    const bytes = bits === 8 ? Uint8Array.from(table) : new Uint8Array(table.buffer)

    tally.equalIfGiven(`${name} of ${bits} bits`, hex(bytes), tableHex)
    tally.equalIfGiven(`${name} of ${bits} bits`, sha256(bytes), tableSha256)
  }

  const size = rowBytes(field)
  const rows = new Uint8Array(field.order * size)
  const first = (table: Uint16Array): number[] => [...table.subarray(0, 16)]
  // beyond the head of the table they are at 2^i - 1
  const zeroFactors = [...field.skew.keys()].filter(i => field.skew[i] === field.modulus).slice(0, vector.fftSkewModulusAt?.length)

  tally.equalIfGiven(`bits of ${bits} bits`, field.bits, vector.bits)
  tally.equalIfGiven(`order of ${bits} bits`, field.order, vector.order)
  tally.equalIfGiven(`modulus of ${bits} bits`, field.modulus, vector.modulus)
  tally.equalIfGiven(`head of log of ${bits} bits`, first(field.log), vector.log16)
  tally.equalIfGiven(`head of exp of ${bits} bits`, first(field.exp), vector.exp16)
  tally.equalIfGiven(`head of fftSkew of ${bits} bits`, first(field.skew), vector.fftSkew16)
  tally.equalIfGiven(`head of logWalsh of ${bits} bits`, first(walsh), vector.logWalsh16)
  tally.equalIfGiven(`factors of zero of ${bits} bits`, zeroFactors, vector.fftSkewModulusAt)

  for (let log = 0; log < field.order; log++) {
    writeRow(field, log, rows, log * size)
  }

  for (const [log, row] of Object.entries(vector.multiply128_lo_hi ?? vector.multiply128_Lo0to3_Hi0to3 ?? {})) {
    tally.equal(`products of ${bits} bits with ${log}`, hex(rows.subarray(Number(log) * size, (Number(log) + 1) * size)), row)
  }

  tally.equal(`products of ${bits} bits`, sha256(rows), vector.multiply128Sha256)
}

/** The counts alone: which field the code is of, and the work that the reference needs for it. */
function checkCase (tally: Tally, leopard: Leopard, vector: CaseVector): void {
  const { k, m, encodeResult } = vector

  tally.equal(`${k} and ${m} blocks, encoding`, resultOf(() => leopard.encode(Array(k).fill(new Uint8Array(64)), m)), encodeResult)
  checkCounts(tally, vector)
}

function checkCounts (tally: Tally, { k, m, ...vector }: CaseVector): void {
  const name = `${k} and ${m} blocks`
  const size = nextPowerOfTwo(m)
  const isShort = k === 1 || m === 1

  tally.equalIfGiven(`${name}, work of encoding`, isShort ? m : 2 * size, vector.encodeWorkCount)
  tally.equalIfGiven(`${name}, work of decoding`, isShort ? k : nextPowerOfTwo(size + k), vector.decodeWorkCount)

  tally.equalIfGiven(`${name}, field`, vector.encodeResult === 0 ? fieldName(k, m) : 'rejected', vector.field)
}

function fieldName (k: number, m: number): string {
  if (k === 1) {
    return 'copy'
  }

  if (m === 1) {
    return 'xor'
  }

  return nextPowerOfTwo(m) + k <= 256 ? 'ff8' : 'ff16'
}

function checkCode (tally: Tally, kernels: Leopard[], vector: CodeVector, makeBlock: (i: number, bytes: number) => Uint8Array): void {
  const { k, m, bytes } = vector
  checkCounts(tally, vector)
  const data = Array.from({ length: k }, (_, i) => makeBlock(i, bytes))

  tally.equal(`data of ${k} blocks of ${bytes} bytes`, sha256(...data), vector.dataSha256)

  for (const leopard of kernels) {
    const name = `${leopard.kernel}, ${k} and ${m} blocks of ${bytes} bytes`
    let parity: Uint8Array[] = []

    tally.equal(`${name}, encoding`, resultOf(() => { parity = leopard.encode(data, m) }), vector.encodeResult)
    tally.equal(`${name}, parity`, parity.length === 0 ? undefined : sha256(...parity), vector.paritySha256All)
    tally.equal(`${name}, hash of each`, vector.paritySha256 && parity.map(block => sha256(block)), vector.paritySha256)
    tally.equal(`${name}, each`, vector.parityHex && parity.map(hex), vector.parityHex)
    tally.equal(`${name}, first bytes`, vector.parity0First64 && hex(parity[0].subarray(0, 64)), vector.parity0First64)

    if (leopard.kernel !== 'plain' || k * bytes <= MOST_PLAIN_BYTES) {
      vector.decode?.forEach(loss => { checkLoss(tally, leopard, `${name}, ${loss.name} lost`, data, parity, loss) })
    }
  }
}

function checkLoss (tally: Tally, leopard: Leopard, name: string, data: Uint8Array[], parity: Uint8Array[], loss: LossVector): void {
  let decoded: Uint8Array[] = []

  tally.equal(name, resultOf(() => {
    decoded = leopard.decode(without(data, loss.lostData), without(parity, loss.lostParity))
  }), loss.result)

  tally.equalIfGiven(`${name}, whether recovered`, decoded.length > 0, loss.recovered)

  if (loss.result === 0) {
    tally.equal(`${name}, recovered`, loss.lostData.every(i => Buffer.compare(decoded[i], data[i]) === 0), true)
  }
}

/** Calls that our interface has no place for, such as those with a work area of a wrong size, are not checked. */
function checkRefusal (tally: Tally, kernels: Leopard[], { call, result, encode, decode }: RefusalVector): void {
  const [, bytes, k, m] = (/^leo_encode\(bytes=(\d+),k=(\d+),m=(\d+),/.exec(call) ?? []).map(Number)
  const [, data, parity] = (/^work_counts\((\d+),(\d+)\)/.exec(call) ?? []).map(Number)

  if (data != null) {
    checkCounts(tally, { k: data, m: parity, encodeResult: 0, encodeWorkCount: encode, decodeWorkCount: decode })
  }

  const [, size, all, spare, lost, left] = (/^leo_decode\((\d+),(\d+),(\d+)\) (\d+) lost, (\d+) parity/.exec(call) ?? []).map(Number)
  const [, sizeOfMany, few, many] = (/^leo_decode m>k \((\d+),(\d+),(\d+)\)/.exec(call) ?? []).map(Number)

  for (const leopard of size == null ? [] : kernels) {
    const block = new Uint8Array(size)
    const data = Array.from({ length: all }, (_, i) => i < lost ? undefined : block)
    const parity = Array.from({ length: spare }, (_, i) => i < left ? block : undefined)
    tally.equal(`${leopard.kernel}, ${call}`, resultOf(() => leopard.decode(data, parity)), result)
  }

  for (const leopard of sizeOfMany == null ? [] : kernels) {
    const block = new Uint8Array(sizeOfMany)
    tally.equal(`${leopard.kernel}, ${call}`, resultOf(() => leopard.decode(Array(few).fill(block), Array(many).fill(block))), result)
  }

  // with these counts it is the work area that is refused
  if (bytes != null && !(k === 4 && m === 2)) {
    const block = new Uint8Array(bytes)

    for (const leopard of kernels) {
      tally.equal(`${leopard.kernel}, ${call}`, resultOf(() => leopard.encode(Array(k).fill(block), m)), result)
    }
  }
}

function resultOf (action: () => void): number | string {
  try {
    action()
    return 0
  } catch (err) {
    const { name } = err as Error
    return RESULTS[name] ?? name
  }
}

function without (blocks: Uint8Array[], lost: number[]): Array<Uint8Array | undefined> {
  const left: Array<Uint8Array | undefined> = blocks.slice()
  lost.forEach(i => { left[i] = undefined })

  return left
}

function linearBlock (i: number, bytes: number): Uint8Array {
  const block = new Uint8Array(bytes)

  for (let j = 0; j < bytes; j++) {
    block[j] = i * 131 + j * 7 + (j >> 8) * 13 + 1
  }

  return block
}

function randomBlock (i: number, bytes: number): Uint8Array {
  const block = new Uint8Array(bytes)
  let state = Math.imul(i + 1, 2_654_435_761)

  for (let j = 0; j < bytes; j++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    block[j] = state >>> 24
  }

  return block
}

function sha256 (...parts: Uint8Array[]): string {
  const hash = createHash('sha256')
  parts.forEach(part => { hash.update(part) })

  return hash.digest('hex')
}
