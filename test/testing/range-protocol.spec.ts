import { expect } from 'aegir/chai'
import * as fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { blockCid, treeCid } from '../../src/dataset/codecs.ts'
import { encodeProof } from '../../src/dataset/merkle-proof.ts'
import { goldenContent, rangeProtocol, RecordingHandler, RecordingReader, runPromise, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import { RecordingLinkHandler } from './recording-link-handler.ts'
import type { ExchangeProtocol, ServedBlock } from '../../src/exchange/peer-link.ts'
import type { ByteStream } from '../../src/interfaces.ts'
import type { SimulatedTransport } from '../../src/testing/index.ts'

const root = treeCid(new Uint8Array(32).fill(1))
const cid = blockCid(new Uint8Array(32).fill(2))
const ranges = [{ start: 0, end: 3 }, { start: 10, end: 4_000_000_000 }]
const proof = { index: 1, leaves: 4, path: [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)] }

describe('range protocol', () => {
  let clock: VirtualClock
  let a: SimulatedTransport
  let b: SimulatedTransport
  let protocol: ExchangeProtocol
  let handlerA: RecordingLinkHandler
  let handlerB: RecordingLinkHandler

  beforeEach(async () => {
    clock = new VirtualClock()
    const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
    a = network.addPeer()
    b = network.addPeer()
    handlerA = new RecordingLinkHandler()
    handlerB = new RecordingLinkHandler()
    protocol = rangeProtocol()
    await protocol.start(a, handlerA, clock)
    await rangeProtocol().start(b, handlerB, clock)
    await runPromise(clock, a.connect(b.peerId))
    await clock.run()
  })

  afterEach(() => {
    expect(clock.pending).to.equal(0)
  })

  it('opens a link on both sides that says what it can', () => {
    expect([handlerA.names, handlerB.names]).to.deep.equal([['opened'], ['opened']])
    expect(handlerA.link).to.include({ peer: b.peer, peerId: b.peerId })
    expect(handlerA.link.features).to.deep.equal({ ranges: true, refusals: true, price: false })
  })

  it('carries what is asked, as ranges', async () => {
    handlerA.link.askHave(root, ranges)
    handlerA.link.request(root, ranges, 65_536)
    handlerA.link.cancel(root, ranges)
    await clock.run()

    expect(handlerB.of('wanted')).to.deep.equal([
      [[{ root, ranges, kind: 'have', tellAbsent: true }]],
      [[{ root, ranges, kind: 'block', tellAbsent: true }]],
      [[{ root, ranges, kind: 'cancel', tellAbsent: false }]]
    ])
  })

  it('carries what is answered', async () => {
    handlerA.link.presence(root, { have: ranges, absent: [{ start: 5, end: 6 }], price: 7n })
    handlerA.link.refuse?.(root, ranges)
    handlerA.link.account(new Uint8Array(20).fill(9))
    handlerA.link.pay(fromString('{}'))
    await clock.run()

    expect(handlerB.events.slice(1)).to.deep.equal([
      ['have', root, { have: ranges, absent: [{ start: 5, end: 6 }], price: 0n }],
      ['refused', root, ranges],
      ['account', new Uint8Array(20).fill(9)],
      ['payment', fromString('{}')]
    ])
  })

  it('carries blocks: leaves with proofs, standalone ones, empty ones', async () => {
    const blocks: ServedBlock[] = [
      { index: 1, cid, data: goldenContent(65_536), proof: encodeProof(proof) },
      { index: 0, cid, data: goldenContent(100) },
      { index: 1, cid, data: new Uint8Array(0), proof: encodeProof(proof) }
    ]
    await runPromise(clock, handlerA.link.deliver(root, blocks))
    await clock.run()
    const [[deliveries]] = handlerB.of('delivered')

    expect(deliveries).to.deep.equal([
      { root, index: 1, cid: cid.bytes, data: goldenContent(65_536), proof: encodeProof(proof) },
      { root, index: 0, cid: cid.bytes, data: goldenContent(100), proof: undefined },
      { root, index: 1, cid: cid.bytes, data: new Uint8Array(0), proof: encodeProof(proof) }
    ])
  })

  it('cuts long deliveries, and waits until the stream takes more', async () => {
    a.conditions.upload = 1_000_000
    const blocks = Array.from({ length: 50 }, (_, index) => ({ index, cid, data: goldenContent(65_536) }))
    const start = clock.now()
    await runPromise(clock, handlerA.link.deliver(root, blocks))
    expect(clock.now() - start).to.be.above(2500)
    await clock.run()
    const deliveries = handlerB.of('delivered').map(([blocks]) => blocks as unknown[])

    expect(deliveries.map(blocks => blocks.length)).to.deep.equal([20, 20, 10])
  })

  it('ends on both sides when one closes, and begins anew when they connect anew', async () => {
    const reason = new Error('Enough')
    const delivery = handlerA.link.deliver(root, [{ index: 0, cid, data: new Uint8Array(4_000_000) }])
    await Promise.resolve()
    handlerA.link.close(reason)
    handlerA.link.askHave(root, ranges)

    await expect(delivery).to.eventually.be.rejected()
    await clock.run()
    expect(handlerA.events).to.deep.equal([['opened'], ['closed', reason]])
    expect(handlerB.events).to.deep.equal([['opened'], ['closed', undefined]])
    expect(a.connections).to.deep.equal([b.peerId])

    a.disconnect(b.peerId)
    await clock.run()
    await runPromise(clock, a.connect(b.peerId))
    await clock.run()
    expect([handlerA.names, handlerB.names]).to.deep.equal([['opened', 'closed', 'opened'], ['opened', 'closed', 'opened']])
  })

  it('ends with the connection', async () => {
    a.disconnect(b.peerId)
    await clock.run()

    expect([handlerA.events, handlerB.events]).to.deep.equal([[['opened'], ['closed', undefined]], [['opened'], ['closed', undefined]]])
  })

  it('leaves nothing when it stops, and can be started again', async () => {
    await protocol.stop()
    await clock.run()
    expect([handlerA.names, handlerB.names]).to.deep.equal([['opened', 'closed'], ['opened', 'closed']])

    await rangeProtocol().start(a, handlerA, clock)
    await clock.run()
    expect([handlerA.names, handlerB.names]).to.deep.equal([['opened', 'closed', 'opened'], ['opened', 'closed', 'opened']])
  })

  describe('from a peer that breaks it', () => {
    let stream: ByteStream

    beforeEach(async () => {
      await protocol.stop()
      await a.register(protocol.id, new RecordingHandler())
      stream = await runPromise(clock, a.openStream(b.peerId, protocol.id))
      stream.read(new RecordingReader())
      await clock.run()
      handlerB.events.length = 0
    })

    const hostile: Record<string, Uint8Array> = {
      'a header that is no JSON': frame('nonsense'),
      'an unknown type': frame(JSON.stringify({ type: 'shout' })),
      'a list that is none': frame(JSON.stringify({ type: 'ask', root: root.toString(), ranges: 5 })),
      'a range that is none': frame(JSON.stringify({ type: 'ask', root: root.toString(), ranges: [null] })),
      'an empty range': frame(JSON.stringify({ type: 'ask', root: root.toString(), ranges: [{ start: 5, end: 5 }] })),
      'a range below 0': frame(JSON.stringify({ type: 'ask', root: root.toString(), ranges: [{ start: -1, end: 5 }] })),
      'a range above the limit': frame(JSON.stringify({ type: 'ask', root: root.toString(), ranges: [{ start: 1, end: 2 ** 40 }] })),
      'a range of fractions': frame(JSON.stringify({ type: 'ask', root: root.toString(), ranges: [{ start: 1, end: 2.5 }] })),
      'a root that is no CID': frame(JSON.stringify({ type: 'ask', root: 'root' })),
      'no root': frame(JSON.stringify({ type: 'request', ranges: [{ start: 0, end: 1 }] })),
      'blocks beyond the payload': frame(JSON.stringify({ type: 'deliver', root: root.toString(), blocks: [{ index: 0, cid: cid.toString(), dataBytes: 3 }] }), new Uint8Array(2)),
      'a proof beyond the payload': frame(JSON.stringify({ type: 'deliver', root: root.toString(), blocks: [{ index: 0, cid: cid.toString(), dataBytes: 1, proofBytes: 2 }] }), new Uint8Array(2)),
      'a header that is too long': Uint8Array.of(1, 0, 16, 0, 0, 0, 0, 0),
      'a payload that is too long': Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 2)
    }

    Object.entries(hostile).forEach(([what, bytes]) => {
      it(`closes the link at ${what}, and does not hear the peer again`, async () => {
        stream.send(bytes)
        await clock.run()
        const again = await runPromise(clock, a.openStream(b.peerId, protocol.id))
        again.read(new RecordingReader())
        await clock.run()

        expect(handlerB.names).to.deep.equal(['closed'])
        expect(handlerB.of('closed')[0][0]).to.be.an('error').with.property('name').that.is.oneOf(['ProtocolError', 'InvalidProofError'])
        await expect(again.drained()).to.eventually.be.rejected()
      })
    })

    it('bears any bytes', async () => {
      await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 5 }), async pieces => {
        const stream = await runPromise(clock, a.openStream(b.peerId, protocol.id))
        stream.read(new RecordingReader())

        for (const bytes of pieces) {
          stream.send(new Uint8ArrayList(frame('x'.repeat(bytes.length), bytes), bytes))
        }

        await clock.run()
        expect(handlerB.names.slice(-1)).to.deep.equal(['closed'])
        a.disconnect(b.peerId)
        await clock.run()
        await runPromise(clock, a.connect(b.peerId))
        await clock.run()
      }), { numRuns: 30 })
    })
  })
})

function frame (header: string, payload = new Uint8Array(0)): Uint8Array {
  const prefix = new DataView(new ArrayBuffer(8))
  prefix.setUint32(0, header.length, true)
  prefix.setUint32(4, payload.byteLength, true)

  return concat([new Uint8Array(prefix.buffer), fromString(header), payload])
}
