import { Uint8ArrayList } from 'uint8arraylist'
import { DELIVERY_BYTES } from '../constants.ts'
import { encodeFrame, FrameDecoder } from './range-frames.ts'
import type { RangeMessage } from './range-frames.ts'
import type { IndexRange } from '../dataset/ranges.ts'
import type { PeerLink, ServedBlock } from '../exchange/peer-link.ts'
import type { ByteStream, StreamReader } from '../interfaces.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

export interface RangeLinkInit {
  peerId: PeerId
  /** Opens our stream to the peer. */
  open(options: AbortOptions): Promise<ByteStream>
  /** @throws {Error} when the message breaks the protocol */
  received(link: RangeLink, message: RangeMessage): void
  /** The link was closed on our side. */
  closed(link: RangeLink, reason?: Error): void
  /** The peer ended the link. */
  ended(link: RangeLink): void
}

/** A peer of the range protocol: all is sent on one stream of ours and read from any of theirs. */
export class RangeLink implements PeerLink {
  readonly peerId: PeerId
  readonly peer: string
  readonly features = { ranges: true, refusals: true, price: false }
  readonly #init: RangeLinkInit
  readonly #abort = new AbortController()
  readonly #streams = new Set<ByteStream>()
  readonly #output: Promise<ByteStream>

  constructor (init: RangeLinkInit) {
    this.peerId = init.peerId
    this.peer = init.peerId.toString()
    this.#init = init
    this.#output = this.#open()
    this.#output.catch(() => { this.#ended() })
  }

  get isClosed (): boolean {
    return this.#abort.signal.aborted
  }

  /** Reads a stream of the peer. */
  attach (stream: ByteStream): void {
    const decoder = new FrameDecoder()

    this.#read(stream, bytes => {
      decoder.push(bytes)
      this.#receive(decoder)
    })
  }

  askHave (root: CID, ranges: IndexRange[]): void {
    this.#say({ type: 'ask', root, ranges })
  }

  request (root: CID, ranges: IndexRange[]): void {
    this.#say({ type: 'request', root, ranges })
  }

  cancel (root: CID, ranges: IndexRange[]): void {
    this.#say({ type: 'cancel', root, ranges })
  }

  presence (root: CID, { have, absent }: { have: IndexRange[], absent: IndexRange[] }): void {
    this.#say({ type: 'presence', root, ranges: have, absent })
  }

  refuse (root: CID, ranges: IndexRange[]): void {
    this.#say({ type: 'refuse', root, ranges })
  }

  account (address: Uint8Array): void {
    this.#say({ type: 'account' }, [address])
  }

  pay (update: Uint8Array): void {
    this.#say({ type: 'pay' }, [update])
  }

  async deliver (root: CID, blocks: ServedBlock[], options?: AbortOptions): Promise<void> {
    for (const batch of batches(blocks)) {
      const stream = await this.#output
      options?.signal?.throwIfAborted()
      stream.send(deliveryFrame(root, batch))
      await stream.drained(options)
    }
  }

  close (reason?: Error): void {
    if (!this.isClosed) {
      this.#abortStreams(reason)
      this.#init.closed(this, reason)
    }
  }

  #ended (): void {
    if (!this.isClosed) {
      this.#abortStreams()
      this.#init.ended(this)
    }
  }

  #abortStreams (reason = new Error('The link was closed')): void {
    this.#abort.abort(reason)
    this.#streams.forEach(stream => { stream.abort(reason) })
  }

  async #open (): Promise<ByteStream> {
    const stream = await this.#init.open({ signal: this.#abort.signal })
    this.#read(stream, () => {})

    return stream
  }

  #read (stream: ByteStream, onData: StreamReader['onData']): void {
    this.#streams.add(stream)
    stream.read({ onData, onEnd: () => { this.#ended() } })

    if (this.isClosed) {
      stream.abort(this.#abort.signal.reason)
    }
  }

  #say (message: Omit<RangeMessage, 'payload'>, payload: Uint8Array[] = []): void {
    const frame = encodeFrame({ ...message, payload: new Uint8ArrayList(...payload) })
    this.#output.then(stream => { stream.send(frame) }).catch(() => { this.#ended() })
  }

  #receive (decoder: FrameDecoder): void {
    try {
      for (let message = decoder.next(); message != null && !this.isClosed; message = decoder.next()) {
        this.#init.received(this, message)
      }
    } catch (err) {
      this.close(err as Error)
    }
  }
}

function deliveryFrame (root: CID, blocks: ServedBlock[]): Uint8ArrayList {
  const payload = new Uint8ArrayList()
  const headers = blocks.map(({ index, cid, data, proof }) => {
    payload.append(data)

    if (proof != null) {
      payload.append(proof)
    }

    return { index, cid, dataBytes: data.byteLength, proofBytes: proof?.byteLength }
  })

  return encodeFrame({ type: 'deliver', root, blocks: headers, payload })
}

/** Blocks of about `DELIVERY_BYTES` together, at least one. */
function * batches (blocks: ServedBlock[]): Generator<ServedBlock[]> {
  let batch: ServedBlock[] = []
  let bytes = 0

  for (const block of blocks) {
    if (batch.length > 0 && bytes + block.data.byteLength > DELIVERY_BYTES) {
      yield batch
      batch = []
      bytes = 0
    }

    batch.push(block)
    bytes += block.data.byteLength
  }

  if (batch.length > 0) {
    yield batch
  }
}
