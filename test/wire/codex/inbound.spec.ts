import { expect } from 'aegir/chai'
import { CONTROL_BYTES, KiB, MiB } from '../../../src/constants.ts'
import { ProtocolError } from '../../../src/errors.ts'
import { encodeMessage } from '../../../src/wire/codex/encode.ts'
import { frame } from '../../../src/wire/framing.ts'
import { STREAM_COST } from '../../../src/wire/limits.ts'
import { settled } from '../link-log.ts'
import { cid, linked, tree } from './linked.ts'
import type { CodexLink } from '../../../src/wire/codex/link.ts'
import type { BlockAddress } from '../../../src/wire/codex/message.ts'
import type { LinkCounters } from '../../../src/wire/counters.ts'
import type { LinkLog } from '../link-log.ts'

function countersOf ({ link }: LinkLog): LinkCounters {
  return (link as CodexLink).counters
}

function leaf (index: number): BlockAddress {
  return { leaf: true, treeCid: tree.bytes, index }
}

function delivery (index: number, bytes: number): { address: BlockAddress, cid: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer> } {
  return { address: leaf(index), cid: cid.bytes, data: new Uint8Array(bytes) }
}

/** The first bytes of a message that claims a length. */
function beginning (length: number): Uint8Array {
  return frame(new Uint8Array(length)).subarray(0, 10)
}

describe('wire/codex, what we hear', () => {
  it('tells what a message says, an account first', async () => {
    const { peer, log } = await linked()
    log.link.request(tree, [{ start: 1, end: 2 }], 64)
    peer.say({
      wantlist: { entries: [{ address: leaf(9), wantType: 1 }] },
      payload: [delivery(1, 3)],
      blockPresences: [{ address: leaf(4) }],
      account: { address: new Uint8Array(20) },
      payment: { update: Uint8Array.of(1) }
    })

    expect(log.events).to.deep.equal(['opened', 'account', 'wanted', 'have', 'delivered', 'payment'])
  })

  it('reads the streams that we opened too', async () => {
    const { peer, log } = await linked()
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    peer.say({ blockPresences: [{ address: leaf(0) }] }, peer.streams[0].stream)

    expect(log.events).to.deep.equal(['opened', 'have'])
  })

  it('refuses a large message from a peer of whom nothing was asked, before it comes', async () => {
    const { peer, log } = await linked()
    const stream = peer.open()
    stream.send(beginning(10 * MiB))

    expect(log.closings.map(({ link, reason }) => [link === log.link, reason?.name])).to.deep.equal([[true, ProtocolError.name]])
    expect(log.closings[0].reason).to.have.property('peer', peer.id.toString())
    expect(stream.other.aborted).to.have.property('name', ProtocolError.name)
    expect(countersOf(log).messages).to.equal(0)
  })

  it('takes a message of `controlBytes`, and of no more', async () => {
    const small = await linked({ controlBytes: KiB })
    small.peer.open().send(beginning(KiB))
    expect(small.log.closings).to.be.empty()

    small.peer.open().send(beginning(KiB + 1))
    expect(small.log.closings).to.have.length(1)
  })

  it('takes as much more as was asked for, cancelled or not', async () => {
    const { peer, log } = await linked()
    log.link.request(tree, [{ start: 0, end: 20 }], 64 * KiB)
    log.link.cancel(tree, [{ start: 0, end: 20 }])
    peer.open().send(beginning(CONTROL_BYTES + 20 * 64 * KiB))
    expect(log.closings).to.be.empty()

    peer.open().send(beginning(CONTROL_BYTES + 20 * 68 * KiB + 1))
    expect(log.closings).to.have.length(1)
  })

  it('takes less again when it has come', async () => {
    const { peer, log } = await linked({ controlBytes: KiB })
    log.link.request(tree, [{ start: 0, end: 2 }], MiB)
    peer.say({ payload: [delivery(0, MiB)] })
    const stream = peer.say({ payload: [delivery(1, MiB)] })
    expect(log.deliveries.map(({ index }) => index)).to.deep.equal([0, 1])

    stream.send(beginning(KiB + 1))
    expect(log.closings).to.have.length(1)
  })

  it('never takes more than `deliveryBytes`, whatever was asked', async () => {
    const { peer, log } = await linked({ deliveryBytes: MiB })
    log.link.request(tree, [{ start: 0, end: 1_000 }], MiB)
    peer.open().send(beginning(CONTROL_BYTES + MiB))
    expect(log.closings).to.be.empty()

    const other = await linked({ deliveryBytes: MiB })
    other.log.link.request(tree, [{ start: 0, end: 1_000 }], MiB)
    other.peer.open().send(beginning(CONTROL_BYTES + MiB + 1))
    expect(other.log.closings).to.have.length(1)
  })

  it('holds for all streams together what was asked for once', async () => {
    const { peer, log } = await linked()
    log.link.request(tree, [{ start: 0, end: 1 }], MiB)
    peer.open().send(beginning(CONTROL_BYTES + MiB))
    peer.open().send(beginning(CONTROL_BYTES))
    expect(log.closings).to.be.empty()

    peer.open().send(beginning(CONTROL_BYTES + MiB))
    expect(log.closings).to.have.length(1)
  })

  it('counts what went, and drops what was not asked for', async () => {
    const { peer, log } = await linked()
    log.link.request(tree, [{ start: 0, end: 1 }], 64)
    await settled()
    const message = encodeMessage({ payload: [delivery(0, 3), delivery(1, 3), delivery(2, 3)] })
    peer.open().send(frame(message))

    expect(log.deliveries).to.have.length(1)
    expect(countersOf(log)).to.deep.equal({ messages: 1, unasked: 2, bytesIn: frame(message).byteLength, bytesOut: 71 })
  })

  it('tells nothing of a message that only brings what was not asked for', async () => {
    const { peer, log } = await linked()
    peer.say({ payload: [delivery(0, 3)] })

    expect(log.events).to.deep.equal(['opened'])
    expect(countersOf(log).unasked).to.equal(1)
  })

  it('gives up a peer whose message makes no sense', async () => {
    const { peer, log } = await linked()
    peer.say({ wantlist: { entries: [{}] } })
    peer.say({ account: { address: new Uint8Array(20) } })

    expect(log.events).to.deep.equal(['opened', 'closed'])
    expect(log.closings[0].reason).to.have.property('name', ProtocolError.name)
    expect(peer.opened.every(({ aborted }) => aborted != null)).to.be.true()
  })

  it('hears nothing more of a chunk whose first message closed the link', async () => {
    const { peer, log } = await linked()
    log.onWanted = link => { link.close() }
    const message = frame(encodeMessage({
      wantlist: { entries: [{ address: leaf(0) }] },
      account: { address: new Uint8Array(20) },
      payment: { update: Uint8Array.of(1) }
    })).subarray()
    peer.open().send(new Uint8Array([...message, ...message]))

    expect(log.events).to.deep.equal(['opened', 'account', 'wanted', 'closed'])
  })

  it('resets the oldest stream of a peer that opens more than `inboundStreams`', async () => {
    const { peer, log } = await linked({ inboundStreams: 2 })
    peer.open()
    peer.open()
    expect(peer.opened.map(({ aborted }) => aborted?.name)).to.deep.equal([undefined, undefined])

    const third = peer.open()
    expect(peer.opened.map(({ aborted }) => aborted?.name)).to.deep.equal([ProtocolError.name, undefined, undefined])
    peer.say({ account: { address: new Uint8Array(20) } }, third)
    expect(log.events).to.deep.equal(['opened', 'account'])
  })

  it('gives up a peer that opens streams without end', async () => {
    const { peer, log } = await linked({ unaskedBurst: 0, waitingBytes: 10 * STREAM_COST })

    for (let i = 0; i < 10; i++) {
      peer.open()
    }

    expect(log.closings).to.be.empty()
    peer.open()
    expect(log.closings.map(({ reason }) => reason?.name)).to.deep.equal([ProtocolError.name])
    expect(peer.opened.every(({ aborted }) => aborted != null)).to.be.true()
  })

  it('makes room for another stream when one ends, and ends its own side', async () => {
    const { peer, log } = await linked({ inboundStreams: 1 })
    await peer.open().close()
    peer.say({ account: { address: new Uint8Array(20) } })

    expect(log.events).to.deep.equal(['opened', 'account'])
    expect(peer.opened.map(({ aborted }) => aborted?.message)).to.deep.equal(['The peer ended the stream', undefined])
  })

  it('forgets half a message when its stream ends', async () => {
    const { peer, log } = await linked()
    const stream = peer.open()
    stream.send(beginning(100))
    stream.abort(new Error('Reset'))
    peer.say({ account: { address: new Uint8Array(20) } })

    expect(log.events).to.deep.equal(['opened', 'account'])
  })
})
