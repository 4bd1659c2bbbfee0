import { expect } from 'aegir/chai'
import { discoveryCompliance, runPromise, seededRandom, SimulatedDiscovery, SimulatedNetwork, transportCompliance, VirtualClock } from '../../src/testing/index.ts'
import type { ByteStream, Discovery, ProtocolHandler, Provider, StreamReader, Transport } from '../../src/interfaces.ts'
import type { TestRunner } from '../../src/testing/index.ts'

interface CollectedTest {
  title: string
  run(): Promise<void>
}

/** What a transport or a stream does wrong. */
interface Wrongs {
  transport?(right: Transport): Partial<Transport>
  handler?(right: ProtocolHandler): Partial<ProtocolHandler>
  stream?(right: ByteStream): Partial<ByteStream>
  reader?(right: StreamReader): Partial<StreamReader>
}

/** Tests that a suite registers, without running them. */
function collect (suite: (runner: TestRunner) => void): CollectedTest[] {
  const tests: CollectedTest[] = []

  suite({
    describe: (_title, body) => { body() },
    it: (title, run) => { tests.push({ title, run }) }
  })

  return tests
}

/** Titles of the tests that fail. */
async function failures (tests: CollectedTest[]): Promise<string[]> {
  const failed: string[] = []

  for (const { title, run } of tests) {
    await run().catch(() => failed.push(title))
  }

  return failed
}

/** The titles of the tests that a transport with these wrongs fails. */
async function transportFailures (wrongs: Wrongs): Promise<string[]> {
  return failures(collect(runner => {
    let clock: VirtualClock

    transportCompliance({
      setup: async () => {
        const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
        const [a, b] = [network.addPeer(), network.addPeer()]

        return { a: wrongTransport(a, wrongs), b: wrongTransport(b, wrongs), disconnect: async () => { a.disconnect(b.peerId) } }
      },
      drive: async test => runPromise(clock, test, { maxMs: 60_000 })
    }, {
      ...runner,
      it: (title, run) => runner.it(title, async () => {
        clock = new VirtualClock()
        await run()
      })
    })
  }))
}

async function * endless (): AsyncGenerator<Provider> {
  yield await new Promise<Provider>(() => {})
}

/** The same object with other methods. */
function altered <T extends object> (right: T, wrong: Partial<T> = {}): T {
  return new Proxy(right, {
    get (target, key) {
      const value: unknown = Reflect.get(wrong, key) ?? Reflect.get(target, key, target)

      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}

function wrongTransport (right: Transport, wrongs: Wrongs): Transport {
  return altered(altered(right, {
    register: async (protocol, handler) => {
      const told = altered(handler, {
        onStream: (stream, peer) => { handler.onStream(wrongStream(stream, wrongs), peer) }
      })

      await right.register(protocol, altered(told, wrongs.handler?.(told)))
    },
    openStream: async (...args) => wrongStream(await right.openStream(...args), wrongs)
  }), wrongs.transport?.(right))
}

function wrongStream (right: ByteStream, wrongs: Wrongs): ByteStream {
  const read = { read: (reader: StreamReader) => { right.read(altered(reader, wrongs.reader?.(reader))) } }

  return altered(altered(right, read), wrongs.stream?.(right))
}

describe('compliance suites', () => {
  it('pass what is right', async () => {
    expect(await transportFailures({})).to.deep.equal([])
  })

  const mutants: Array<{ what: string, wrongs: Wrongs, fails: string }> = [{
    what: 'takes a second handler',
    wrongs: { transport: right => ({ register: async (...args) => right.register(...args).catch(() => {}) }) },
    fails: 'refuses a second handler of a protocol, until the first is gone'
  }, {
    what: 'keeps a handler that was unregistered',
    wrongs: { transport: () => ({ unregister: async () => {} }) },
    fails: 'opens no stream for a protocol that the other side does not speak'
  }, {
    what: 'announces a connection twice',
    wrongs: { handler: right => ({ onConnect: peer => { right.onConnect(peer); right.onConnect(peer) } }) },
    fails: 'announces a connection on both sides, once'
  }, {
    what: 'never tells of the end of a connection',
    wrongs: { handler: () => ({ onDisconnect: () => {} }) },
    fails: 'tells both sides of the end of a connection, once, and of the next one'
  }, {
    what: 'ignores the signal of connect',
    wrongs: { transport: right => ({ connect: async provider => right.connect(provider) }) },
    fails: 'gives a dial up when the signal aborts'
  }, {
    what: 'fails to dial with any error',
    wrongs: { transport: right => ({ connect: async (...args) => right.connect(...args).catch(() => { throw new Error('Urk!') }) }) },
    fails: 'fails to dial a peer that is not there'
  }, {
    what: 'never says stop',
    wrongs: { stream: right => ({ send: bytes => right.send(bytes) || true }) },
    fails: 'says when it takes no more, and when it does again, every time'
  }, {
    what: 'resolves drained the first time only',
    wrongs: {
      stream: right => {
        let times = 0

        return { drained: async options => times++ > 0 ? new Promise(() => {}) : right.drained(options) }
      }
    },
    fails: 'says when it takes no more, and when it does again, every time'
  }, {
    what: 'ignores the signal of drained',
    wrongs: { stream: right => ({ drained: async () => right.drained() }) },
    fails: 'stops waiting to be drained when the signal aborts'
  }, {
    what: 'loses what is queued when it closes',
    wrongs: { stream: right => ({ close: async () => { right.abort(new Error('Closed')) } }) },
    fails: 'sends what is queued before it closes'
  }, {
    what: 'closes an aborted stream in the usual way',
    wrongs: { stream: right => ({ abort: () => { void right.close() } }) },
    fails: 'tells the other side, once, that a stream was aborted'
  }, {
    what: 'turns bytes round',
    wrongs: { reader: right => ({ onData: bytes => { right.onData(bytes.slice().reverse()) } }) },
    fails: 'carries bytes in order, both ways'
  }, {
    what: 'uses the memory of a reader again',
    wrongs: {
      reader: right => {
        const memory = new Uint8Array(70_000)

        return {
          onData: bytes => {
            memory.set(bytes.subarray())
            right.onData(memory.subarray(0, bytes.byteLength))
          }
        }
      }
    },
    fails: 'carries bytes in order, both ways'
  }, {
    what: 'tells of an end twice',
    wrongs: { reader: right => ({ onEnd: reason => { right.onEnd(reason); right.onEnd(reason) } }) },
    fails: 'goes on reading when it has closed its side'
  }, {
    what: 'takes bytes after its end',
    wrongs: {
      stream: right => ({
        send: bytes => {
          try {
            return right.send(bytes)
          } catch {
            return true
          }
        }
      })
    },
    fails: 'takes no bytes when it is closed'
  }]

  for (const { what, wrongs, fails } of mutants) {
    it(`catch a transport that ${what}`, async () => {
      expect(await transportFailures(wrongs)).to.include(fails)
    })
  }

  const discoveries: Record<string, { wrong(right: Discovery): Partial<Discovery>, fails: string }> = {
    'forgets what it was told': { wrong: () => ({ provide: async () => {} }), fails: 'finds who announced a CID' },
    'never ends a lookup': { wrong: () => ({ find: endless }), fails: 'finds nobody for what nobody has, and ends' },
    'ignores the signal': { wrong: right => ({ find: cid => right.find(cid) }), fails: 'finds nobody when the signal is aborted' },
    'announces in spite of the signal': { wrong: right => ({ provide: async cid => right.provide(cid) }), fails: 'does not announce when the signal is aborted' }
  }

  for (const [what, { wrong, fails }] of Object.entries(discoveries)) {
    it(`catch a discovery that ${what}`, async () => {
      const tests = collect(runner => {
        const clock = new VirtualClock()

        discoveryCompliance({
          setup: async () => {
            const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
            const shared = new SimulatedDiscovery({ clock })
            const [a, b] = [network.addPeer(), network.addPeer()].map(peer => {
              const right = shared.for(peer)

              return { peerId: peer.peerId, discovery: altered(right, wrong(right)) }
            })

            return { a, b }
          },
          drive: async test => runPromise(clock, test)
        }, runner)
      })

      expect(await failures(tests)).to.include(fails)
    })
  }
})
