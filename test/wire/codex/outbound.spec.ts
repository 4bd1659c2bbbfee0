import { expect } from 'aegir/chai'
import { DELIVERY_BLOCKS, DELIVERY_BYTES, KiB } from '../../../src/constants.ts'
import { CodexError } from '../../../src/errors.ts'
import { settled } from '../link-log.ts'
import { blocks, linked, tree } from './linked.ts'
import type { FakePeer } from '../fake-peer.ts'

/** What the peer heard, a word a message. */
function heard (peer: FakePeer): string[] {
  return peer.messages.map(({ wantlist, payload, blockPresences, account, payment }) => {
    if (payload.length > 0) {
      return `${payload.length} blocks`
    }

    if (blockPresences.length > 0) {
      return `${blockPresences.length} presences`
    }

    if (account?.address?.length !== 0) {
      return 'account'
    }

    if (payment?.update?.length !== 0) {
      return 'payment'
    }

    const wants = wantlist?.entries.map(({ address, cancel, wantType }) => {
      return `${cancel === true ? 'cancel' : ['block', 'have'][wantType ?? 0]} ${address?.index}`
    })

    return `${wantlist?.full === true ? 'full ' : ''}${wants?.join(', ')}`
  })
}

describe('wire/codex, what we say', () => {
  it('opens a stream when there is something to say, and says all on it, in order', async () => {
    const { peer, log: { link } } = await linked()
    await settled()
    expect(peer.streams).to.be.empty()

    link.askHave(tree, [{ start: 1, end: 3 }])
    link.request(tree, [{ start: 1, end: 2 }], 64)
    link.cancel(tree, [{ start: 1, end: 2 }])
    link.presence(tree, { have: [{ start: 0, end: 2 }], absent: [{ start: 5, end: 6 }], price: 1n })
    link.account(new Uint8Array(20))
    link.pay(Uint8Array.of(1))
    await link.deliver(tree, blocks(2, 10))
    link.askHave(tree, [{ start: 7, end: 8 }])

    expect(heard(peer)).to.deep.equal(['full have 1, have 2', 'block 1', 'cancel 1', '3 presences', 'account', 'payment', '2 blocks', 'have 7'])
    expect(peer.streams).to.have.length(1)
  })

  it('opens no stream for nothing', async () => {
    const { peer, log: { link } } = await linked()
    link.presence(tree, { have: [], absent: [], price: 0n })
    link.askHave(tree, [])
    await link.deliver(tree, [])
    await settled()

    expect(peer.streams).to.be.empty()
  })

  it('opens a stream as soon as the peer opens one, so that the answer waits for none, and one only', async () => {
    const { peer, log: { link } } = await linked()
    peer.open()
    await settled()
    expect(peer.streams).to.have.length(1)
    expect(peer.messages).to.be.empty()

    peer.open()
    link.askHave(tree, [{ start: 1, end: 2 }])
    await settled()
    expect(peer.streams).to.have.length(1)
    expect(heard(peer)).to.deep.equal(['full have 1'])
  })

  it('keeps a link on which it cannot open a stream that nothing waits for', async () => {
    const { peer, log } = await linked()
    peer.refuses = true
    peer.open()
    await settled()
    peer.refuses = false
    log.link.askHave(tree, [{ start: 1, end: 2 }])
    await settled()

    expect(log.events).to.deep.equal(['opened'])
    expect(heard(peer)).to.deep.equal(['full have 1'])
  })

  it('cuts deliveries at 20 blocks, and at the bytes of 20 blocks of the default size', async () => {
    const { peer, log: { link } } = await linked()
    await link.deliver(tree, blocks(2 * DELIVERY_BLOCKS + 1, 10))
    await link.deliver(tree, [...blocks(3, DELIVERY_BYTES / 2), ...blocks(1, 2 * DELIVERY_BYTES), ...blocks(1, 1)])

    expect(heard(peer)).to.deep.equal(['20 blocks', '20 blocks', '1 blocks', '2 blocks', '1 blocks', '1 blocks', '1 blocks'])
  })

  it('waits for room before it sends the next delivery, and lets small messages go first', async () => {
    const { peer, log: { link } } = await linked()
    peer.stalls = true
    let done = false
    const delivering = link.deliver(tree, blocks(2 * DELIVERY_BLOCKS, 10)).then(() => { done = true })
    await settled()
    link.account(new Uint8Array(20))
    link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    expect([heard(peer), done]).to.deep.equal([[], false])

    peer.streams[0].stream.other.stall(false)
    await delivering
    expect(heard(peer)).to.deep.equal(['20 blocks', 'account', 'full have 0', '20 blocks'])
  })

  it('does not encode what the stream cannot take', async () => {
    const { peer, log: { link } } = await linked()
    peer.stalls = true
    const block = blocks(1, 10)[0]
    let read = 0
    const watched = { ...block, get data () { read++; return block.data } }
    const first = link.deliver(tree, [block])
    await settled()
    const second = link.deliver(tree, [watched])
    await settled()
    const readWhileFull = read

    peer.streams[0].stream.other.stall(false)
    await Promise.all([first, second])
    expect(read).to.be.above(readWhileFull)
  })

  it('stops waiting for room when the signal aborts, and does not send', async () => {
    const { peer, log: { link } } = await linked()
    peer.stalls = true
    const first = link.deliver(tree, blocks(1, 10))
    await settled()
    const controller = new AbortController()
    const second = link.deliver(tree, blocks(2, 10), { signal: controller.signal })
    controller.abort(new Error('Enough'))
    await expect(second).to.eventually.be.rejectedWith('Enough')
    await expect(link.deliver(tree, blocks(2, 10), { signal: controller.signal })).to.eventually.be.rejectedWith('Enough')

    peer.streams[0].stream.other.stall(false)
    await first
    await settled()
    expect(heard(peer)).to.deep.equal(['1 blocks'])
  })

  it('gives up a peer that does not read, when what it is to hear takes more than `queueBytes`', async () => {
    const { peer, log } = await linked({ queueBytes: 4 * KiB })
    peer.stalls = true
    log.link.account(new Uint8Array(20))
    await settled()

    for (let i = 0; i < 20; i++) {
      log.link.account(new Uint8Array(20))
    }

    await settled()
    expect(log.closings).to.be.empty()

    log.link.presence(tree, { have: Array.from({ length: 60 }, (_, i) => ({ start: 2 * i, end: 2 * i + 1 })), absent: [], price: 0n })
    await settled()
    expect(log.closings.map(({ reason }) => reason?.name)).to.deep.equal([CodexError.name])
    expect(peer.streams[0].stream.other.aborted).to.have.property('name', CodexError.name)
  })

  it('holds a large want list without spelling it out', async () => {
    const { peer, log: { link } } = await linked({ queueBytes: KiB })
    link.askHave(tree, [{ start: 0, end: 10_000 }])
    await settled()

    expect(peer.messages.flatMap(({ wantlist }) => wantlist?.entries ?? [])).to.have.length(10_000)
  })
})
