/** What is in the stores and should not be, found without the code under test: all of it in memory, pages read one by one. */
import { digestOf } from '../../src/dataset/codecs.ts'
import { TreePage } from '../../src/dataset/tree-page.ts'
import { hasher } from '../../src/hasher/node.ts'
import { keysOf, valueOf } from './fixtures.ts'
import type { Stores } from './fixtures.ts'

/** Bytes that nothing refers to, references that nothing stands behind, pages and tombs of no tree. */
export async function garbageIn (stores: Stores): Promise<string[]> {
  const ids = new Map<string, string>()

  for (const key of await keysOf(stores, 'tree/')) {
    ids.set(JSON.parse(await textOf(stores, key)).id, key)
  }

  const garbage = await keysOf(stores, 'tomb/')
  const known = new Set<string>()

  for (const key of await keysOf(stores, 'page/')) {
    const [,,, id, height] = key.split('/')

    if (!ids.has(id)) {
      garbage.push(key)
    } else if (height === '0') {
      leavesOf(await valueOf(stores, key)).forEach(name => known.add(`${id} ${name}`))
    }
  }

  const referred = new Set<string>()

  for (const key of await keysOf(stores, 'ref/')) {
    const name = key.slice('/codex/ref/'.length)
    referred.add(name)

    for (const id of (await textOf(stores, key)).split(' ')) {
      if (id !== 'standalone' && !known.has(`${id} ${name}`)) {
        garbage.push(`${key} for ${id}`)
      }
    }
  }

  return [...garbage, ...(await bytesIn(stores)).filter(name => !referred.has(name)).map(name => `bytes of ${name}`)]
}

/** The digests of all that is in the blockstore. */
export async function bytesIn ({ blockstore }: Stores): Promise<string[]> {
  const names: string[] = []

  for await (const { cid } of blockstore.getAll()) {
    names.push(Buffer.from(digestOf(cid)).toString('hex'))
  }

  return names.sort()
}

async function textOf (stores: Stores, key: string): Promise<string> {
  return new TextDecoder().decode(await valueOf(stores, key))
}

/** The digests of the blocks that a page says are here. */
function leavesOf (value: Uint8Array): string[] {
  try {
    const page = TreePage.decode(value, hasher)
    const digests = Array.from({ length: 256 }, (_, leaf) => page.isPresent(leaf) ? page.get(0, leaf) : undefined)

    return digests.flatMap(digest => digest == null ? [] : [Buffer.from(digest).toString('hex')])
  } catch {
    return []
  }
}
