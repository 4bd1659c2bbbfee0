import { expect } from 'aegir/chai'
import { treeCid } from '../../src/dataset/codecs.ts'
import { erasureStream } from '../../src/streams/erasure-stream.ts'
import type { VerifiedBlock } from '../../src/dataset/verify.ts'
import type { BlockSource } from '../../src/stores/block-source.ts'
import type { Recovery } from '../../src/streams/recovery.ts'

const BLOCK = 64

describe('the stream of a protected dataset', () => {
  it('waits for a block that came while its group was recovered, and that no store kept', async () => {
    const block = { index: 0, data: new Uint8Array(BLOCK).fill(7) } as VerifiedBlock
    const given = [[], [block]]
    const wanted: number[] = []
    const source: BlockSource = {
      shape: { root: treeCid(new Uint8Array(32)), leaves: 1, blockSize: BLOCK },
      window: 10 * BLOCK,
      want: ranges => { ranges.forEach(({ start }) => wanted.push(start)) },
      drop () {},
      next: async () => given.shift() ?? [],
      outlook: () => ({ state: 'coming', eta: Infinity }),
      progressed: async () => 0,
      close () {}
    }
    let recovered = 0
    const recovery = { groupBytes: BLOCK, size: 0, begin () {}, close: async () => {}, recover: async () => { recovered++ } } as unknown as Recovery
    const chunks = await Array.fromAsync(erasureStream(source, { start: 0, end: BLOCK }, recovery))

    expect(chunks).to.deep.equal([block.data])
    expect(recovered).to.equal(1)
    expect(wanted).to.deep.equal([0, 0])
  })
})
