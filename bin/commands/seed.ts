import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { formatCid } from '../../src/dataset/codecs.ts'
import { InvalidParametersError } from '../../src/errors.ts'
import { createNode } from '../../src/node/index.ts'
import { formatBytes } from '../format.ts'
import { harmlessText } from '../harmless.ts'
import type { ErasureOptions } from '../../src/index.ts'
import type { CodexNode } from '../../src/node/index.ts'
import type { PeerOptions } from '../options.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface SeedOptions extends PeerOptions {
  listen?: Multiaddr[]
  data?: number
  parity?: number
}

/** Ends well when it is told to end: that is how seeding ends. */
export async function seed (files: string[], options: SeedOptions, signal: AbortSignal): Promise<void> {
  const erasure = erasureOf(options)
  const node = await createNode({ dataDir: options.dataDir, listen: options.listen, peers: options.peer })

  try {
    for (const file of files) {
      await seedFile(node, file, { json: options.json, erasure }, signal)
    }

    if (options.json !== true) {
      process.stderr.write('Serving until Ctrl-C.\n')
    }

    await aborted(signal)
  } finally {
    await node.stop()
  }
}

async function seedFile ({ codex, addresses }: CodexNode, file: string, { json, erasure }: { json?: boolean, erasure?: ErasureOptions }, signal: AbortSignal): Promise<void> {
  const { size } = await stat(file)
  const filename = basename(file)
  const cid = formatCid(await codex.store(createReadStream(file, { signal }), { filename, erasure, signal }))
  const where = addresses().map(address => address.toString())

  if (json === true) {
    process.stdout.write(`${JSON.stringify({ cid, filename, size, erasure, addresses: where })}\n`)
  } else {
    const lines = [
      `${harmlessText(filename)}, ${formatBytes(size)}`,
      `  cid      ${cid}`,
      ...erasure == null ? [] : [`  erasure  ${erasure.data} data + ${erasure.parity} parity`],
      ...where.map(address => `  address  ${address}`)
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
}

function erasureOf ({ data, parity }: SeedOptions): ErasureOptions | undefined {
  if (data == null && parity == null) {
    return undefined
  }

  if (data == null || parity == null) {
    throw new InvalidParametersError('--data and --parity go together')
  }

  return { data, parity }
}

async function aborted (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
  }
}
