import { expect } from 'aegir/chai'
import { ProtocolError } from '../../src/errors.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { fuzz, FuzzError } from './fuzz.ts'
import { mutate } from './mutate.ts'
import { parseFields, writeFields } from './protobuf.ts'
import { allTargets } from './targets/index.ts'
import type { Target } from './target.ts'

const GOLDEN = Uint8Array.of(0x0a, 3, 1, 2, 3, 0x10, 7)

function target (more: Partial<Target>): Target {
  return {
    name: 'test',
    weight: 1,
    goldens: [GOLDEN.slice()],
    decode: bytes => {
      if (bytes.byteLength > 5) {
        throw new ProtocolError('too long')
      }

      return bytes.byteLength
    },
    ...more
  }
}

/** What is said of a target, after a few inputs. */
async function verdict (more: Partial<Target>): Promise<string> {
  try {
    await fuzz({ targets: [target(more)], seed: 1, from: 0, runs: 30 })

    return 'passed'
  } catch (err) {
    expect(err).to.be.an.instanceOf(FuzzError)

    return (err as FuzzError).message
  }
}

describe('fuzz', function () {
  this.timeout(60_000)

  it('passes what reads or refuses', async () => {
    expect(await verdict({})).to.equal('passed')
  })

  it('catches an error that is not one of ours', async () => {
    expect(await verdict({ decode: () => { throw new RangeError('oops') } })).to.equal('test: an error that is not one of ours')
  })

  it('catches what takes too long, each time', async () => {
    expect(await verdict({
      decode: () => {
        const startedAt = process.threadCpuUsage()

        while (process.threadCpuUsage(startedAt).user < 60_000) {
          // busy
        }
      }
    })).to.match(/^test: \d+ bytes took \d+\.\d ms$/)
  })

  it('catches what holds too much memory, in the heap and outside', async () => {
    expect(await verdict({ decode: () => new Uint8Array(1024 * 1024) })).to.match(/^test: \d+ bytes hold 10\d\d\d\d\d bytes of memory$/)
    expect(await verdict({ decode: () => Array.from({ length: 10_000 }, () => ({})) })).to.match(/^test: \d+ bytes hold \d{6} bytes of memory$/)
  })

  it('does not mind garbage', async () => {
    let last: Uint8Array

    expect(await verdict({
      decode: () => {
        last = new Uint8Array(300_000)

        return last.byteLength
      }
    })).to.equal('passed')
  })

  it('catches a decoder that changes its input', async () => {
    expect(await verdict({ decode: bytes => { bytes.fill(1) } })).to.equal('test: the input was changed')
  })

  it('catches what is not written as it was read', async () => {
    expect(await verdict({ check: () => { throw new Error('differs') } })).to.equal('test: what was read and written again reads differently')
  })

  it('gives the same inputs for the same seed, one by one too', async () => {
    const inputs = async (from: number, runs: number): Promise<string[]> => {
      const seen: string[] = []
      await fuzz({ targets: [target({ decode: bytes => { seen.push(Buffer.from(bytes).toString('hex')) } })], seed: 7, from, runs })

      // the goldens are read first
      return seen.filter(hex => hex !== Buffer.from(GOLDEN).toString('hex'))
    }
    const all = await inputs(0, 20)

    expect(await inputs(0, 20)).to.deep.equal(all)
    expect(all).to.deep.include((await inputs(13, 1))[0])
  })

  it('mutates in many ways', () => {
    const random = seededRandom(1)
    const mutated = new Set(Array.from({ length: 1_000 }, () => Buffer.from(mutate([GOLDEN], random)).toString('hex')))

    expect(mutated.size).to.be.above(700)
    expect([...mutated].filter(hex => parseFields(Buffer.from(hex, 'hex')) != null).length).to.be.above(200)
  })

  it('writes the fields that it parses', () => {
    expect([...writeFields(parseFields(GOLDEN) ?? [])]).to.deep.equal([...GOLDEN])
    expect(parseFields(GOLDEN.subarray(0, 4))).to.be.undefined()
    expect(parseFields(Uint8Array.of(0x0b))).to.be.undefined()
  })

  it('passes inputs over all that reads what others wrote', async () => {
    const targets = await allTargets('test/interop/vectors')
    const figures = await fuzz({ targets, seed: 99, from: 0, runs: 1_000 })

    expect([...figures.values()].reduce((sum, { inputs }) => sum + inputs, 0)).to.equal(1_000)
    expect(targets.every(({ goldens }) => goldens.length > 0)).to.be.true()
  })
})
