import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { DEFAULT_DHT_LIMITS } from '../../src/dht/limits.ts'
import { ProviderStore } from '../../src/dht/provider-store.ts'
import { createSpr } from '../../src/dht/spr.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { toyCrypto } from './toy-crypto.ts'
import type { DhtLimits } from '../../src/dht/limits.ts'
import type { SignedPeerRecord } from '../../src/dht/spr.ts'
import type { Datastore } from 'interface-datastore'

const DAY = 24 * 60 * 60_000
const crypto = toyCrypto(seededRandom(1))

function content (n: number): Uint8Array {
  return new Uint8Array(32).fill(n)
}

function record (peer: number, seq = 1n): SignedPeerRecord {
  const privateKey = new Uint8Array(32)
  new DataView(privateKey.buffer).setUint32(0, peer)

  return createSpr(crypto, { privateKey, seq, addresses: [multiaddr('/ip4/192.0.2.1/tcp/1').bytes] })
}

describe('dht/provider-store', () => {
  let now: number
  let datastore: Datastore

  function make (limits: Partial<DhtLimits> = {}, store = datastore): ProviderStore {
    return new ProviderStore({ datastore: store, unixTime: () => now, limits: { ...DEFAULT_DHT_LIMITS, ...limits } })
  }

  function seqs (store: ProviderStore, n = 1): bigint[] {
    return store.get(content(n)).map(({ seq }) => seq)
  }

  beforeEach(() => {
    now = 1_800_000_000_000
    datastore = new MemoryDatastore()
  })

  it('gives out who announced a content, the latest first', () => {
    const store = make()
    store.add(content(1), record(1, 10n), 'a')
    store.add(content(1), record(2, 20n), 'a')
    store.add(content(2), record(3, 30n), 'a')
    store.add(content(1), record(1, 10n), 'a')

    expect(seqs(store)).to.deep.equal([10n, 20n])
    expect(seqs(store, 2)).to.deep.equal([30n])
    expect(seqs(store, 3)).to.deep.equal([])
    expect(store.size).to.equal(3)
  })

  it('takes a newer record of a peer, and no older one', () => {
    const store = make()
    store.add(content(1), record(1, 5n), 'a')
    store.add(content(1), record(1, 4n), 'a')
    expect(seqs(store)).to.deep.equal([5n])

    store.add(content(1), record(1, 6n), 'a')
    expect(seqs(store)).to.deep.equal([6n])
    expect(store.size).to.equal(1)
  })

  it('forgets an announcement after a day, unless it is made again', () => {
    const store = make()
    store.add(content(1), record(1), 'a')
    store.add(content(1), record(2), 'a')
    now += DAY - 1
    expect(seqs(store)).to.have.lengthOf(2)
    store.add(content(1), record(2), 'a')
    now += 1
    expect(seqs(store)).to.have.lengthOf(1)
    expect(store.size).to.equal(2)

    store.sweep()
    expect(store.size).to.equal(1)
    now += DAY
    store.sweep()
    expect(store.size).to.equal(0)
  })

  it('is there again after a restart, without what has expired', async () => {
    const store = make()
    store.add(content(1), record(1, 10n), 'a')
    store.add(content(1), record(2, 20n), 'b')
    now += DAY / 2
    store.add(content(1), record(3, 30n), 'a')
    store.add(content(2), record(3, 30n), 'a')
    await store.close()
    expect(store.size).to.equal(0)
    now += DAY / 2

    await store.open()
    expect(seqs(store)).to.deep.equal([30n])
    expect(seqs(store, 2)).to.deep.equal([30n])
    expect(await Array.fromAsync(datastore.queryKeys({}))).to.have.lengthOf(2)
  })

  it('gets over what it cannot read', async () => {
    const store = make()
    store.add(content(1), record(1), 'a')
    await store.close()
    const [key] = await Array.fromAsync(datastore.queryKeys({}))
    const value = await datastore.get(key)
    await datastore.put(new Key('/dht/providers/garbage'), Uint8Array.of(1))
    await datastore.put(new Key('/dht/providers/zz/yy'), value)
    await datastore.put(new Key('/other'), Uint8Array.of(1))

    await store.open()
    expect(store.size).to.equal(1)
    expect(await Array.fromAsync(datastore.queryKeys({}))).to.have.lengthOf(2)
  })

  it('keeps so many of a content, the latest', () => {
    const store = make({ contentProviders: 3 })

    for (let i = 1; i <= 5; i++) {
      store.add(content(1), record(i, BigInt(i)), 'a')
    }

    expect(seqs(store)).to.deep.equal([5n, 4n, 3n])
  })

  it('keeps so many in all: who announces most makes room', () => {
    const store = make({ providers: 100 })

    for (let i = 0; i < 40; i++) {
      store.add(content(i), record(1, 1n), 'honest')
    }

    for (let i = 0; i < 1_000; i++) {
      store.add(content(i % 256), record(1_000 + i, 1n), 'flood')
    }

    expect(store.size).to.equal(100)
    const honest = record(1).publicKey
    const kept = Array.from({ length: 40 }, (_, i) => store.get(content(i)).some(({ publicKey }) => Buffer.compare(publicKey, honest) === 0))
    expect(kept.every(Boolean)).to.equal(true)
  })

  it('goes on in memory when the datastore fails', async () => {
    const failing = new MemoryDatastore()
    failing.put = () => { throw new Error('full') }
    const store = make({}, failing)
    store.add(content(1), record(1), 'a')

    expect(seqs(store)).to.have.lengthOf(1)
    await store.close()
  })

  it('lets no more than so many writes wait for a slow datastore', async () => {
    const slow = new MemoryDatastore()
    const put = slow.put.bind(slow)
    let puts = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const gated = Object.assign(slow, {
      put: async (...args: Parameters<typeof put>) => {
        puts++
        await promise

        return put(...args)
      }
    })
    const store = make({}, gated as unknown as Datastore)

    for (let i = 0; i < 2_000; i++) {
      store.add(content(i % 256), record(i), 'a')
    }

    resolve()
    await store.close()
    expect(puts).to.equal(512)
  })
})
