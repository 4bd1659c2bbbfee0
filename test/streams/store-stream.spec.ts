import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { MiB } from '../../src/constants.ts'
import { treeCid } from '../../src/dataset/codecs.ts'
import { indicesOf } from '../../src/dataset/ranges.ts'
import { ownBlock } from '../../src/dataset/verify.ts'
import { ShortStreamError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import { storeStream } from '../../src/streams/store-stream.ts'
import { seededContent } from '../../src/testing/index.ts'
import type { IndexRange } from '../../src/dataset/ranges.ts'
import type { VerifiedBlock } from '../../src/dataset/verify.ts'
import type { BlockSource } from '../../src/stores/block-source.ts'

const BLOCK = 64

/** A source that has blocks, as many at a time as it is told. */
class ListSource implements BlockSource {
  readonly shape
  readonly wants: IndexRange[] = []
  /** What was asked of `next`. */
  readonly asked: number[] = []
  window = 10 * BLOCK
  closed = 0
  most = Infinity
  readonly #blocks: VerifiedBlock[]

  constructor (blocks: VerifiedBlock[]) {
    this.#blocks = blocks
    this.shape = { root: treeCid(new Uint8Array(32)), leaves: blocks.length, blockSize: BLOCK }
  }

  want (ranges: IndexRange[]): void {
    this.wants.push(...ranges)
  }

  drop (): void {}

  async next (cursor: number, maxBytes: number): Promise<VerifiedBlock[]> {
    expect(this.wants.some(({ start, end }) => cursor >= start && cursor < end)).to.be.true()
    this.asked.push(maxBytes)

    return this.#blocks.slice(cursor, cursor + Math.min(this.most, Math.max(1, Math.floor(maxBytes / BLOCK))))
  }

  outlook (): { state: 'here' } {
    return { state: 'here' }
  }

  async progressed (): Promise<number> {
    return 0
  }

  close (): void {
    this.closed++
  }
}

async function sourceOf (content: Uint8Array, empty = -1): Promise<ListSource> {
  const blocks: VerifiedBlock[] = []

  for (let at = 0; at < content.byteLength; at += BLOCK) {
    const data = new Uint8Array(BLOCK)
    data.set(content.subarray(at, at + BLOCK))
    blocks.push(await ownBlock(blocks.length === empty ? new Uint8Array(0) : data, hasher))
  }

  return new ListSource(blocks)
}

async function all (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks = []

  for await (const chunk of stream) {
    expect(chunk.byteLength).to.be.within(1, BLOCK)
    chunks.push(chunk)
  }

  return concat(chunks)
}

const content = seededContent(1)(50 * BLOCK)

describe('the stream of a store', () => {
  it('gives any range, wants just the blocks that hold it, each once and in order, and closes the source', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(50 * BLOCK), fc.nat(50 * BLOCK), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 60 }), async (a, b, most, window) => {
      const range = { start: Math.min(a, b), end: Math.max(a, b) }
      const source = await sourceOf(content)
      source.most = most
      source.window = window * BLOCK
      expect(await all(storeStream(source, range))).to.deep.equal(content.subarray(range.start, range.end))

      const wanted = [...indicesOf(source.wants)]
      const first = Math.floor(range.start / BLOCK)
      const count = range.start === range.end ? 0 : Math.ceil(range.end / BLOCK) - first
      expect(wanted).to.deep.equal([...indicesOf([{ start: first, end: first + count }])])
      expect(source.closed).to.equal(1)
    }), { numRuns: 60 })
  })

  it('gives zeros for the empty block', async () => {
    const zeroed = content.slice().fill(0, 3 * BLOCK, 4 * BLOCK)

    expect(await all(storeStream(await sourceOf(zeroed, 3), { start: 3 * BLOCK - 2, end: 4 * BLOCK + 2 }))).to.deep.equal(zeroed.subarray(3 * BLOCK - 2, 4 * BLOCK + 2))
  })

  it('wants no more than its window ahead of what was taken, and moves it in steps', async () => {
    const source = await sourceOf(content)
    const stream = storeStream(source, { start: 0, end: 50 * BLOCK })

    for (let taken = 1; taken <= 30; taken++) {
      await stream.next()
      expect(source.wants.at(-1)?.end).to.be.at.most(taken - 1 + 10)
    }

    expect(source.wants.length).to.be.below(30)
    expect(Math.max(...source.asked)).to.be.at.most(10 * BLOCK)
    source.window = 100 * MiB
    await stream.next()
    expect(source.asked.at(-1)).to.be.at.most(MiB)
    await stream.return(undefined)
  })

  it('follows a window that becomes larger and smaller', async () => {
    const source = await sourceOf(content)
    source.most = 1
    const stream = storeStream(source, { start: 0, end: 50 * BLOCK })
    await stream.next()
    source.window = 30 * BLOCK
    await stream.next()
    expect(source.wants.at(-1)?.end).to.equal(31)
    source.window = 2 * BLOCK

    for (let taken = 3; taken <= 25; taken++) {
      await stream.next()
    }

    expect(source.wants.at(-1)?.end).to.equal(31)
    expect(concat([await all(stream)])).to.deep.equal(content.subarray(25 * BLOCK))
  })

  it('fails when the source ends before the range, and never ends silently', async () => {
    const source = await sourceOf(content.subarray(0, 20 * BLOCK))
    const failing = all(storeStream(source, { start: 5, end: 30 * BLOCK }))

    expect(await failing.catch(err => err)).to.have.property('name', ShortStreamError.name)
    expect(source.closed).to.equal(1)
  })

  it('closes the source when it is returned from, or fails', async () => {
    const source = await sourceOf(content)
    const stream = storeStream(source, { start: 0, end: 50 * BLOCK })
    await stream.next()
    await stream.return(undefined)
    expect(source.closed).to.equal(1)

    const failing = await sourceOf(content)
    const err = new Error('nobody')
    failing.next = async () => { throw err }
    expect(await all(storeStream(failing, { start: 0, end: 5 })).catch(err => err)).to.equal(err)
    expect(failing.closed).to.equal(1)
  })
})
