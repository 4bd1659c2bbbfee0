import { expect } from 'aegir/chai'
import { DialError } from '../../../src/errors.ts'
import { settled } from '../link-log.ts'
import { blocks, cid, linked, tree } from './linked.ts'
import type { LinkLog } from '../link-log.ts'

describe('wire/codex, when our stream is lost', () => {
  it('opens another for the next thing to say, when nothing was owed', async () => {
    const { peer, log } = await linked()
    log.link.account(new Uint8Array(20))
    await settled()
    peer.streams[0].stream.abort(new Error('Idle'))
    await settled()
    expect(peer.streams).to.have.length(1)

    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    expect(peer.streams.map(({ messages }) => messages.length)).to.deep.equal([1, 1])
    expect(log.events).to.deep.equal(['opened'])
  })

  for (const [what, owe] of [
    ['a question is open', (log: LinkLog) => { log.link.askHave(tree, [{ start: 0, end: 1 }]) }],
    ['a block is to come', (log: LinkLog) => { log.link.request(tree, [{ start: 0, end: 1 }], 64) }]
  ] as const) {
    it(`begins a new epoch when ${what}, with a full want list`, async () => {
      const { peer, log } = await linked()
      owe(log)
      await settled()
      peer.streams[0].stream.abort(new Error('Reset'))
      await settled()
      expect(log.events).to.deep.equal(['opened', 'closed', 'opened'])
      expect(log.closings).to.deep.equal([{ link: log.links[0], reason: undefined }])

      owe(log)
      await settled()
      expect(peer.messages.map(({ wantlist }) => wantlist?.full)).to.deep.equal([true, true])
    })
  }

  it('goes on when what was asked has been answered', async () => {
    const { peer, log } = await linked()
    log.link.askHave(tree, [{ start: 0, end: 2 }])
    await settled()
    peer.say({ blockPresences: [0, 1].map(index => ({ address: { leaf: true, treeCid: tree.bytes, index } })) })
    peer.streams[0].stream.abort(new Error('Idle'))
    await settled()

    expect(log.events).to.deep.equal(['opened', 'have'])
  })

  it('begins a new epoch when something waited to be sent, and rejects the delivery', async () => {
    const { peer, log } = await linked()
    peer.stalls = true
    const delivery = log.link.deliver(tree, blocks(30, 10))
    await settled()
    peer.streams[0].stream.abort(new Error('Reset'))

    await expect(delivery).to.eventually.be.rejected()
    await settled()
    expect(log.events).to.deep.equal(['opened', 'closed', 'opened'])
  })

  it('takes a half-closed stream for a lost one, and resets it', async () => {
    const { peer, log } = await linked()
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    await peer.streams[0].stream.close()
    await settled()

    expect(log.events).to.deep.equal(['opened', 'closed', 'opened'])
    expect(peer.streams[0].stream.other.aborted).to.be.an('error')
  })

  it('says nothing through a link whose epoch is over', async () => {
    const { peer, log } = await linked()
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    peer.streams[0].stream.abort(new Error('Reset'))
    await settled()
    const [old] = log.links
    old.askHave(tree, [{ start: 5, end: 6 }])
    await expect(old.deliver(tree, blocks(1, 1))).to.eventually.be.rejected()
    old.close()
    await settled()

    expect(peer.streams).to.have.length(1)
    expect(log.events).to.deep.equal(['opened', 'closed', 'opened'])
  })

  it('still takes what was asked for in the epoch before', async () => {
    const { peer, log } = await linked()
    log.link.request(tree, [{ start: 3, end: 4 }], 1_000_000)
    await settled()
    peer.streams[0].stream.abort(new Error('Reset'))
    await settled()
    peer.say({ payload: [{ address: { leaf: true, treeCid: tree.bytes, index: 3 }, cid: cid.bytes, data: new Uint8Array(1_000_000) }] })

    expect(log.events).to.deep.equal(['opened', 'closed', 'opened', 'delivered'])
  })
})

describe('wire/codex, when no stream stays open', () => {
  it('gives the peer up after `streamFailures` in a row, until it connects anew', async () => {
    const { peer, log } = await linked({ streamFailures: 3 })
    peer.refuses = true
    log.onOpened = link => { link.askHave(tree, [{ start: 0, end: 1 }]) }
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()

    expect(log.events).to.deep.equal(['opened', 'closed', 'opened', 'closed', 'opened', 'closed'])
    expect(log.closings.map(({ reason }) => reason?.name)).to.deep.equal([undefined, undefined, DialError.name])

    peer.refuses = false
    log.link.askHave(tree, [{ start: 0, end: 1 }])
    await settled()
    expect(peer.messages).to.be.empty()

    peer.disconnect()
    await peer.connect()
    await settled()
    expect(log.events.slice(6)).to.deep.equal(['opened'])
    expect(peer.messages).to.have.length(1)
  })

  it('begins to count anew when the peer says something', async () => {
    const { peer, log } = await linked({ streamFailures: 2 })
    log.onOpened = link => { link.askHave(tree, [{ start: 0, end: 1 }]) }
    log.link.askHave(tree, [{ start: 0, end: 1 }])

    for (let i = 0; i < 5; i++) {
      await settled()
      peer.say({})
      peer.streams[i].stream.abort(new Error('Reset'))
    }

    await settled()
    expect(log.closings).to.have.length(5)
    expect(log.closings.every(({ reason }) => reason == null)).to.be.true()
    expect(log.links).to.have.length(6)
  })
})
