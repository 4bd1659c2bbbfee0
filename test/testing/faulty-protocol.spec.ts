import { expect } from 'aegir/chai'
import { blockCid, treeCid } from '../../src/dataset/codecs.ts'
import { decodeProof, encodeProof } from '../../src/dataset/merkle-proof.ts'
import { faultyProtocol, goldenContent, neverDelivered, rangeProtocol, runPromise, seededRandom, SimulatedNetwork, sometimes, VirtualClock, wrongBytes, wrongProof } from '../../src/testing/index.ts'
import { RecordingLinkHandler } from './recording-link-handler.ts'
import type { Delivery } from '../../src/dataset/delivery.ts'
import type { ServedBlock } from '../../src/exchange/peer-link.ts'
import type { Faults, SimulatedTransport } from '../../src/testing/index.ts'

const root = treeCid(new Uint8Array(32).fill(1))
const ranges = [{ start: 0, end: 3 }]
const proof = encodeProof({ index: 1, leaves: 2, path: [new Uint8Array(32).fill(3)] })
const block: ServedBlock = { index: 1, cid: blockCid(new Uint8Array(32).fill(2)), data: goldenContent(100), proof }

describe('faultyProtocol', () => {
  let clock: VirtualClock
  let liar: SimulatedTransport
  let victim: SimulatedTransport
  let handler: RecordingLinkHandler
  let victimHandler: RecordingLinkHandler

  beforeEach(() => {
    clock = new VirtualClock()
    const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
    liar = network.addPeer()
    victim = network.addPeer()
    handler = new RecordingLinkHandler()
    victimHandler = new RecordingLinkHandler()
  })

  /** What comes of blocks that are served with faults. */
  async function serve (blocks: ServedBlock[], faults: Faults): Promise<Delivery[]> {
    await faultyProtocol(rangeProtocol(), faults).start(liar, handler, clock)
    await rangeProtocol().start(victim, victimHandler, clock)
    await runPromise(clock, victim.connect(liar.peerId))
    await clock.run()
    await runPromise(clock, handler.link.deliver(root, blocks))
    await clock.run()

    return victimHandler.of('delivered').flatMap(([deliveries]) => deliveries as Delivery[])
  }

  it('sends other bytes, and leaves its own alone', async () => {
    const [{ data, cid }] = await serve([block], { blocks: [wrongBytes] })

    expect(data).to.have.lengthOf(100)
    expect(data).to.not.equalBytes(goldenContent(100))
    expect(cid).to.deep.equal(block.cid.bytes)
    expect(block.data).to.equalBytes(goldenContent(100))
  })

  it('sends other bytes for an empty block', async () => {
    const [{ data }] = await serve([{ ...block, data: new Uint8Array(0) }], { blocks: [wrongBytes] })

    expect(data).to.have.lengthOf(1)
  })

  it('sends a proof that can be read and leads elsewhere, where there is one', async () => {
    const [first, second] = await serve([block, { ...block, proof: undefined }], { blocks: [wrongProof] })

    expect(decodeProof(first.proof ?? new Uint8Array(0))).to.have.property('path').with.lengthOf(1)
    expect(first.proof).to.not.deep.equal(proof)
    expect(first.data).to.equalBytes(block.data)
    expect(second.proof).to.equal(undefined)
  })

  it('says that it has what it never delivers', async () => {
    expect(await serve([block], { blocks: [wrongBytes, neverDelivered] })).to.deep.equal([])
    handler.link.presence(root, { have: ranges, absent: [], price: 0n })
    await clock.run()

    expect(victimHandler.of('have')).to.deep.equal([[root, { have: ranges, absent: [], price: 0n }]])
  })

  it('lies sometimes', async () => {
    const blocks = Array.from({ length: 1000 }, (_, index) => ({ ...block, index }))
    const delivered = await serve(blocks, { blocks: [sometimes(seededRandom(1), 0.2, neverDelivered)] })

    expect(delivered.length).to.be.within(750, 850)
    expect(delivered.every(({ data }) => data.byteLength === 100)).to.equal(true)
  })

  it('is slow', async () => {
    await serve([block], { slow: { clock, ms: 5000 } })

    // a round trip to connect, one to open the stream, the wait, the way
    expect(clock.now()).to.be.within(5060, 5170)
  })

  it('leaves the rest to the protocol, with one and the same link', async () => {
    await serve([], { blocks: [wrongBytes] })
    const { link } = handler
    expect(link).to.include({ peer: victim.peer, peerId: victim.peerId })
    expect(link.features).to.deep.equal(victimHandler.link.features)
    link.askHave(root, ranges)
    link.request(root, ranges, 100)
    link.cancel(root, ranges)
    link.refuse?.(root, ranges)
    link.account(Uint8Array.of(1))
    link.pay(Uint8Array.of(2))
    await clock.run()
    expect(victimHandler.names).to.deep.equal(['opened', 'wanted', 'wanted', 'wanted', 'refused', 'account', 'payment'])

    victimHandler.link.askHave(root, ranges)
    victimHandler.link.refuse?.(root, ranges)
    victimHandler.link.presence(root, { have: ranges, absent: [], price: 0n })
    victimHandler.link.account(Uint8Array.of(1))
    victimHandler.link.pay(Uint8Array.of(2))
    await runPromise(clock, victimHandler.link.deliver(root, [block]))
    await clock.run()
    link.close()
    expect(handler.names).to.deep.equal(['opened', 'wanted', 'refused', 'have', 'account', 'payment', 'delivered', 'closed'])
    await clock.run()
  })

  it('stops as the protocol does', async () => {
    const faulty = faultyProtocol(rangeProtocol(), {})
    await faulty.start(liar, handler, clock)
    await rangeProtocol().start(victim, victimHandler, clock)
    await runPromise(clock, victim.connect(liar.peerId))
    await clock.run()
    await faulty.stop()

    expect(handler.names).to.deep.equal(['opened', 'closed'])
    await clock.run()
    expect(clock.pending).to.equal(0)
  })
})
