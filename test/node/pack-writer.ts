/** Puts and deletes blocks in a `PackBlockstore` until it is killed, and says what is done: `pack-writer.js <dir> <seed>`. */
import { PackBlockstore } from '../../src/node/pack-blockstore.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { numberedBlock, numberedCid, WRITER } from './pack-blocks.ts'

const [dir, seed] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const store = new PackBlockstore(dir, { packBytes: WRITER.packBytes })
await store.open()
process.on('disconnect', () => { process.exit() })

for (;;) {
  const first = Math.floor(random() * WRITER.blocks)
  const isPut = random() < 0.6
  const numbers = Array.from({ length: 10 }, (_, i) => (first + i) % WRITER.blocks)
  process.send?.({ begun: isPut, numbers })

  await Promise.all(numbers.map(async number => {
    await (isPut ? store.put(numberedCid(number), numberedBlock(number)) : store.delete(numberedCid(number)))
  }))
  process.send?.({ done: isPut, numbers })
}
