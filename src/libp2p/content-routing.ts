import type { Discovery } from '../interfaces.ts'
import type { Libp2p } from '@libp2p/interface'

/**
 * Finds providers through the content routing of a host's libp2p node, whatever it is configured with. The Codex network
 * has a DHT of its own, so this finds those that announce where the host looks.
 */
export function contentRoutingDiscovery (libp2p: Pick<Libp2p, 'contentRouting'>): Discovery {
  return {
    find: (cid, options) => libp2p.contentRouting.findProviders(cid, options),
    provide: async (cid, options) => libp2p.contentRouting.provide(cid, options)
  }
}
