import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { KiB, MiB } from '../../src/constants.ts'
import { blockCid, treeCid } from '../../src/dataset/codecs.ts'
import { decodeProof, encodeProof } from '../../src/dataset/merkle-proof.ts'
import { indicesOf } from '../../src/dataset/ranges.ts'
import { ProtocolError, ProtocolInUseError } from '../../src/errors.ts'
import { libp2pTransport } from '../../src/libp2p/index.ts'
import { systemClock } from '../../src/runtime.ts'
import { CODEX_PROTOCOL, codexProtocol } from '../../src/wire/codex/protocol.ts'
import { frame } from '../../src/wire/framing.ts'
import { LinkLog } from '../wire/link-log.ts'
import { disconnect, STACKS, startNode } from './nodes.ts'
import type { StackName } from './nodes.ts'
import type { ExchangeProtocol, ServedBlock } from '../../src/exchange/peer-link.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

const BLOCKS = 100
const BLOCK_BYTES = 64 * KiB
const tree = treeCid(new Uint8Array(32).fill(1))
const all = [{ start: 0, end: BLOCKS }]

interface Side {
  node: Libp2p
  protocol: ExchangeProtocol
  log: LinkLog
}

function block (index: number): ServedBlock {
  const digest = new Uint8Array(32).fill(index)

  return {
    index,
    cid: blockCid(digest),
    data: new Uint8Array(BLOCK_BYTES).map((_, i) => i * 3 + index),
    proof: encodeProof({ index, leaves: BLOCKS, path: Array(7).fill(digest) })
  }
}

async function startSide (stack: StackName): Promise<Side> {
  const node = await startNode(stack)
  const protocol = codexProtocol()
  const log = new LinkLog()
  await protocol.start(libp2pTransport(node), log, systemClock)

  return { node, protocol, log }
}

/** Answers every want as one that has all blocks. */
function serve ({ log }: Side): void {
  log.onWanted = (link, { root, kind, ranges }) => {
    if (kind === 'have') {
      link.presence(root, { have: ranges, absent: [], price: 5n })
    } else if (kind === 'block') {
      link.deliver(root, [...indicesOf(ranges)].map(block)).catch(() => {})
    }
  }
}

/** The streams of the protocol at one side of the only connection. */
function streamsOf ({ node }: Side, direction?: Stream['direction']): Stream[] {
  return node.getConnections().flatMap(({ streams }) => streams)
    .filter(stream => stream.protocol === CODEX_PROTOCOL && (direction == null || stream.direction === direction))
}

for (const stack of Object.keys(STACKS) as StackName[]) {
  describe(`codex protocol over ${stack}`, () => {
    let reader: Side
    let seeder: Side

    beforeEach(async () => {
      [reader, seeder] = await Promise.all([startSide(stack), startSide(stack)])
      serve(seeder)
    })

    afterEach(async () => {
      await Promise.all([reader, seeder].map(async ({ protocol, node }) => {
        await protocol.stop()
        await node.stop()
      }))
    })

    async function connect (): Promise<void> {
      const count = reader.log.links.length
      await reader.node.dial(seeder.node.getMultiaddrs())
      await Promise.all([reader, seeder].map(async ({ log }) => log.until(() => log.links.length > count)))
    }

    it('asks, hears, requests and gets a hundred blocks', async () => {
      await connect()
      reader.log.link.askHave(tree, all)
      await reader.log.until(() => reader.log.answers.length > 0)
      expect(reader.log.answers).to.deep.equal([{ root: tree, have: all, absent: [], price: 5n }])

      reader.log.link.request(tree, all, BLOCK_BYTES)
      await reader.log.until(() => reader.log.deliveries.length === BLOCKS)

      for (const { root, index, cid, data, proof } of reader.log.deliveries) {
        const expected = block(index)
        expect(root.toString()).to.equal(tree.toString())
        expect(cid).to.deep.equal(expected.cid.bytes)
        expect(equals(data, expected.data)).to.be.true()
        expect(decodeProof(proof ?? new Uint8Array(0))).to.include({ index, leaves: BLOCKS })
      }

      expect(reader.log.deliveries.map(({ index }) => index)).to.deep.equal([...indicesOf(all)])
      expect([reader, seeder].map(side => streamsOf(side).length)).to.deep.equal([2, 2])
    })

    it('begins a new epoch when its stream is reset, on the same connection', async () => {
      await connect()
      const [connection] = reader.node.getConnections()
      seeder.log.onWanted = () => {}
      reader.log.link.request(tree, all, BLOCK_BYTES)
      await seeder.log.until(() => seeder.log.wants.length > 0)

      serve(seeder)
      streamsOf(seeder, 'inbound').forEach(stream => { stream.abort(new Error('Idle')) })
      await reader.log.until(() => reader.log.links.length === 2)
      reader.log.link.request(tree, all, BLOCK_BYTES)
      await reader.log.until(() => reader.log.deliveries.length === BLOCKS)

      expect(reader.log.closings).to.deep.equal([{ link: reader.log.links[0], reason: undefined }])
      expect(reader.node.getConnections()).to.deep.equal([connection])
    })

    it('ends the link with the connection, and goes on over the next', async () => {
      await connect()
      reader.log.link.askHave(tree, all)
      await reader.log.until(() => reader.log.answers.length === 1)
      await disconnect(reader.node, seeder.node)
      await reader.log.until(() => reader.log.closings.length === 1)
      await seeder.log.until(() => seeder.log.closings.length === 1)

      await connect()
      reader.log.link.askHave(tree, all)
      await reader.log.until(() => reader.log.answers.length === 2)
      expect([reader, seeder].map(({ log }) => log.closings.map(({ reason }) => reason))).to.deep.equal([[undefined], [undefined]])
    })

    it('ends the link of a peer that sends 10 MiB unasked, and keeps the connection', async () => {
      await connect()
      const [connection] = reader.node.getConnections()
      const stream = await seeder.node.getConnections()[0].newStream(CODEX_PROTOCOL)
      stream.send(frame(new Uint8Array(10 * MiB)).sublist(0, 1_000))
      await reader.log.until(() => reader.log.closings.length === 1)

      expect(reader.log.closings[0].reason).to.have.property('name', ProtocolError.name)
      expect(connection.status).to.equal('open')
      expect(streamsOf(reader)).to.be.empty()
    })

    it('leaves the connection and the node when it stops, and no stream on either side', async () => {
      await connect()
      reader.log.link.request(tree, all, BLOCK_BYTES)
      await reader.log.until(() => reader.log.deliveries.length > 0)
      const closed = streamsOf(seeder).map(async stream => new Promise(resolve => { stream.addEventListener('close', resolve) }))
      expect(closed).to.have.length(2)
      await reader.protocol.stop()
      await Promise.all(closed)

      expect(reader.node.getConnections().map(({ status }) => status)).to.deep.equal(['open'])
      expect(streamsOf(reader)).to.be.empty()
      expect(reader.node.getProtocols()).to.not.include(CODEX_PROTOCOL)
      expect(reader.log.closings).to.have.length(1)
    })
  })
}

describe('codex protocol on one libp2p node', () => {
  it('refuses a second, until the first has stopped', async () => {
    const { node, protocol } = await startSide('noise and mplex')

    try {
      const second = codexProtocol()
      await expect(second.start(libp2pTransport(node), new LinkLog(), systemClock)).to.eventually.be.rejectedWith('one node carries one Codex')
        .with.property('name', ProtocolInUseError.name)

      await protocol.stop()
      await second.start(libp2pTransport(node), new LinkLog(), systemClock)
      await second.stop()
    } finally {
      await node.stop()
    }
  })

  it('leaves no socket or server behind', async () => {
    const before = resources()
    const sides = await Promise.all([startSide('noise and mplex'), startSide('noise and mplex')])
    const [reader, seeder] = sides
    serve(seeder)
    reader.log.onOpened = link => { link.request(tree, all, BLOCK_BYTES) }
    await reader.node.dial(seeder.node.getMultiaddrs())
    await reader.log.until(() => reader.log.deliveries.length === BLOCKS)
    await Promise.all(sides.map(async ({ protocol }) => protocol.stop()))
    await Promise.all(sides.map(async ({ node }) => node.stop()))
    await new Promise(resolve => { setImmediate(resolve) })

    expect(resources()).to.deep.equal(before)
  })
})

/** What keeps the process alive besides timers, of which the test runner has one a test. */
function resources (): string[] {
  return process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).sort()
}
