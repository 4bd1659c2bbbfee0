import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { decodeColumns } from '../../../src/erasure/leopard/decode.ts'
import { fieldOf, multiply } from '../../../src/erasure/leopard/field.ts'
import { createLeopard } from '../../../src/erasure/leopard/index.ts'
import { createPlainKernel } from '../../../src/erasure/leopard/plain-kernel.ts'
import { makePlan, nextPowerOfTwo } from '../../../src/erasure/leopard/plan.ts'
import { loadWasmKernel } from '../../../src/erasure/leopard/wasm-kernel.ts'
import { Workspace } from '../../../src/erasure/leopard/workspace.ts'
import { makeBlocks, without } from './blocks.ts'
import type { Field } from '../../../src/erasure/leopard/field.ts'
import type { Leopard } from '../../../src/erasure/leopard/index.ts'
import type { Kernel } from '../../../src/erasure/leopard/kernel.ts'

/** A code, blocks, and a loss that can be made good: a permutation of the blocks decides which are lost. */
const cases = fc.integer({ min: 1, max: 40 })
  .chain(k => fc.record({
    k: fc.constantFrom(k, k, k, k + 220),
    m: fc.integer({ min: 1, max: k }),
    bytes: fc.integer({ min: 1, max: 6 }).map(chunks => 64 * chunks),
    seed: fc.nat()
  }))
  .chain(({ k, m, bytes, seed }) => fc.record({
    k: fc.constant(k),
    m: fc.constant(m),
    bytes: fc.constant(bytes),
    seed: fc.constant(seed),
    lost: fc.shuffledSubarray([...Array(k + m).keys()], { maxLength: m })
  }))

/** Parity by Lagrange's formula, from its definition: the polynomial through the data, and zero after it, at `at`. */
function parityAt (field: Field, data: Uint8Array[], m: number, at: number): Uint8Array {
  const parity = new Uint8Array(data[0].length)
  const positions = nextPowerOfTwo(m)
  const inverse = (x: number): number => field.modulus - field.log[x]

  data.forEach((block, i) => {
    let factor = 1

    for (let other = 0; other < positions; other++) {
      factor = multiply(field, factor, field.log[other ^ (positions + i)])
      factor = other === at ? factor : multiply(field, factor, inverse(other ^ at))
    }

    const log = field.log[multiply(field, factor, inverse(at ^ (positions + i)))]

    for (let j = 0; j < parity.length; j++) {
      if (field.bits === 8) {
        parity[j] ^= multiply(field, block[j], log)
      } else if (j % 64 < 32) {
        const product = multiply(field, block[j] | block[j + 32] << 8, log)
        parity[j] ^= product
        parity[j + 32] ^= product >> 8
      }
    }
  })

  return parity
}

describe('erasure/leopard kernels', () => {
  const leopards: Leopard[] = []
  const kernels: Kernel[] = []

  before(async () => {
    for (const kernel of ['relaxed', 'simd', 'plain'] as const) {
      leopards.push(await createLeopard({ kernel }))
      kernels.push(kernel === 'plain' ? createPlainKernel() : await loadWasmKernel(kernel) ?? expect.fail(kernel))
    }
  })

  it('are what was asked for', () => {
    expect(leopards.map(({ kernel }) => kernel)).to.deep.equal(['relaxed', 'simd', 'plain'])
  })

  it('recover any blocks of any code, and agree', () => {
    fc.assert(fc.property(cases, ({ k, m, bytes, seed, lost }) => {
      const data = makeBlocks(k, bytes, seed)
      const parities = leopards.map(leopard => leopard.encode(data, m))

      expect(parities[1]).to.deep.equal(parities[0])
      expect(parities[2]).to.deep.equal(parities[0])

      const dataLeft = without(data, lost.filter(i => i < k))
      const parityLeft = without(parities[0], lost.filter(i => i >= k).map(i => i - k))

      for (const leopard of leopards) {
        expect(leopard.decode(dataLeft, parityLeft)).to.deep.equal(data)
      }
    }), { numRuns: 150 })
  })

  it('give the parity that the definition says', () => {
    fc.assert(fc.property(cases.filter(({ m }) => m > 1), fc.nat(), ({ k, m, seed }, which) => {
      const data = makeBlocks(k, 64, seed)
      const field = fieldOf(nextPowerOfTwo(m) + k <= 256 ? 8 : 16)
      const at = which % m

      for (const leopard of leopards) {
        expect(leopard.encode(data, m)[at]).to.deep.equal(parityAt(field, data, m, at))
      }
    }), { numRuns: 60 })
  })

  it('recover the same by either method, from inputs that are of no code too', () => {
    const losses = cases.filter(({ k, m, lost }) => m > 1 && lost.some(i => i < k))

    fc.assert(fc.property(losses, ({ k, m, bytes, seed, lost }) => {
      const missing = lost.filter(i => i < k).sort((a, b) => a - b)
      const parityPositions = nextPowerOfTwo(m)
      const field = fieldOf(parityPositions + k <= 256 ? 8 : 16)
      const loss = { dataCount: k, parityPositions, missing, spare: missing.map((_, i) => m - missing.length + i) }
      const inputs = makeBlocks(k, bytes, seed)
      const results: Uint8Array[][] = []

      for (const kernel of kernels) {
        for (const method of ['combine', 'transform'] as const) {
          const outputs = Array.from(missing, () => new Uint8Array(bytes))
          const steps = decodeColumns(new Workspace(kernel), field, makePlan(field, loss, method), inputs, outputs)
          expect([...steps]).to.have.lengthOf.at.least(1)
          results.push(outputs)
        }
      }

      results.forEach(result => expect(result).to.deep.equal(results[0]))
    }), { numRuns: 60 })
  })
})
