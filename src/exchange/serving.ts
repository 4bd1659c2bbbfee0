/**
 * What the engine tells of wants to: the server, or, in a client only, this, which says that there is nothing.
 */
import type { PeerLink, PeerWant } from './peer-link.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { CID } from 'multiformats/cid'

export interface Serving {
  wanted(link: PeerLink, wants: PeerWant[]): void
  /** Blocks are in the local store now. */
  stored(root: CID, ranges: IndexRange[]): void
  /** A peer has blocks itself. */
  had(link: PeerLink, root: CID, ranges: IndexRange[]): void
  closed(link: PeerLink): void
  /** Linked peers that have wanted something of us. */
  readonly size: number
  /** Index ranges that are kept for them. */
  readonly wants: number
  stop(): Promise<void>
}

export const servesNothing: Serving = {
  wanted (link, wants) {
    for (const { kind, tellAbsent, root, ranges } of wants) {
      if (kind === 'have' && tellAbsent) {
        link.presence(root, { have: [], absent: ranges, price: 0n })
      }
    }
  },
  stored () {},
  had () {},
  closed () {},
  size: 0,
  wants: 0,
  async stop () {}
}
