import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { compileKernel, VARIANTS } from './compile-kernel.ts'

const LEOPARD = new URL('../../../src/erasure/leopard/', import.meta.url)

describe('erasure/leopard/kernel', () => {
  for (const [file, features] of Object.entries(VARIANTS)) {
    it(`compiles to what is in ${file}`, async () => {
      expect(await compileKernel(LEOPARD, features)).to.equal(await readFile(new URL(file, LEOPARD), 'utf8'))
    })
  }
})
