import { expect } from 'aegir/chai'
import { DELIVERY_BLOCKS, KiB } from '../../src/constants.ts'
import { FakeClient, otherRoot, root, serverWith, settled, sparse, want } from './fake-stock.ts'
import type { PeerLink } from '../../src/exchange/peer-link.ts'

describe('serving, limits', () => {
  it('keeps `peerWants` ranges of what a peer wants and is not here, in whatever pieces it says them', async () => {
    const { server, store, say } = serverWith({ peerWants: 100 })
    store.present = 0
    const client = new FakeClient(1)

    for (let i = 0; i < 10; i++) {
      await say(client, want('block', sparse(30, i * 60)), want('have', sparse(30, i * 60)))
    }

    expect(server.wants).to.equal(100)
    await server.stop()
  })

  it('keeps no more than that of what it has not looked at yet', async () => {
    const { server, store, say } = serverWith({ peerWants: 100 })
    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    const client = new FakeClient(1)

    for (let i = 0; i < 10; i++) {
      await say(client, want('block', sparse(30, i * 60)))
    }

    expect(server.wants).to.equal(100)
    gate.resolve()
    await server.stop()
  })

  it('has room again for what is wanted when something is taken back, served or not', async () => {
    const { server, store, say } = serverWith({ peerWants: 100 })
    store.present = 0
    const client = new FakeClient(1)
    await say(client, want('block', sparse(200)))
    await say(client, want('cancel', sparse(200)), want('block', sparse(30, 1_000)))

    expect(server.wants).to.equal(30)
    await server.stop()
  })

  it('does not serve what is taken back before it was looked at', async () => {
    const { server, store, say } = serverWith()
    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    const client = new FakeClient(1)
    await say(client, want('block', [{ start: 0, end: 1 }]))
    await say(client, want('block', [{ start: 1, end: 9 }]), want('cancel', [{ start: 2, end: 8 }]), want('block', [{ start: 4, end: 5 }]))
    gate.resolve()
    await settled()

    expect(client.deliveries.flat().map(({ index }) => index).sort()).to.deep.equal([0, 1, 4, 8])
    await server.stop()
  })

  it('keeps what is wanted of one root together until it is looked at, so that it is taken back at once', async () => {
    const { server, store, say } = serverWith({ peerWantRoots: 2 })
    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    const client = new FakeClient(1)
    await say(client, want('have', [{ start: 0, end: 1 }]))

    for (let i = 0; i < 10; i++) {
      await say(client, want('block', [{ start: 2 * i, end: 2 * i + 1 }]))
    }

    expect(server.wants).to.equal(1 + 10)
    await say(client, want('cancel', sparse(9)))
    expect(server.wants).to.equal(1 + 1)
    gate.resolve()
    await settled()

    expect(client.deliveries.flat().map(({ index }) => index)).to.deep.equal([18])
    await server.stop()
  })

  it('gives each peer an even share of `totalWants`', async () => {
    const { server, store, say } = serverWith({ totalWants: 100, peerWants: 80 })
    store.present = 0
    const clients = Array.from({ length: 4 }, (_, i) => new FakeClient(i))
    await say(clients[0], want('block', sparse(200)))
    expect(server.wants).to.equal(80)

    for (const client of clients.slice(1)) {
      await say(client, want('block', sparse(10)))
      await say(client, want('block', sparse(200, 1_000)))
    }

    expect(server.wants).to.equal(80 + 50 + 33 + 25)
    await server.stop()
  })

  it('keeps `peerWantRoots` trees and blocks of a peer, and its share of `totalWantRoots`', async () => {
    const { server, say } = serverWith({ peerWantRoots: 10, totalWantRoots: 16 })
    const [first, second] = [new FakeClient(1), new FakeClient(2)]
    const wants = (from: number): Array<ReturnType<typeof want>> => Array.from({ length: 8 }, (_, i) => want('have', [{ start: 0, end: 1 }], otherRoot(from + i)))
    await say(first, ...wants(0))
    await say(first, ...wants(8))
    expect(server.wants).to.equal(10)

    await say(second, ...wants(0))
    await say(second, ...wants(8))
    expect(server.wants).to.equal(10 + 8)
    await server.stop()
  })

  it('gives up a peer that does not take a delivery within `servingTimeout`', async () => {
    const { server, store, clock, failed, say } = serverWith({ servingTimeout: 5_000 })
    const client = new FakeClient(1)
    client.stuck = true
    await say(client, want('block', [{ start: 0, end: 100 }]))
    await clock.advance(4_999)
    expect(failed).to.be.empty()

    await clock.advance(1)
    await settled()
    expect(failed.map(({ peer, error }) => [peer, error.message])).to.deep.equal([[client.peer, 'timed out after 5000 ms']])
    expect([server.size, store.users, clock.pending]).to.deep.equal([0, 0, 0])
    await server.stop()
  })

  it('reads no more than `servingBytes` ahead for all together, also of blocks that are large', async () => {
    const { server, store, clock, say } = serverWith({ servingBytes: 300 * KiB, servingTimeout: 1_000 })
    store.blockSize = 100 * KiB
    const stuck = Array.from({ length: 10 }, (_, i) => new FakeClient(i))
    const honest = new FakeClient(10)

    for (const client of stuck) {
      client.stuck = true
      await say(client, want('block', [{ start: 0, end: 50 }]))
    }

    await say(honest, want('block', [{ start: 0, end: 50 }]))
    expect(store.read).to.equal(300 * KiB)
    expect(honest.blocks).to.equal(0)

    await clock.run()
    await settled()
    expect(honest.blocks).to.equal(50)
    expect([server.size, store.users, clock.pending]).to.deep.equal([1, 0, 0])
    await server.stop()
  })

  it('makes batches no smaller for peers that want nothing now', async () => {
    const { server, store, say } = serverWith({ servingBytes: 40 * 64 })
    const idle = Array.from({ length: 30 }, (_, i) => new FakeClient(i))
    const busy = new FakeClient(30)
    store.present = 1_000

    for (const client of idle) {
      await say(client, want('block', [{ start: 2_000, end: 2_001 }]))
    }

    await say(busy, want('block', [{ start: 0, end: 200 }]))
    expect(Math.max(...busy.deliveries.map(({ length }) => length))).to.equal(DELIVERY_BLOCKS)
    await server.stop()
  })

  it('holds no tree for what waits, nor for a peer that goes while a tree is looked for', async () => {
    const { server, store, say } = serverWith()
    store.present = 0
    const waiting = new FakeClient(1)
    await say(waiting, want('block', [{ start: 0, end: 9 }]))
    expect(store.users).to.equal(0)

    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    await say(waiting, want('block', [{ start: 9, end: 10 }]))
    server.closed(waiting as unknown as PeerLink)
    gate.resolve()
    await settled()
    expect([server.size, store.users]).to.deep.equal([0, 0])
  })

  it('tells of any number of pieces that are here', async () => {
    const { server, store, say } = serverWith()
    const client = new FakeClient(1)
    const pieces = sparse(300_000)
    store.findTree = async () => ({ shape: { root, leaves: 600_000 }, presentIn: async () => pieces, release () {} })
    await say(client, want('have', [{ start: 0, end: 600_000 }]))

    expect(client.answers).to.have.length(1)
    expect(client.answers[0].have).to.have.length(300_000)
    await server.stop()
  })
})
