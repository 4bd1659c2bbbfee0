/** Puts values in a LevelDB where one of them does not fit, and says which puts have succeeded: `full-disk-writer.js <dir>`. */
import { MiB } from '../../src/constants.ts'
import { openLevel } from '../../src/node/open-level.ts'

const [dir] = process.argv.slice(2)
const level = await openLevel<string>(dir, dir, 'utf8')
const done: string[] = []

async function put (key: string, bytes: number): Promise<void> {
  await level.put(key, new Uint8Array(bytes)).then(() => { done.push(key) }, () => {})
}

await put('before', 1)
await put('too large', 6 * MiB)
await Promise.all(['after', 'with it'].map(async key => put(key, 1)))
await put('later', 1)
await level.close()
process.stdout.write(JSON.stringify(done))
