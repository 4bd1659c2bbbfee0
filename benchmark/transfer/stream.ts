/**
 * The bytes over a bare libp2p stream, in batches as large as the block exchange sends: what the stack can carry. Or with
 * what any exchange of blocks has to do besides: a length before each message, protobuf, and sha256 of each block.
 */
import { hash } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { decode as decodeVarint, encode as encodeVarint, encodingLength } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { DEFAULT_BLOCK_SIZE, DELIVERY_BLOCKS } from '../../src/constants.ts'
import { seededContent } from '../../src/testing/corpus.ts'
import { Message } from '../../src/wire/codex/message.ts'
import { startNode, STACKS } from './stacks.ts'
import type { Contender } from './contender.ts'
import type { StackName } from './stacks.ts'
import type { Stream } from '@libp2p/interface'

const PROTOCOL = '/benchmark/1.0.0'
const BATCH = DEFAULT_BLOCK_SIZE * DELIVERY_BLOCKS

interface Format {
  /** What goes over the stream for a batch of bytes. */
  encode(batch: Uint8Array<ArrayBuffer>): Uint8Array | Uint8ArrayList
  /** A function that is given what comes, and tells how many bytes of the batches were got out of it. */
  decoder(): (bytes: Uint8Array | Uint8ArrayList) => number
}

export const raw: Format = {
  encode: batch => batch,
  decoder: () => bytes => bytes.byteLength
}

export const careful: Format = {
  encode (batch) {
    const payload = []

    for (let at = 0; at < batch.byteLength; at += DEFAULT_BLOCK_SIZE) {
      const data = batch.subarray(at, at + DEFAULT_BLOCK_SIZE)
      payload.push({ cid: hash('sha256', data, 'buffer') as Uint8Array<ArrayBuffer>, data })
    }

    const message = Message.encode({ payload, blockPresences: [] })

    return new Uint8ArrayList(encodeVarint(message.byteLength), message)
  },

  decoder () {
    const unread = new Uint8ArrayList()
    let length: number | undefined

    return bytes => {
      let got = 0
      unread.append(bytes)

      for (;;) {
        if (length == null) {
          if (unread.byteLength < 5) {
            return got
          }

          length = decodeVarint(unread)
          unread.consume(encodingLength(length))
        }

        if (unread.byteLength < length) {
          return got
        }

        const message = Message.decode(unread.subarray(0, length))
        unread.consume(length)
        length = undefined

        for (const { cid, data } of message.payload) {
          if (data == null || cid == null || !hash('sha256', data, 'buffer').equals(cid)) {
            throw new Error('a block is not what it says')
          }

          got += data.byteLength
        }
      }
    }
  }
}

export function overStream (stack: StackName, format: Format): Contender {
  return {
    async seed (size) {
      const libp2p = await startNode(STACKS[stack]())
      const content = new Uint8Array(seededContent(1)(size))
      await libp2p.handle(PROTOCOL, stream => { send(stream, content, format) })

      return { address: libp2p.getMultiaddrs()[0].toString() }
    },

    async connect ({ address }, size) {
      const libp2p = await startNode(STACKS[stack]())
      const connection = await libp2p.dial(multiaddr(address))

      return async took => {
        const decode = format.decoder()
        const done = Promise.withResolvers<undefined>()
        const stream = await connection.newStream(PROTOCOL)
        let left = size

        stream.addEventListener('message', ({ data }) => {
          try {
            const bytes = decode(data)
            took(bytes)
            left -= bytes
          } catch (err) {
            done.reject(err)
          }

          if (left === 0) {
            done.resolve(undefined)
          }
        })
        stream.addEventListener('close', () => { done.reject(new Error('the stream ended early')) })

        return done.promise
      }
    }
  }
}

/** As much at a time as the stream takes. */
function send (stream: Stream, content: Uint8Array<ArrayBuffer>, { encode }: Format): void {
  let at = 0
  const pump = (): void => {
    while (at < content.byteLength && stream.status === 'open' && !stream.writableNeedsDrain) {
      const batch = content.subarray(at, at + BATCH)
      at += batch.byteLength
      stream.send(encode(batch))
    }
  }

  stream.addEventListener('drain', () => { setImmediate(pump) })
  pump()
}
