import { yamux } from '@libp2p/yamux'
import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { equals } from 'uint8arrays/equals'
import { MiB } from '../../src/constants.ts'
import { sparingYamux } from '../../src/node/sparing-yamux.ts'
import { seededContent } from '../../src/testing/corpus.ts'
import { disconnect, startNode } from '../libp2p/nodes.ts'
import type { Stream, StreamMuxerFactory } from '@libp2p/interface'

/** How the stream of libp2p's yamux gives its window back. */
type Updating = Stream & { sendFrame (header: { type: number }): unknown }

const WINDOW_UPDATE = 1
const PIECE = 20_000
const BYTES = seededContent(5)(8 * MiB)

/** Sends the bytes from one node to the other; gives back how many updates of its window the receiver sent. */
async function updatesOf (from: () => StreamMuxerFactory, to: () => StreamMuxerFactory, got: (stream: Stream) => void = () => {}): Promise<number> {
  const [sender, receiver] = await Promise.all([from, to].map(async muxer => startNode('noise and yamux', { streamMuxers: [muxer] })))
  const done = Promise.withResolvers<Uint8Array>()
  let updates = 0

  try {
    await receiver.handle('/test', stream => {
      const updating = stream as Updating
      const sendFrame = updating.sendFrame.bind(updating)
      const list = new Uint8ArrayList()

      updating.sendFrame = (header, ...rest: []) => {
        updates += header.type === WINDOW_UPDATE ? 1 : 0
        return sendFrame(header, ...rest)
      }

      stream.addEventListener('message', ({ data }) => {
        list.append(data)

        if (list.byteLength === BYTES.byteLength) {
          done.resolve(list.subarray())
        } else {
          got(stream)
        }
      })
    })
    const stream = await sender.dialProtocol(receiver.getMultiaddrs(), '/test')

    for (let at = 0; at < BYTES.byteLength; at += PIECE) {
      await (stream.send(BYTES.subarray(at, at + PIECE)) ? undefined : stream.onDrain())
    }

    expect(equals(await done.promise, BYTES)).to.equal(true)

    return updates
  } finally {
    await disconnect(sender, receiver)
    await Promise.all([sender.stop(), receiver.stop()])
  }
}

describe('node/sparing-yamux', () => {
  it('gives a window back in large parts, to its own kind and to others', async () => {
    const stock = await updatesOf(yamux(), yamux())
    const own = await updatesOf(sparingYamux({}), sparingYamux({}))
    const other = await updatesOf(yamux(), sparingYamux({}))

    expect(own).to.be.within(4, 70)
    expect(other).to.be.within(4, 70)
    expect(stock).to.be.above(2 * own)
  })

  it('goes on after a pause', async () => {
    let pauses = 0

    await updatesOf(yamux(), sparingYamux({}), stream => {
      if (++pauses % 5 === 0) {
        stream.pause()
        setTimeout(() => {
          if (stream.status === 'open') {
            stream.resume()
          }
        }, 5)
      }
    })
    expect(pauses).to.be.above(5)
  })
})
