import type { Discovery } from '../interfaces.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Peers that are always worth asking, before those that another discovery finds. */
export function staticPeers (peers: Multiaddr[], discovery?: Discovery): Discovery {
  return {
    async start () {
      await discovery?.start?.()
    },
    async stop () {
      await discovery?.stop?.()
    },
    async * find (cid, options?: AbortOptions) {
      yield * peers

      if (discovery != null) {
        yield * discovery.find(cid, options)
      }
    },
    async provide (cid, options?: AbortOptions) {
      await discovery?.provide(cid, options)
    }
  }
}
