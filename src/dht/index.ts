/**
 * @packageDocumentation
 *
 * Finds providers in the DHT of the Codex network and announces what we have (docs/PROTOCOL.md §8). Needs UDP; runs on
 * Node.js as it is, elsewhere with a `DatagramSocket` of the host's.
 *
 * @example
 *
 * ```ts
 * import { createCodex } from 'codex-download'
 * import { codexDiscovery, udpSocket } from 'codex-download/dht'
 * import { libp2pTransport } from 'codex-download/libp2p'
 *
 * const discovery = await codexDiscovery({
 *   socket: udpSocket({ port: 8090 }),
 *   privateKey, // of the libp2p node
 *   addresses: () => libp2p.getMultiaddrs(),
 *   bootstrap: ['spr:…'],
 *   datastore
 * })
 * const codex = createCodex({ transport: libp2pTransport(libp2p), discovery })
 * await codex.start()
 * ```
 */
export { codexDiscovery } from './discovery.ts'
export type { CodexDiscovery, CodexDiscoveryInit } from './discovery.ts'
export { DEFAULT_DHT_LIMITS } from './limits.ts'
export type { DhtLimits, Rate } from './limits.ts'
export { createSpr, formatSpr, parseSpr, verifySpr } from './spr.ts'
export type { SignedPeerRecord, SprInit } from './spr.ts'
export { loadCrypto } from './node-crypto.ts'
export type { AesKey, DhtCrypto, Secp256k1 } from './crypto.ts'
export type { Endpoint } from './endpoint.ts'
export type { DatagramSocket } from './socket.ts'
export { udpSocket } from './udp-socket.ts'
export type { UdpSocketInit } from './udp-socket.ts'
