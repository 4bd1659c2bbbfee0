import { expect } from 'aegir/chai'
import { ProtocolInUseError } from '../../../src/errors.ts'
import { codexProtocol } from '../../../src/wire/codex/protocol.ts'
import { FakePeer } from '../fake-peer.ts'
import { FakeStream } from '../fake-stream.ts'
import { LinkLog, settled } from '../link-log.ts'
import { linked, tree } from './linked.ts'

const account = { address: new Uint8Array(20) }

describe('wire/codex/protocol', () => {
  it('has a link a peer, that says what it can', async () => {
    const { peer, log: { link, events } } = await linked()

    expect(link).to.include({ peerId: peer.id, peer: peer.id.toString() })
    expect(link.features).to.deep.equal({ ranges: false, refusals: false, price: true })
    expect(events).to.deep.equal(['opened'])
  })

  it('ends the link with the connection, and makes another for the next', async () => {
    const { peer, log } = await linked()
    const stream = peer.open()
    peer.disconnect()
    peer.disconnect()
    expect(log.closings).to.deep.equal([{ link: log.links[0], reason: undefined }])
    expect(stream.other.aborted).to.be.an('error')

    await peer.connect()
    expect(log.events).to.deep.equal(['opened', 'closed', 'opened'])
    expect(log.links[1]).to.not.equal(log.links[0])
  })

  it('ends a link that is closed, once, and neither says nor hears anything until the peer connects anew', async () => {
    const { peer, log } = await linked()
    const reason = new Error('Lies')
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    const inbound = peer.open()
    log.link.close(reason)
    log.link.close()
    expect(log.closings).to.deep.equal([{ link: log.link, reason }])
    expect([inbound.other.aborted, peer.streams[0].stream.other.aborted]).to.deep.equal([reason, reason])

    log.link.account(account.address)
    log.link.request(tree, [{ start: 0, end: 1 }], 64)
    await expect(log.link.deliver(tree, [{ index: 0, cid: tree, data: account.address }])).to.eventually.be.rejectedWith(reason)
    peer.say({ account })
    await settled()
    expect(log.events).to.deep.equal(['opened', 'closed'])
    expect(peer.streams).to.have.length(1)
    expect(peer.opened[1].aborted).to.be.an('error')

    peer.disconnect()
    await peer.connect()
    peer.say({ account })
    expect(log.events.slice(2)).to.deep.equal(['opened', 'account'])
  })

  it('may be closed by whoever is told that it opened', async () => {
    const peer = new FakePeer()
    const log = new LinkLog()
    log.onOpened = link => { link.close() }
    await codexProtocol().start(peer, log, peer.clock)
    await peer.connect()
    peer.say({ account })

    expect(log.events).to.deep.equal(['opened', 'closed'])
  })

  it('resets a stream of a peer that is not connected', async () => {
    const { peer } = await linked()
    const [stream] = FakeStream.pair()
    peer.disconnect()
    peer.handler?.onStream(stream, peer.id)

    expect(stream.aborted).to.be.an('error')
  })

  it('leaves nothing when it stops', async () => {
    const { peer, log, protocol } = await linked()
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    const inbound = peer.open()
    await settled()
    await protocol.stop()
    await protocol.stop()

    expect(log.closings).to.deep.equal([{ link: log.link, reason: undefined }])
    expect(peer.handler).to.be.undefined()
    expect([inbound.other.aborted, peer.streams[0].stream.other.aborted].every(error => error != null)).to.be.true()
  })

  it('resets a stream that opens after it stopped', async () => {
    const { peer, log, protocol } = await linked()
    const opening = Promise.withResolvers<FakeStream>()
    peer.openStream = async () => opening.promise
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await protocol.stop()
    const [stream] = FakeStream.pair()
    opening.resolve(stream)
    await settled()

    expect(stream.aborted).to.be.an('error')
  })

  it('may be started again, also when it could not be', async () => {
    const { peer, log, protocol } = await linked()
    await protocol.stop()
    peer.register = async () => { throw new ProtocolInUseError('In use') }
    await expect(protocol.start(peer, log, peer.clock)).to.eventually.be.rejected.with.property('name', ProtocolInUseError.name)

    const other = new FakePeer()
    await protocol.start(other, log, other.clock)
    await other.connect()
    expect(log.events).to.deep.equal(['opened', 'closed', 'opened'])
  })
})
