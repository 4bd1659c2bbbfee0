/**
 * @packageDocumentation
 *
 * Batteries included for Node.js: a libp2p node over TCP, an identity, and a store on disk, all kept in one directory.
 *
 * @example
 *
 * ```ts
 * import { createNode } from 'codex-download/node'
 *
 * const node = await createNode({ dataDir: './codex', peers: ['/ip4/192.0.2.7/tcp/8070/p2p/16Uiu2HAm…'] })
 * for await (const bytes of node.codex.download('zDvZRwzm…')) { process.stdout.write(bytes) }
 * await node.stop()
 * ```
 */
import { KEEP_ALIVE } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { codexDiscovery, udpSocket } from '../dht/index.ts'
import { anyOf, createCodex, staticPeers } from '../index.ts'
import { libp2pTransport } from '../libp2p/index.ts'
import { openDataDir } from './data-dir.ts'
import { createLibp2pNode } from './libp2p-node.ts'
import type { DhtLimits } from '../dht/index.ts'
import type { Codex, CodexInit, Limits, Provider } from '../index.ts'
import type { AbortOptions, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'

export { PackBlockstore } from './pack-blockstore.ts'
export type { PackBlockstoreInit } from './pack-blockstore.ts'

/** Any port of any interface. */
const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0']

const LOOPBACK = '127.0.0.1'

/** What `createNode` is told. Only `dataDir` has no default. */
export interface NodeInit extends Omit<CodexInit, 'transport' | 'blockstore' | 'datastore'> {
  /** Where the identity (`key`), the blocks and their index are kept. Made where it is missing. One process at a time. */
  dataDir: string
  /**
   * TCP addresses to listen on; an empty list listens nowhere.
   *
   * @default ['/ip4/0.0.0.0/tcp/0']
   */
  listen?: Array<string | Multiaddr>
  /** Peers to connect to and to ask for every dataset, besides those that are found. */
  peers?: Array<string | Multiaddr>
  /** Records of nodes of the Codex DHT to begin with, `spr:…`. Where given, providers are found and told there, over UDP. */
  bootstrap?: string[]
  /** UDP port of the DHT; any free one by default. Where given without `bootstrap`, this is the first node of a DHT. */
  discoveryPort?: number
  /** Limits of the DHT that are to be others than `DEFAULT_DHT_LIMITS`: `announceInterval` and so on. */
  dhtLimits?: Partial<DhtLimits>
}

/** A running `Codex` with the libp2p node and the stores under it. */
export interface CodexNode {
  /** Started. */
  readonly codex: Codex
  /** The libp2p node under it, started too. */
  readonly libp2p: Libp2p
  /** Where others reach this node, each with its peer id. */
  addresses(): Multiaddr[]
  /** Its record in the DHT, for others to bootstrap from; undefined where it is in none. It may change. */
  spr(): string | undefined
  /** Who is known to have a CID by the DHT and by `discovery`, as they are learnt; neither `peers` nor who is connected. */
  findProviders(cid: CID, options?: AbortOptions): AsyncIterable<Provider>
  /** Ends all work, closes every connection and gives the data directory free. */
  stop(): Promise<void>
}

/**
 * Makes a node and starts it.
 *
 * @throws {DataDirInUseError} when another process, or this one, has the data directory open
 * @throws {InvalidParametersError} when the data directory holds an identity that the network does not know, or a
 * bootstrap record's signature is wrong
 * @throws {ProtocolError} when a bootstrap record is none
 */
export async function createNode (init: NodeInit, limits?: Partial<Limits>): Promise<CodexNode> {
  const { dataDir, listen = DEFAULT_LISTEN, peers = [], discovery, bootstrap, discoveryPort, dhtLimits, ...rest } = init
  const known = peers.map(peer => multiaddr(peer))
  const undo: Array<() => unknown> = []
  // last opened, first closed; each is tried
  const stop = async (): Promise<void> => {
    const errors: unknown[] = []

    for (const close of undo.splice(0).reverse()) {
      try {
        await close()
      } catch (err) {
        errors.push(err)
      }
    }

    if (errors.length > 0) {
      throw errors[0]
    }
  }

  try {
    const data = await openDataDir(dataDir)
    undo.push(data.close)
    const libp2p = await createLibp2pNode(data.identity, listen.map(address => multiaddr(address)), rest.metrics)
    undo.push(async () => libp2p.stop())
    const dht = bootstrap == null && discoveryPort == null
      ? undefined
      : await codexDiscovery({
        socket: udpSocket({ port: discoveryPort, host: listen.every(isLoopback) ? LOOPBACK : undefined }),
        privateKey: data.identity,
        addresses: () => libp2p.getMultiaddrs(),
        bootstrap,
        datastore: data.datastore,
        limits: dhtLimits,
        logger: rest.logger ?? libp2p.logger
      })
    const found = anyOf(...[discovery, dht].filter(found => found != null))
    const codex = createCodex({
      ...rest,
      logger: rest.logger ?? libp2p.logger,
      transport: libp2pTransport(libp2p),
      discovery: anyOf(staticPeers(known), found),
      blockstore: data.blockstore,
      datastore: data.datastore
    }, limits)
    undo.push(async () => codex.stop())
    await codex.start()
    known.forEach(peer => keepConnected(libp2p, peer))

    return {
      codex,
      libp2p,
      addresses: () => libp2p.getMultiaddrs(),
      spr: () => dht?.spr,
      findProviders: (cid, options) => found.find(cid, options),
      stop
    }
  } catch (err) {
    await stop().catch(() => {})
    throw err
  }
}

/** Where nothing but this machine reaches us, the DHT stays on it, too. */
function isLoopback (address: string | Multiaddr): boolean {
  return multiaddr(address).getComponents()[0]?.value === LOOPBACK
}

/** A peer that is not there now is dialled again when a download looks for providers. */
function keepConnected (libp2p: Libp2p, peer: Multiaddr): void {
  libp2p.dial(peer)
    .then(async connection => libp2p.peerStore.merge(connection.remotePeer, {
      tags: { [`${KEEP_ALIVE}-codex-download`]: {} }
    }))
    .catch(err => {
      libp2p.logger.forComponent('codex-download:node')('could not connect to %a - %e', peer, err)
    })
}
