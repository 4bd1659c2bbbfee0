import { multiaddr } from '@multiformats/multiaddr'
import { providerKey } from '../../exchange/provider-key.ts'
import { delay } from '../delay.ts'
import { simulatedPeerId } from '../simulated-peer-id.ts'
import type { Clock, Discovery, Provider, Random } from '../../interfaces.ts'

/**
 * What a lookup does wrong: it fails, or hangs until it is aborted, heeds not even that, yields only what earlier lookups
 * gave, peers that do not exist (by id, or by addresses that lead to nobody or into a private network), or the same ones
 * over and over.
 */
export type DiscoveryFault = 'fails' | 'hangs' | 'ignores the signal' | 'stale' | 'fake' | 'private' | 'endless'

/** Peers made up start here: no simulated network has as many. */
const MADE_UP = 1_000_000

/** A discovery of which each lookup has a fault, drawn from `faults`, with a probability from 0 to 1. */
export function faultyDiscovery (inner: Discovery, init: { clock: Clock, random: Random, probability: number, faults: DiscoveryFault[], onFault?(fault: DiscoveryFault): void }): Discovery {
  const { clock, random, faults, onFault } = init
  /** What lookups gave so far, whatever for. */
  const given = new Map<string, Provider>()

  return {
    ...inner,

    async * find (cid, options) {
      const fault = random() < init.probability ? faults[Math.floor(random() * faults.length)] : undefined

      if (fault != null) {
        onFault?.(fault)
      }

      switch (fault) {
        case 'fails':
          throw new Error('The lookup failed')
        case 'hangs':
          await delay(clock, 10 * 60_000, options)
          return
        case 'ignores the signal':
          await delay(clock, 60_000)
          return
        case 'stale':
          yield * given.values()
          return
        case 'fake':
          for (let i = 0; i < 20; i++) {
            yield simulatedPeerId(MADE_UP + Math.floor(random() * MADE_UP))
          }
          break
        case 'private':
          yield multiaddr('/ip4/10.0.0.1/tcp/1')
          yield multiaddr('/ip4/127.0.0.1/tcp/1')
          break
        case 'endless':
          for (;;) {
            let any = false

            for await (const provider of inner.find(cid, options)) {
              any = true
              yield provider
            }

            if (!any) {
              return
            }
          }
        default:
          break
      }

      for await (const provider of inner.find(cid, options)) {
        given.set(providerKey(provider), provider)
        yield provider
      }
    },

    provide: async (cid, options) => inner.provide(cid, options)
  }
}
