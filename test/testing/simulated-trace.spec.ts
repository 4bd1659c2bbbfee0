import { expect } from 'aegir/chai'
import { int, pick, seededContent, seededRandom, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import type { ByteStream, ProtocolHandler } from '../../src/interfaces.ts'
import type { SimulatedTransport, TraceEvent } from '../../src/testing/index.ts'

const PROTOCOL = '/test/1.0.0'

/** Ten peers that connect, talk, vanish, stall and come back, for a minute. */
async function play (seed: number): Promise<{ trace: TraceEvent[], calls: string[], pending: number }> {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const trace: TraceEvent[] = []
  const calls: string[] = []
  const network = new SimulatedNetwork({ clock, random, trace: event => { trace.push(event) } })
  const content = seededContent(seed)

  const handlerOf = (peer: SimulatedTransport): ProtocolHandler => ({
    onConnect: other => { calls.push(`${clock.now()} ${peer.peer} connect ${other}`) },
    onDisconnect: other => { calls.push(`${clock.now()} ${peer.peer} disconnect ${other}`) },
    onStream: stream => { echo(stream, peer) }
  })

  const echo = (stream: ByteStream, peer: SimulatedTransport): void => {
    stream.read({
      onData: bytes => {
        calls.push(`${clock.now()} ${peer.peer} got ${bytes.byteLength}`)
        random() < 0.05 ? stream.abort(new Error('Enough')) : send(stream, bytes.subarray(0, bytes.byteLength >> 1))
      },
      onEnd: reason => {
        calls.push(`${clock.now()} ${peer.peer} end ${reason?.name}`)
        void stream.close()
      }
    })
  }

  const send = (stream: ByteStream, bytes: Uint8Array): void => {
    try {
      stream.send(bytes)
    } catch {
      calls.push(`${clock.now()} not sent`)
    }
  }

  const talk = async (peer: SimulatedTransport): Promise<void> => {
    try {
      const other = pick(random, network.peers)
      await peer.connect(other.peerId)
      const stream = await peer.openStream(other.peerId, PROTOCOL)
      echo(stream, peer)
      send(stream, content(int(random, 1, 400_000)))
    } catch (err) {
      calls.push(`${clock.now()} ${peer.peer} failed ${String(err)}`)
    }
  }

  for (let i = 0; i < 10; i++) {
    const peer = network.addPeer({ latency: int(random, 0, 40), jitter: int(random, 0, 20), upload: int(random, 1, 20) * 250_000, download: int(random, 1, 20) * 500_000 })
    await peer.register(PROTOCOL, handlerOf(peer))
  }

  for (let second = 0; second < 60; second++) {
    const peer = pick(random, network.peers)
    const doing = int(random, 0, 6)
    doing === 0 && peer.goOffline()
    doing === 1 && peer.stall()
    doing === 2 && network.disconnect(peer, pick(random, network.peers))

    for (const peer of network.peers) {
      if (random() < 0.5) {
        void talk(peer)
      }
    }

    await clock.advance(int(random, 0, 1000))
    peer.goOnline()
    random() < 0.5 && peer.resume()
  }

  network.peers.forEach(peer => { peer.resume() })
  await clock.run(() => clock.pending === 0)

  return { trace, calls, pending: clock.pending }
}

describe('trace of a simulated network', () => {
  it('is the same for the same seed, to the last packet', async () => {
    const [first, second] = [await play(1), await play(1)]

    expect(first.trace.length).to.be.above(2000)
    expect(first.calls.length).to.be.above(1000)
    expect(second.trace).to.deep.equal(first.trace)
    expect(second.calls).to.deep.equal(first.calls)
    expect(first.pending).to.equal(0)
  })

  it('is another for another seed', async () => {
    const [first, second] = [await play(1), await play(2)]

    expect(second.trace).to.not.deep.equal(first.trace)
  })

  it('never goes back in time, and opens a stream before it carries anything', async () => {
    const { trace } = await play(3)
    const opened = new Set<number>()
    let now = 0

    for (const { kind, time, stream } of trace) {
      expect(time).to.be.at.least(now)
      now = time
      kind === 'open' && opened.add(stream as number)
      stream != null && expect(opened.has(stream), `stream ${stream}`).to.equal(true)
    }
  })
})
