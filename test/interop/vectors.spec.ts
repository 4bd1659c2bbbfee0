import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { CHECKS } from './checks/index.ts'

describe('golden vectors', () => {
  for (const [name, check] of Object.entries(CHECKS)) {
    it(`agrees with ${name}`, async () => {
      const text = await readFile(new URL(`./vectors/${name}`, import.meta.url), 'utf8')

      expect(await check(JSON.parse(text))).to.be.greaterThan(0)
    })
  }
})
