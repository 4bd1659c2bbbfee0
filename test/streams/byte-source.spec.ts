import { getEventListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { concat } from 'uint8arrays/concat'
import { MiB } from '../../src/constants.ts'
import { InvalidParametersError } from '../../src/errors.ts'
import { chunksOf } from '../../src/streams/byte-source.ts'
import { seededContent } from '../../src/testing/index.ts'
import type { ByteSource } from '../../src/streams/byte-source.ts'

const content = new Uint8Array(seededContent(1)(10_000))
const pieces = [content.subarray(0, 1), content.subarray(1, 5_000), new Uint8Array(0), content.subarray(5_000)]

async function all (source: ByteSource, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks = []

  for await (const chunk of chunksOf(source, signal)) {
    chunks.push(chunk)
  }

  return concat(chunks)
}

async function failure (promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => { throw new Error('it did not fail') }, err => err)
}

/** A web stream as in runtimes where it cannot be iterated. */
function bareStream (): ReadableStream<Uint8Array> {
  const stream = new Blob(pieces).stream()

  return { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>
}

const SOURCES: Record<string, () => ByteSource> = {
  'an array': () => content,
  'a Buffer': () => Buffer.from(content),
  'a list of arrays': () => pieces,
  'a generator': function * () { yield * pieces },
  'an async generator': async function * () { yield * pieces },
  'a Blob': () => new Blob(pieces),
  'a File': () => new File(pieces, 'name'),
  'a web stream': () => new Blob(pieces).stream(),
  'a web stream that cannot be iterated': bareStream
}

describe('a source of bytes', () => {
  for (const [what, make] of Object.entries(SOURCES)) {
    it(`is ${what}`, async () => {
      expect(await all(make())).to.deep.equal(content)
    })
  }

  for (const [what, source] of Object.entries({ text: 'abc', 'a list of texts': ['abc'], 'a list of numbers': [1, 2, 3], 'an object': {}, null: null, undefined, 'a number': 5 })) {
    it(`is not ${what}`, async () => {
      expect(await failure(all(source as unknown as ByteSource))).to.have.property('name', InvalidParametersError.name)
    })
  }

  it('gives a large array in small steps, without copying it', async () => {
    const large = new Uint8Array(3 * MiB + 1)
    const lengths = []

    for await (const chunk of chunksOf(large)) {
      expect(chunk.buffer).to.equal(large.buffer)
      lengths.push(chunk.byteLength)
    }

    expect(lengths).to.deep.equal([MiB, MiB, MiB, 1])
  })

  it('is told when its reader stops early', async () => {
    let returned = false
    const source = (async function * () {
      try {
        yield * pieces
      } finally {
        returned = true
      }
    })()
    const chunks = chunksOf(source)
    await chunks.next()
    await chunks.return(undefined)

    expect(returned).to.be.true()
  })

  it('fails with what it throws', async () => {
    const err = new Error('the disk is gone')
    const source = (async function * () {
      yield pieces[0]
      throw err
    })()

    expect(await failure(all(source))).to.equal(err)
  })

  it('ends at once when the signal aborts, also while it says nothing, and leaves no listener', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const hangs = (async function * () {
      yield pieces[1]
      await new Promise(() => {})
    })()
    const reading = failure(all(hangs, signal))
    const reason = new Error('enough')
    setTimeout(() => { controller.abort(reason) }, 1)

    expect(await reading).to.equal(reason)
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
    expect(await failure(all(content, signal))).to.equal(reason)
  })

  it('ends between two steps of a large array when the signal aborts', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const chunks = chunksOf(new Uint8Array(3 * MiB), controller.signal)
    await chunks.next()
    controller.abort(reason)

    expect(await failure(chunks.next())).to.equal(reason)
  })
})
