import { blockCid, treeCid } from '../../../src/dataset/codecs.ts'
import { codexProtocol } from '../../../src/wire/codex/protocol.ts'
import { FakePeer } from '../fake-peer.ts'
import { LinkLog } from '../link-log.ts'
import type { ExchangeProtocol, ServedBlock } from '../../../src/exchange/peer-link.ts'
import type { WireLimits } from '../../../src/wire/limits.ts'

export const tree = treeCid(new Uint8Array(32).fill(1))
export const cid = blockCid(new Uint8Array(32).fill(2))

/** A running protocol with one peer, connected. */
export async function linked (limits?: Partial<WireLimits>): Promise<{ peer: FakePeer, log: LinkLog, protocol: ExchangeProtocol }> {
  const peer = new FakePeer()
  const log = new LinkLog()
  const protocol = codexProtocol(limits)
  await protocol.start(peer, log, peer.clock)
  await peer.connect()

  return { peer, log, protocol }
}

/** Blocks of zeros, from index 0 on. */
export function blocks (count: number, bytes: number): ServedBlock[] {
  return Array.from({ length: count }, (_, index) => ({ index, cid, data: new Uint8Array(bytes) }))
}
