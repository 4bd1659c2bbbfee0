import { identify } from '@libp2p/identify'
import { mplex } from '@libp2p/mplex'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { MiB } from '../constants.ts'
import { addressLimit } from './address-limit.ts'
import { noiseCrypto } from './noise-crypto.ts'
import { sparingYamux } from './sparing-yamux.ts'
import type { Libp2p, Metrics, PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Above a few hundred peers there is nothing to gain in speed; each costs a socket and its buffers. */
const MAX_CONNECTIONS = 300
/** New connections a second from one address: a whole office may sit behind one. */
const INBOUND_CONNECTIONS_PER_SECOND = 50
/** Connections from one address: half of all, so that others find room, and a proxy with everybody behind it still works. */
const CONNECTIONS_PER_ADDRESS = MAX_CONNECTIONS / 2
/** Connections whose handshake is under way. More than one address may have: else a few that never finish would keep all others out. */
const PENDING_CONNECTIONS = 200
/** Connections that wait to be accepted, one a turn of the event loop: behind 500 others of a flood they would give up before. */
const WAITING_CONNECTIONS = 64
/** Milliseconds of a handshake. */
const HANDSHAKE_TIMEOUT = 5_000
/** Bytes. A paused stream is reset when its window outgrows the 4 MiB that libp2p buffers for it. */
const MAX_STREAM_WINDOW = 4 * MiB

/**
 * A libp2p node that speaks noise over TCP, with mplex to the reference node (docs/PROTOCOL.md), and with yamux, which comes
 * first and has flow control, to its own kind. Not TLS: it takes 10 MB of memory where it is only offered. It dials and
 * listens where it is told and nowhere else.
 */
export async function createLibp2pNode (privateKey: PrivateKey, listen: Multiaddr[], metrics?: Metrics): Promise<Libp2p> {
  return createLibp2p({
    privateKey,
    metrics: metrics == null ? undefined : () => metrics,
    addresses: { listen: listen.map(address => address.toString()) },
    transports: [tcp({ backlog: WAITING_CONNECTIONS })],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [
      sparingYamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW } }),
      mplex()
    ],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: INBOUND_CONNECTIONS_PER_SECOND,
      maxIncomingPendingConnections: PENDING_CONNECTIONS,
      inboundUpgradeTimeout: HANDSHAKE_TIMEOUT
    },
    connectionGater: addressLimit(CONNECTIONS_PER_ADDRESS),
    // it pings and hangs up on those that do not answer: the reference node has no ping
    connectionMonitor: { enabled: false },
    services: { identify: identify() }
  })
}
