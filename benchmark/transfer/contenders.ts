import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { STACKS } from './stacks.ts'
import type { Contender } from './contender.ts'
import type { StackName } from './stacks.ts'
import type { StoreName } from './stores.ts'

/** They are written in JavaScript and run where they lie, since what they import is installed beside them. */
const PEERS = new URL('../../../benchmark/peers/', import.meta.url)
const INSTALLED = fileURLToPath(new URL('../../../benchmark/node_modules', import.meta.url))

/** Whether the other libraries are there to be measured. */
export function arePeersInstalled (): boolean {
  return existsSync(INSTALLED)
}

/** A contender by its name. What it is made of is loaded only now: each process has no more than it needs. */
export async function contenderOf (name: string): Promise<Contender> {
  const [kind, stack = ''] = name.split(' ')

  switch (kind) {
    case 'ours': {
      const { ours } = await import('./ours.ts')
      return ours(stackOf(stack))
    }
    case 'raw':
    case 'careful': {
      const { careful, overStream, raw } = await import('./stream.ts')
      return overStream(stackOf(stack), kind === 'raw' ? raw : careful)
    }
    case 'disk': {
      const { oursOnDisk } = await import('./ours-disk.ts')
      return oursOnDisk(stack !== 'passing')
    }
    case 'copy': {
      const { copy } = await import('./stores.ts')
      return copy(storeOf(stack))
    }
    case 'read': {
      const { read } = await import('./stores.ts')
      return read(storeOf(stack))
    }
    case 'local': {
      const { local } = await import('./stores.ts')
      return local(storeOf(stack))
    }
    default: {
      const { contender } = await import(new URL(`${kind}.js`, PEERS).href)
      return contender
    }
  }
}

function stackOf (name: string): StackName {
  if (!Object.hasOwn(STACKS, name)) {
    throw new Error(`There is no stack ${name}`)
  }

  return name as StackName
}

function storeOf (name: string): StoreName {
  if (name !== 'memory' && name !== 'file' && name !== 'blockstore-fs') {
    throw new Error(`There is no store ${name}`)
  }

  return name
}
