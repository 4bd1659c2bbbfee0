import { StreamCloseEvent } from '@libp2p/interface'
import { expect } from 'aegir/chai'
import { TypedEventEmitter } from 'main-event'
import { ProtocolPeers } from '../../src/libp2p/protocol-peers.ts'
import { RecordingHandler, simulatedPeerId } from '../../src/testing/index.ts'
import type { Connection, ConnectionLimits, MessageStreamEvents, PeerId } from '@libp2p/interface'

const PROTOCOL = '/test/1.0.0'

class FakeConnection extends TypedEventEmitter<MessageStreamEvents> {
  status = 'open'
  readonly remotePeer: PeerId
  readonly limits?: ConnectionLimits
  readonly streams: Array<{ protocol: string }> = []

  constructor (peer: number, limits?: ConnectionLimits) {
    super()
    this.remotePeer = simulatedPeerId(peer)
    this.limits = limits
  }

  get connection (): Connection {
    return this as unknown as Connection
  }

  close (): void {
    this.status = 'closed'
    this.dispatchEvent(new StreamCloseEvent())
  }
}

describe('libp2p/protocol-peers', () => {
  let handler: RecordingHandler
  let peers: ProtocolPeers

  beforeEach(() => {
    handler = new RecordingHandler()
    peers = new ProtocolPeers(PROTOCOL, handler)
  })

  /** What the handler heard, without the peers' ids. */
  function events (): string[] {
    return handler.events.map(event => event.split(' ')[0])
  }

  it('announces a peer once, however often and over how many connections it is announced to it', () => {
    const first = new FakeConnection(1)
    peers.add(first.connection)
    peers.add(first.connection)
    peers.add(new FakeConnection(1).connection)
    peers.add(new FakeConnection(2).connection)

    expect(handler.events).to.deep.equal([`connect ${simulatedPeerId(1)}`, `connect ${simulatedPeerId(2)}`])
  })

  it('tells that a peer is gone with the last of its connections', () => {
    const connections = [new FakeConnection(1), new FakeConnection(1)]
    connections.forEach(({ connection }) => { peers.add(connection) })
    connections[1].close()
    expect(events()).to.deep.equal(['connect'])

    connections[0].close()
    expect(events()).to.deep.equal(['connect', 'disconnect'])
    peers.add(new FakeConnection(1).connection)
    expect(events()).to.deep.equal(['connect', 'disconnect', 'connect'])
  })

  it('leaves limited and closed connections alone', () => {
    const closed = new FakeConnection(1)
    closed.close()
    peers.add(closed.connection)
    peers.add(new FakeConnection(2, { seconds: 60 }).connection)

    expect(events()).to.be.empty()
  })

  it('tells that a peer stopped to speak the protocol, and that it speaks it again', () => {
    const connection = new FakeConnection(1)
    peers.add(connection.connection)
    peers.remove(connection.remotePeer)
    peers.remove(connection.remotePeer)
    expect(events()).to.deep.equal(['connect', 'disconnect'])

    peers.add(connection.connection)
    connection.close()
    expect(events()).to.deep.equal(['connect', 'disconnect', 'connect', 'disconnect'])
  })

  it('keeps a peer that does not say that it speaks the protocol, but has a stream of it', () => {
    const connection = new FakeConnection(1)
    connection.streams.push({ protocol: '/other' }, { protocol: PROTOCOL })
    peers.add(connection.connection)
    peers.remove(connection.remotePeer)
    expect(events()).to.deep.equal(['connect'])

    connection.streams.pop()
    peers.remove(connection.remotePeer)
    expect(events()).to.deep.equal(['connect', 'disconnect'])
  })

  it('tells nothing once it is stopped', () => {
    const connection = new FakeConnection(1)
    peers.add(connection.connection)
    peers.stop()
    connection.close()
    peers.add(new FakeConnection(2).connection)

    expect(events()).to.deep.equal(['connect'])
  })
})
