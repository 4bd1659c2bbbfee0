import { createHash } from 'node:crypto'
import { expect } from 'aegir/chai'
import { hasher as node } from '../../src/hasher/node.ts'
import { hasher as web } from '../../src/hasher/web.ts'

function expected (bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest())
}

for (const [name, hasher] of Object.entries({ node, web })) {
  describe(`${name} hasher`, () => {
    for (const length of [0, 1, 65, 8192, 8193, 65_536]) {
      it(`hashes ${length} bytes`, async () => {
        const bytes = new Uint8Array(length + 3).map((_, i) => i * 31).subarray(3)
        const digest = await hasher.digest(bytes)

        expect(digest).to.deep.equal(expected(bytes))
        expect(digest.constructor).to.equal(Uint8Array)
        expect(hasher.digestNode(bytes)).to.deep.equal(expected(bytes))
      })
    }

    it('gives digests that later ones do not overwrite, of buffers that may be reused', () => {
      const input = Uint8Array.of(1)
      const first = hasher.digestNode(input)

      input[0] = 2
      hasher.digestNode(input)

      expect(first).to.deep.equal(expected(Uint8Array.of(1)))
    })
  })
}

describe('web hasher', () => {
  it('does without WebCrypto where there is none', () => {
    const bytes = new Uint8Array(65_536)

    Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined, configurable: true })

    try {
      expect(web.digest(bytes)).to.deep.equal(expected(bytes))
    } finally {
      Reflect.deleteProperty(globalThis.crypto, 'subtle')
    }
  })
})

describe('node hasher', () => {
  it('hashes blocks at once', () => {
    expect(node.digest(new Uint8Array(65_536))).to.be.an.instanceOf(Uint8Array)
  })
})
