import { formatCid } from '../../src/dataset/codecs.ts'
import { fileBlocks, fileSize } from '../../src/dataset/manifest.ts'
import { createNode } from '../../src/node/index.ts'
import { formatBytes } from '../format.ts'
import { harmlessText } from '../harmless.ts'
import { isAlone } from '../options.ts'
import type { CodexNode } from '../../src/node/index.ts'
import type { PeerOptions } from '../options.ts'
import type { CID } from 'multiformats/cid'

/** Who has what the CID names. */
interface Providing {
  peer: string
  addresses: string[]
}

export async function info (cid: CID, options: PeerOptions, signal: AbortSignal): Promise<void> {
  const node = await createNode({ dataDir: options.dataDir, listen: [], peers: options.peer, bootstrap: options.bootstrap })

  try {
    const served = watchDeliveries(node, cid)
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
      erasure: protection == null ? undefined : { data: protection.ecK, parity: protection.ecM },
      providers: isAlone(options) ? [] : await findProviders(node, cid, served, signal)
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
      ['erasure', protection == null ? undefined : `${protection.ecK} data + ${protection.ecM} parity`],
      ...facts.providers.map(({ peer, addresses }): [string, string] => ['peer', [peer, ...addresses].join(' ')])
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

/** Peers that sent the block that the CID names, from now on. */
function watchDeliveries (node: CodexNode, cid: CID): Set<string> {
  const peers = new Set<string>()

  node.codex.addEventListener('codex:blocks:verified', ({ detail: { root, peer } }) => {
    if (root.equals(cid)) {
      peers.add(peer)
    }
  })

  return peers
}

/** Those who announced it, and those who sent it. */
async function findProviders (node: CodexNode, cid: CID, served: Set<string>, signal: AbortSignal): Promise<Providing[]> {
  const found = new Map([...served].map(peer => [peer, connectedAt(node, peer)]))

  for await (const provider of node.findProviders(cid, { signal })) {
    if ('multiaddrs' in provider) {
      found.set(provider.id.toString(), provider.multiaddrs.map(address => address.toString()))
    }
  }

  return [...found].map(([peer, addresses]) => ({ peer, addresses }))
}

function connectedAt ({ libp2p }: CodexNode, peer: string): string[] {
  return libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peer).map(({ remoteAddr }) => remoteAddr.toString())
}
