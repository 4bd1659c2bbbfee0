import { expect } from 'aegir/chai'
import { Marks } from '../../src/stores/marks.ts'
import { seededRandom } from '../../src/testing/random.ts'
import type { Random } from '../../src/interfaces.ts'

const IDS = ['00112233aabbccdd', '00112233aabbccde']

function digests (random: Random, count: number): string[] {
  return Array.from({ length: count }, () => Array.from({ length: 8 }, () => Math.floor(random() * 2 ** 32).toString(16).padStart(8, '0')).join(''))
}

/** Of some digests, those that are found among 2^13 others in 2^16 slots: as full as with 16 million in 2^27. */
function foundAmong (names: string[], seed: number): string[] {
  const marks = new Marks(seededRandom(seed), 16)
  digests(seededRandom(1_000), 2 ** 13).forEach(name => { marks.add(IDS[0], name) })

  return names.filter(name => marks.has(IDS[0], name))
}

describe('marks', () => {
  it('are all found, by the id that they were made for', () => {
    const marks = new Marks(seededRandom(1))
    const names = digests(seededRandom(2), 20_000)

    names.forEach((name, i) => { marks.add(IDS[i % 2], name) })
    expect(names.filter((name, i) => !marks.has(IDS[i % 2], name))).to.deep.equal([])
    expect(names.filter((name, i) => marks.has(IDS[(i + 1) % 2], name))).to.deep.equal([])
  })

  it('are taken for more than they are as seldom as is said', () => {
    const names = digests(seededRandom(2), 20_000)

    // (1 - e^(-4 / 8))^4 is 2.4 %
    expect(foundAmong(names, 1).length / names.length).to.be.within(0.02, 0.028)
  })

  it('are not wrong about the same in every run', () => {
    const names = digests(seededRandom(2), 20_000)
    const wrong = foundAmong(names, 1)

    expect(wrong.length).to.be.above(0)
    expect(foundAmong(wrong, 2).length / wrong.length).to.be.below(0.1)
  })
})
