import { discoveryCompliance, runPromise, seededRandom, SimulatedDiscovery, SimulatedNetwork, transportCompliance, VirtualClock } from '../../src/testing/index.ts'
import type { PeerConditions } from '../../src/testing/index.ts'

const networks: Record<string, Partial<PeerConditions>> = {
  'that is fast': {},
  'with limits and jitter': { latency: 30, jitter: 15, upload: 2_000_000, download: 3_000_000 },
  'without latency': { latency: 0 }
}

for (const [which, conditions] of Object.entries(networks)) {
  describe(`simulated network ${which}`, () => {
    let clock: VirtualClock

    beforeEach(() => {
      clock = new VirtualClock()
    })

    transportCompliance({
      setup: async () => {
        const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
        const a = network.addPeer(conditions)
        const b = network.addPeer(conditions)

        return { a, b, disconnect: async () => { network.disconnect(b, a) } }
      },
      drive: async test => {
        await runPromise(clock, test)
        await clock.run()
      }
    })
  })
}

describe('simulated discovery', () => {
  const clock = new VirtualClock()

  discoveryCompliance({
    setup: async () => {
      const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
      const discovery = new SimulatedDiscovery({ clock })
      const a = network.addPeer()
      const b = network.addPeer()

      return {
        a: { discovery: discovery.for(a), peerId: a.peerId },
        b: { discovery: discovery.for(b), peerId: b.peerId }
      }
    },
    drive: async test => {
      await runPromise(clock, test)
      await clock.run()
    }
  })
})
