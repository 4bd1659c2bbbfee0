import { expect } from 'aegir/chai'
import { createLeopard, KernelUnavailableError } from '../../../src/erasure/leopard/index.ts'
import { makeBlocks } from './blocks.ts'

describe('erasure/leopard loading', () => {
  const real = globalThis.WebAssembly

  /** A runtime that has less. */
  const pretend = (webAssembly: unknown): void => {
    Object.defineProperty(globalThis, 'WebAssembly', { value: webAssembly, configurable: true, writable: true })
  }

  afterEach(() => {
    pretend(real)
  })

  it('takes the fastest kernel that there is', async () => {
    expect(await createLeopard()).to.have.property('kernel', 'relaxed')
  })

  it('takes SIMD where it is not relaxed', async () => {
    let asked = 0
    pretend({ validate: () => asked++ > 0, instantiate: real.instantiate })

    expect(await createLeopard()).to.have.property('kernel', 'simd')
  })

  it('does without SIMD', async () => {
    pretend({ validate: () => false })

    expect(await createLeopard()).to.have.property('kernel', 'plain')
  })

  it('does without WebAssembly', async () => {
    pretend(undefined)
    const leopard = await createLeopard()
    const data = makeBlocks(4, 64)
    const [, parity] = leopard.encode(data, 2)

    expect(leopard).to.have.property('kernel', 'plain')
    expect(leopard.decode([data[0], undefined, data[2], data[3]], [undefined, parity])).to.deep.equal(data)
  })

  it('does without WebAssembly where a policy forbids to compile it', async () => {
    pretend({ validate: real.validate, instantiate: async () => { throw new real.CompileError('unsafe-eval') } })

    expect(await createLeopard()).to.have.property('kernel', 'plain')
  })

  it('refuses a kernel that cannot be had', async () => {
    pretend({ validate: () => false })

    await expect(createLeopard({ kernel: 'simd' })).to.eventually.be.rejected.with.property('name', KernelUnavailableError.name)
  })
})
