/**
 * @packageDocumentation
 *
 * Runs `codex-download` over a host's libp2p node. The node needs the `identify` service: it is how peers learn that they
 * speak the protocol. The node stays the host's: it is neither started nor stopped here, and no connection is closed.
 *
 * To talk to the network's reference node, the node needs a secp256k1 identity, TCP, noise and mplex.
 *
 * @example
 *
 * ```ts
 * import { createCodex } from 'codex-download'
 * import { libp2pTransport } from 'codex-download/libp2p'
 *
 * const codex = createCodex({ transport: libp2pTransport(libp2p) })
 * await codex.start()
 * ```
 */
import { Libp2pTransport } from './transport.ts'
import type { Transport } from '../interfaces.ts'
import type { Libp2p } from '@libp2p/interface'

export { contentRoutingDiscovery } from './content-routing.ts'

/**
 * A `Transport` over a libp2p node. One node carries one `Codex`: a second one that registers the same protocol is
 * refused with `ProtocolInUseError`.
 */
export function libp2pTransport (libp2p: Libp2p): Transport {
  return new Libp2pTransport(libp2p)
}
