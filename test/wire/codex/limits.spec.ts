import { expect } from 'aegir/chai'
import { CONTROL_BYTES, KiB, MiB } from '../../../src/constants.ts'
import { blockCid } from '../../../src/dataset/codecs.ts'
import { ProtocolError } from '../../../src/errors.ts'
import { simulatedPeerId } from '../../../src/testing/simulated-peer-id.ts'
import { encodeMessage } from '../../../src/wire/codex/encode.ts'
import { frame } from '../../../src/wire/framing.ts'
import { MESSAGE_COST, ROOT_COST, STREAM_COST } from '../../../src/wire/limits.ts'
import { FakeStream } from '../fake-stream.ts'
import { settled } from '../link-log.ts'
import { cid, linked, tree } from './linked.ts'
import type { BlockAddress, WantListEntry } from '../../../src/wire/codex/message.ts'

function leaf (index: number): BlockAddress {
  return { leaf: true, treeCid: tree.bytes, index }
}

function standalone (n: number): BlockAddress {
  return { leaf: false, cid: blockCid(new Uint8Array(32).fill(n)).bytes }
}

/** A want list of `count` leaves, of about 50 bytes each. */
function wants (count: number): { wantlist: { entries: WantListEntry[] } } {
  return { wantlist: { entries: Array.from({ length: count }, (_, index) => ({ address: leaf(index), wantType: 1 })) } }
}

/** What a want list of one tree costs. */
function costOf (count: number): number {
  return encodeMessage(wants(count)).byteLength + MESSAGE_COST + ROOT_COST
}

describe('wire/codex, limits', () => {
  it('hears what a peer says faster than `unaskedRate` later, and gives up one that goes on', async () => {
    const unaskedBurst = STREAM_COST + 2 * costOf(100)
    const { peer, log } = await linked({ unaskedBurst, unaskedRate: 1000, waitingBytes: 20 * KiB })
    const stream = peer.open()

    for (let i = 0; i < 6; i++) {
      peer.say(wants(100), stream)
    }

    // the third begins with nothing left and makes a debt
    expect(log.wants).to.have.length(3)
    await peer.clock.advance(costOf(100))
    expect(log.wants).to.have.length(4)
    expect(log.closings).to.be.empty()

    for (let i = 0; i < 4; i++) {
      peer.say(wants(100), stream)
    }

    expect(log.closings.map(({ reason }) => [reason?.name, reason?.message])).to.deep.equal([[ProtocolError.name, 'The peer says more than it may']])
    await peer.clock.run()
    expect(log.wants).to.have.length(4)
  })

  it('takes blocks that were asked for as fast as they come, and lets those wait that were not', async () => {
    const { peer, log } = await linked({ unaskedBurst: STREAM_COST, unaskedRate: 1 })
    const stream = peer.open()
    log.link.request(tree, [{ start: 0, end: 20 }], 64 * KiB)

    for (let index = 0; index < 20; index++) {
      peer.say({ payload: [{ address: leaf(index), cid: cid.bytes, data: new Uint8Array(64 * KiB) }] }, stream)
    }

    expect(log.deliveries).to.have.length(20)

    // once more: they were asked for once
    peer.say({ payload: [{ address: leaf(0), cid: cid.bytes, data: new Uint8Array(64 * KiB) }] }, stream)
    peer.say({ account: { address: new Uint8Array(20) } }, stream)
    expect([log.deliveries.length, log.accounts.length]).to.deep.equal([21, 0])
    peer.disconnect()
  })

  it('lets a peer that opens streams, or resets ours, wait', async () => {
    const { peer, log } = await linked({ unaskedBurst: 2 * STREAM_COST - 1 })
    peer.open()
    peer.say({ account: { address: new Uint8Array(20) } })

    expect(log.events).to.deep.equal(['opened'])
    await peer.clock.run()
    expect(log.events).to.deep.equal(['opened', 'account'])
  })

  it('hears of `messageRoots` trees and standalone blocks a message', async () => {
    const { peer, log } = await linked({ messageRoots: 3 })
    peer.say({ wantlist: { entries: [1, 2, 1, 3, 4, 2, 5].map(n => ({ address: standalone(n), wantType: 1 })) } })

    expect(log.wants.map(({ root }) => root.toString())).to.deep.equal([1, 2, 3].map(n => blockCid(new Uint8Array(32).fill(n)).toString()))
  })

  it('tells what a peer has of what it was asked about, and of nothing else', async () => {
    const { peer, log } = await linked()
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    peer.say({ blockPresences: [{ address: leaf(0) }, { address: standalone(1) }] })

    expect(log.answers.map(({ root }) => root.toString())).to.deep.equal([tree.toString()])
  })

  it('counts what waits to be said to a peer no longer than it waits', async () => {
    const { peer, log: { link }, protocol } = await linked()
    peer.stalls = true

    // one takes the stream's room, the others wait
    for (let i = 0; i < 5; i++) {
      link.askHave(tree, [{ start: 10 * i, end: 10 * i + 5 }])
      await settled()
    }

    peer.say({ account: { address: new Uint8Array(20) } })
    expect(protocol.sizes?.wireBytes).to.be.above(100)
    peer.streams.forEach(({ stream }) => { stream.other.stall(false) })
    await settled()
    expect(protocol.sizes?.wireBytes).to.equal(0)
  })

  it('gives up the peer that holds most when all together hold more than `heldBytes`', async () => {
    const { peer, log } = await linked({ heldBytes: 300 * KiB, unaskedBurst: 0, unaskedRate: 1 })
    const other = simulatedPeerId(1)
    peer.handler?.onConnect(other)
    const [ours, theirs] = FakeStream.pair()
    theirs.read({ onData () {}, onEnd () {} })
    peer.handler?.onStream(ours, other)

    const half = frame(new Uint8Array(CONTROL_BYTES)).subarray(0, CONTROL_BYTES / 2)
    theirs.send(half)
    expect(log.closings).to.be.empty()

    peer.open().send(half.subarray(0, KiB))
    expect(log.closings.map(({ link }) => link.peer)).to.be.empty()

    peer.open().send(half)
    expect(log.closings.map(({ link, reason }) => [link.peer, reason?.message])).to.deep.equal([
      [peer.id.toString(), 'The peer makes us hold more than any other']
    ])
    await peer.clock.run()
  })

  it('counts half a message as held that is for what was taken back', async () => {
    const { peer, log } = await linked({ heldBytes: 300 * KiB })
    const ranges = [{ start: 0, end: 100 }]
    const half = frame(new Uint8Array(MiB)).subarray(0, 400 * KiB)
    log.link.request(tree, ranges, 64 * KiB)
    peer.open().send(half)
    expect(log.closings).to.be.empty()

    // it is given up for what it sends, not for what we take back
    log.link.cancel(tree, ranges)
    expect(log.closings).to.be.empty()
    peer.open().send(half)
    expect(log.closings.map(({ reason }) => reason?.message)).to.deep.equal(['The peer makes us hold more than any other'])
    await peer.clock.run()
  })

  it('keeps nothing of peers that are gone', async () => {
    const { peer, log } = await linked({ heldBytes: 300 * KiB })

    for (let i = 0; i < 5; i++) {
      peer.open().send(frame(new Uint8Array(CONTROL_BYTES)).subarray(0, 200 * KiB))
      peer.disconnect()
      await peer.connect()
    }

    expect(log.closings.map(({ reason }) => reason)).to.deep.equal(Array(5).fill(undefined))
  })
})
