import { formatCid } from '../../src/dataset/codecs.ts'
import { fileBlocks, fileSize } from '../../src/dataset/manifest.ts'
import { createNode } from '../../src/node/index.ts'
import { formatBytes } from '../format.ts'
import { harmlessText } from '../harmless.ts'
import { isAlone } from '../options.ts'
import type { PeerOptions } from '../options.ts'
import type { CID } from 'multiformats/cid'

export async function info (cid: CID, options: PeerOptions, signal: AbortSignal): Promise<void> {
  const node = await createNode({ dataDir: options.dataDir, listen: [], peers: options.peer, bootstrap: options.bootstrap })

  try {
    const manifest = await node.codex.manifest(cid, { signal, offline: isAlone(options) })
    const stat = await node.codex.stat(cid)
    const { protection } = manifest
    const facts = {
      cid: formatCid(cid),
      filename: manifest.filename,
      mimetype: manifest.mimetype,
      size: fileSize(manifest),
      blockSize: manifest.blockSize,
      blocks: fileBlocks(manifest),
      blocksHere: stat?.blocksHere ?? 0,
      treeCid: formatCid(manifest.treeCid),
      erasure: protection == null ? undefined : { data: protection.ecK, parity: protection.ecM }
    }

    if (options.json === true) {
      process.stdout.write(`${JSON.stringify(facts)}\n`)
      return
    }

    const rows: Array<[string, string | undefined]> = [
      ['cid', facts.cid],
      ['name', facts.filename],
      ['type', facts.mimetype],
      ['size', `${formatBytes(facts.size)} (${facts.size} bytes)`],
      ['blocks', `${facts.blocks} of ${formatBytes(facts.blockSize)}, ${facts.blocksHere} here`],
      ['tree', facts.treeCid],
      ['erasure', protection == null ? undefined : `${protection.ecK} data + ${protection.ecM} parity`]
    ]

    for (const [name, value] of rows) {
      if (value != null) {
        process.stdout.write(`${name.padEnd(8)}${harmlessText(value)}\n`)
      }
    }
  } finally {
    await node.stop()
  }
}
