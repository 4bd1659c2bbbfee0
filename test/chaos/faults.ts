/** The faults of a hostile network, by name, and how many of each there were. */
import { codexProtocol } from '../../src/index.ts'
import { faultyProtocol, neverDelivered, otherTree, sometimes, wrongBytes, wrongCid, wrongIndex, wrongLeaves, wrongProof } from '../../src/testing/index.ts'
import { corruptingBlockstore, failingBlockstore, forgetfulBlockstore, memoryStores, quotaBlockstore, slowBlockstore } from '../../src/testing/index.ts'
import type { ExchangeProtocol } from '../../src/index.ts'
import type { Clock, Random } from '../../src/interfaces.ts'
import type { Faults, MemoryStores } from '../../src/testing/index.ts'

interface FaultContext {
  clock: Clock
  random: Random
}

/** What a peer that has the whole file does when it serves it. */
export const SERVING_FAULTS: Record<string, (context: FaultContext) => Faults> = {
  'wrong bytes': () => ({ blocks: [wrongBytes] }),
  'now and then wrong bytes': ({ random }) => ({ blocks: [sometimes(random, 0.1, wrongBytes)] }),
  'wrong proof': () => ({ blocks: [wrongProof] }),
  'wrong index': () => ({ blocks: [wrongIndex] }),
  'wrong CID': () => ({ blocks: [wrongCid] }),
  'proof for another tree': () => ({ blocks: [otherTree] }),
  'wrong number of leaves': () => ({ blocks: [wrongLeaves] }),
  'has all and delivers nothing': () => ({ claimsAll: true, blocks: [neverDelivered] }),
  'delivers one in a hundred': ({ random }) => ({ blocks: [sometimes(random, 0.99, neverDelivered)] }),
  'a crawl': ({ clock }) => ({ slow: { clock, ms: 3_000 } }),
  'answers after the timeout': ({ clock }) => ({ slow: { clock, ms: 25_000 } }),
  'delivers twice': () => ({ copies: 2 }),
  'delivers to those who did not ask': () => ({ unasked: true }),
  'lies about the price': ({ random }) => ({ price: () => BigInt(Math.floor(random() * 3)) })
}

/** A store that misbehaves under the reader. */
export const STORE_FAULTS: Record<string, (context: FaultContext, size: number) => MemoryStores> = {
  'store throws': ({ random }) => wrap(inner => failingBlockstore(inner, operation => operation === 'put' && random() < 0.05)),
  'store fills up': (_, size) => wrap(inner => quotaBlockstore(inner, Math.ceil(size / 2))),
  'store loses blocks': ({ random }) => wrap(inner => forgetfulBlockstore(inner, () => random() < 0.05)),
  'store corrupts blocks': ({ random }) => wrap(inner => corruptingBlockstore(inner, () => random() < 0.05)),
  'store is slow': ({ clock }) => wrap(inner => slowBlockstore(inner, clock, 20))
}

function wrap (faulty: (inner: MemoryStores['blockstore']) => MemoryStores['blockstore']): MemoryStores {
  const { blockstore, datastore } = memoryStores()

  return { blockstore: faulty(blockstore), datastore }
}

export function faulty (faults: Faults): ExchangeProtocol {
  return faultyProtocol(codexProtocol(), faults)
}

/** Bytes of blocks that links delivered to an engine. */
export class DeliveredBytes {
  bytes = 0
  blocks = 0

  /** Counts what goes through a protocol. */
  count (inner: ExchangeProtocol): ExchangeProtocol {
    return {
      id: inner.id,
      get sizes () { return inner.sizes },
      start: async (transport, handler, clock) => {
        const counting = Object.create(handler) as typeof handler
        counting.delivered = (link, deliveries) => {
          this.blocks += deliveries.length
          this.bytes += deliveries.reduce((sum, { data }) => sum + data.byteLength, 0)
          handler.delivered(link, deliveries)
        }

        for (const name of ['opened', 'closed', 'have', 'refused', 'wanted', 'account', 'payment'] as const) {
          counting[name] = (handler[name] as (...args: unknown[]) => void).bind(handler)
        }

        await inner.start(transport, counting, clock)
      },
      reopen: peer => { inner.reopen?.(peer) },
      stop: async () => { await inner.stop() }
    }
  }
}
