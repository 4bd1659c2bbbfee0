import { formatCid } from '../../src/dataset/codecs.ts'
import { createNode } from '../../src/node/index.ts'
import { formatBytes } from '../format.ts'
import { harmlessText } from '../harmless.ts'
import type { CommonOptions } from '../options.ts'

export async function list (options: CommonOptions): Promise<void> {
  const node = await createNode({ dataDir: options.dataDir, listen: [] })

  try {
    for await (const { cid, manifest: { filename }, size, blocks, blocksHere } of node.codex.list()) {
      const complete = blocksHere === blocks
      const line = options.json === true
        ? JSON.stringify({ cid: formatCid(cid), filename, size, complete })
        : `${formatCid(cid)}  ${formatBytes(size).padStart(10)}  ${complete ? 'whole' : 'part '}  ${harmlessText(filename ?? '')}`
      process.stdout.write(`${line}\n`)
    }
  } finally {
    await node.stop()
  }
}
