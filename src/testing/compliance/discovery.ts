import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { assert, assertEqual, assertRejects } from './assert.ts'
import { globalRunner, Suite } from './runner.ts'
import type { ComplianceTest, TestRunner } from './runner.ts'
import type { Discovery, Provider } from '../../interfaces.ts'
import type { PeerId } from '@libp2p/interface'

/** A peer and its way to find others. */
export interface DiscoveringPeer {
  discovery: Discovery
  peerId: PeerId
}

/** Two started peers that know of each other. */
export interface DiscoveryPair {
  a: DiscoveringPeer
  b: DiscoveringPeer
}

/**
 * The contract of `Discovery`, as tests. Each gets two new peers.
 *
 * @param common - how to make them, and how to be rid of them
 * @param runner - whose tests they become; that of `describe` and `it` by default
 */
export function discoveryCompliance (common: ComplianceTest<DiscoveryPair>, runner: TestRunner = globalRunner()): void {
  const suite = new Suite(common, runner)

  runner.describe('Discovery', () => {
    suite.it('finds nobody for what nobody has, and ends', async ({ a }) => {
      assertEqual(await findAll(a, cidOf(1)), [], 'the providers')
    })

    suite.it('finds who announced a CID', async ({ a, b }) => {
      await b.discovery.provide(cidOf(1))

      assertIncludes(await findAll(a, cidOf(1)), b)
    })

    suite.it('keeps CIDs apart', async ({ a, b }) => {
      await b.discovery.provide(cidOf(1))

      assertEqual(await findAll(a, cidOf(2)), [], 'the providers of another CID')
    })

    suite.it('finds all who announced a CID', async ({ a, b }) => {
      await a.discovery.provide(cidOf(1))
      await b.discovery.provide(cidOf(1))

      assertIncludes(await findAll(a, cidOf(1)), b)
      assertIncludes(await findAll(b, cidOf(1)), a)
    })

    suite.it('takes the same announcement twice', async ({ a, b }) => {
      await b.discovery.provide(cidOf(1))
      await b.discovery.provide(cidOf(1))

      assertIncludes(await findAll(a, cidOf(1)), b)
    })

    suite.it('can be asked again', async ({ a, b }) => {
      await b.discovery.provide(cidOf(1))
      await findAll(a, cidOf(1))

      assertIncludes(await findAll(a, cidOf(1)), b)
    })

    suite.it('lets a lookup be left at the first provider', async ({ a, b }) => {
      await b.discovery.provide(cidOf(1))
      const lookup = a.discovery.find(cidOf(1))[Symbol.asyncIterator]()
      const first = await lookup.next()
      await lookup.return?.()

      assert(first.done !== true, 'the lookup should yield a provider')
      assertEqual((await lookup.next()).done, true, 'whether the lookup has ended')
    })

    suite.it('finds nobody when the signal is aborted', async ({ a, b }) => {
      await b.discovery.provide(cidOf(1))
      const found = await findAll(a, cidOf(1), AbortSignal.abort()).catch(() => [])

      assertEqual(found, [], 'the providers')
    })

    suite.it('ends a lookup when the signal aborts', async ({ a }) => {
      const controller = new AbortController()
      const lookup = findAll(a, cidOf(1), controller.signal).catch(() => [])
      controller.abort()

      assertEqual(await lookup, [], 'the providers')
    })

    suite.it('does not announce when the signal is aborted', async ({ a, b }) => {
      await assertRejects(b.discovery.provide(cidOf(1), { signal: AbortSignal.abort() }), 'provide')

      assertEqual(await findAll(a, cidOf(1)), [], 'the providers')
    })

    suite.it('may be started and stopped twice', async ({ a: { discovery } }) => {
      await discovery.start?.()
      await discovery.start?.()
      await discovery.stop?.()
      await discovery.stop?.()
    })
  })
}

/** A block's CID of its own for each number. */
function cidOf (n: number): CID {
  return CID.createV1(0xcd02, create(0x12, new Uint8Array(32).fill(n)))
}

/** The ids of all providers that a lookup yields, as text. */
async function findAll ({ discovery }: DiscoveringPeer, cid: CID, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = []

  for await (const provider of discovery.find(cid, { signal })) {
    found.push(idOf(provider))
  }

  return found
}

function idOf (provider: Provider): string {
  if ('multiaddrs' in provider) {
    return provider.id.toString()
  }

  if ('getComponents' in provider) {
    return provider.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? provider.toString()
  }

  return provider.toString()
}

function assertIncludes (found: string[], { peerId }: DiscoveringPeer): void {
  assert(found.includes(peerId.toString()), `${peerId} should be found, not only ${found.join(', ') || 'nobody'}`)
}
