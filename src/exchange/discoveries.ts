/** Discoveries that need no network of their own. */
import { pushable } from 'it-pushable'
import type { Discovery, Provider } from '../interfaces.ts'

/** Peers that are known beforehand: they are tried for every CID. */
export function staticPeers (peers: Iterable<Provider>): Discovery {
  const list = [...peers]

  return {
    async * find () { yield * list },
    async provide () {}
  }
}

/** Asks several discoveries at once and merges what they find. A lookup fails when all of them do. */
export function anyOf (...discoveries: Discovery[]): Discovery {
  return {
    async start () { await Promise.all(discoveries.map(async discovery => { await discovery.start?.() })) },
    async stop () { await Promise.all(discoveries.map(async discovery => { await discovery.stop?.() })) },

    async * find (cid, options) {
      const state = { ended: false }
      const found = pushable<Provider>({ objectMode: true, onEnd: () => { state.ended = true } })
      const errors: Error[] = []
      const lookups = discoveries.map(async discovery => {
        try {
          for await (const provider of discovery.find(cid, options)) {
            if (state.ended) {
              return
            }

            found.push(provider)
          }
        } catch (err) {
          errors.push(err instanceof Error ? err : new Error(String(err)))
        }
      })

      void Promise.all(lookups).then(() => {
        found.end(errors.length > 0 && errors.length === discoveries.length ? new AggregateError(errors, 'every discovery failed') : undefined)
      })

      yield * found
    },

    async provide (cid, options) {
      await Promise.all(discoveries.map(async discovery => { await discovery.provide(cid, options) }))
    }
  }
}
