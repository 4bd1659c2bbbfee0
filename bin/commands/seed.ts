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
import type { CID } from 'multiformats/cid'

export interface SeedOptions extends PeerOptions {
  listen?: Multiaddr[]
  discoveryPort?: number
  data?: number
  parity?: number
}

/** Ends well when it is told to end: that is how seeding ends. */
export async function seed (files: string[], options: SeedOptions, signal: AbortSignal): Promise<void> {
  const erasure = erasureOf(options)
  const node = await createNode({ dataDir: options.dataDir, listen: options.listen, peers: options.peer, bootstrap: options.bootstrap, discoveryPort: options.discoveryPort })

  try {
    for (const file of files) {
      await seedFile(node, file, { json: options.json, erasure }, signal)
    }

    if (files.length === 0) {
      await showAll(node, options)
    }

    if (options.json !== true) {
      process.stderr.write('Serving until Ctrl-C.\n')
    }

    await aborted(signal)
  } finally {
    await node.stop()
  }
}

async function seedFile (node: CodexNode, file: string, { json, erasure }: { json?: boolean, erasure?: ErasureOptions }, signal: AbortSignal): Promise<void> {
  const { size } = await stat(file)
  const filename = basename(file)
  const cid = await node.codex.store(createReadStream(file, { signal }), { filename, erasure, signal })
  show(node, { cid, filename, size, erasure }, json)
}

/** What is here already. */
async function showAll (node: CodexNode, { dataDir, json }: SeedOptions): Promise<void> {
  let shown = 0

  for await (const { cid, size, manifest: { filename, protection } } of node.codex.list()) {
    show(node, { cid, filename, size, erasure: protection == null ? undefined : { data: protection.ecK, parity: protection.ecM } }, json)
    shown++
  }

  if (shown === 0) {
    throw new InvalidParametersError(`there is nothing in ${dataDir} to serve: name a file`)
  }
}

interface Served {
  cid: CID
  filename?: string
  size: number
  erasure?: ErasureOptions
}

function show ({ addresses, spr }: CodexNode, { cid, filename, size, erasure }: Served, json?: boolean): void {
  const where = addresses().map(address => address.toString())

  if (json === true) {
    process.stdout.write(`${JSON.stringify({ cid: formatCid(cid), filename, size, erasure, addresses: where, spr: spr() })}\n`)
  } else {
    const lines = [
      `${harmlessText(filename ?? '(no name)')}, ${formatBytes(size)}`,
      `  cid      ${formatCid(cid)}`,
      ...erasure == null ? [] : [`  erasure  ${erasure.data} data + ${erasure.parity} parity`],
      ...where.map(address => `  address  ${address}`),
      ...spr() == null ? [] : [`  spr      ${spr()}`]
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
