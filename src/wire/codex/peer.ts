import { CodexError, DialError, ProtocolError } from '../../errors.ts'
import { FrameDecoder } from '../framing.ts'
import { Inbox } from '../inbox.ts'
import { MESSAGE_COST, ROOT_COST, STREAM_COST } from '../limits.ts'
import { Requested } from '../requested.ts'
import { rootKey } from '../root-key.ts'
import { decodeReceived } from './decode.ts'
import { CodexLink } from './link.ts'
import type { Received } from './decode.ts'
import type { LinkHandler } from '../../exchange/peer-link.ts'
import type { ByteStream, Clock } from '../../interfaces.ts'
import type { LinkCounters } from '../counters.ts'
import type { WireLimits } from '../limits.ts'
import type { PeerId } from '@libp2p/interface'

export interface CodexPeerInit {
  readonly peerId: PeerId
  readonly handler: LinkHandler
  readonly limits: WireLimits
  readonly clock: Clock
  /** What the peer makes us hold has changed by so many bytes. */
  held(change: number): void
  /** Opens a stream to the peer. */
  openStream(signal: AbortSignal): Promise<ByteStream>
}

/**
 * A peer while it is connected: its streams, and the link over them. When our stream is lost and the peer may have lost
 * with it what we said, the link ends and another begins; what the peer's own streams bring goes to the new one.
 */
export class CodexPeer {
  readonly #init: CodexPeerInit
  readonly #peer: string
  readonly #requested: Requested
  readonly #inbox: Inbox
  readonly #counters: LinkCounters = { messages: 0, unasked: 0, bytesIn: 0, bytesOut: 0 }
  /** Streams that we read, the oldest first. */
  readonly #inbound = new Map<ByteStream, FrameDecoder>()
  readonly #outbound = new Map<ByteStream, FrameDecoder>()
  /** Losses of our stream since the peer last said something. */
  #failures = 0
  /** Undefined when no stream stayed open, until one does, or when the link was closed, until the peer connects anew. */
  #link?: CodexLink
  #closed = false
  /** Bytes, as they were last told. */
  #held = 0

  constructor (init: CodexPeerInit) {
    this.#init = init
    this.#peer = init.peerId.toString()
    this.#requested = new Requested(init.limits)
    this.#inbox = new Inbox({
      clock: init.clock,
      limits: init.limits,
      receive: message => {
        this.#closeOnError(() => { this.#receive(message) })
        this.#tellHeld()
      },
      overflowed: () => { this.close(new ProtocolError('The peer says more than it may', { peer: this.#peer })) }
    })
  }

  /** Bytes that the peer makes us hold besides those that it was asked for. */
  get heldBytes (): number {
    return this.#held
  }

  get streams (): number {
    return this.#inbound.size + this.#outbound.size
  }

  /** Datasets and standalone blocks that it was asked for, as far as they are remembered. */
  get requestedRoots (): number {
    return this.#requested.roots
  }

  /** Begins an epoch. */
  open (): void {
    const link: CodexLink = new CodexLink({
      peerId: this.#init.peerId,
      peer: this.#peer,
      requested: this.#requested,
      counters: this.#counters,
      outbound: {
        open: async signal => this.#init.openStream(signal),
        opened: stream => { this.#read(stream, this.#outbound) },
        maxQueueBytes: this.#init.limits.queueBytes,
        sent: bytes => { this.#counters.bytesOut += bytes },
        said: () => { this.#tellHeld() },
        lost: (reason, idle) => { this.#lost(link, reason, idle) },
        overflowed: () => { this.close(new CodexError('The peer does not read what we send', { peer: this.#peer })) }
      },
      close: reason => {
        if (this.#link === link) {
          this.close(reason)
        }
      }
    })

    this.#link = link
    this.#init.handler.opened(link)
  }

  /** Tries again: after no stream stayed open, or the link was closed. */
  reopen (): void {
    if (this.#link == null) {
      this.#closed = false
      this.#failures = 0
      this.open()
    }
  }

  /** The peer opened a stream. */
  accept (stream: ByteStream): void {
    if (!this.#closed) {
      this.reopen()
    }

    if (this.#link == null) {
      stream.abort(new CodexError('The link is closed', { peer: this.#peer }))
      return
    }

    this.#inbox.charge(STREAM_COST)

    if (this.#inbox.isOverdrawn) {
      const reason = new ProtocolError('The peer opens more streams than it may', { peer: this.#peer })
      stream.abort(reason)
      this.close(reason)
      return
    }

    if (this.#inbound.size >= this.#init.limits.inboundStreams) {
      const [oldest] = this.#inbound.keys()
      this.#inbound.delete(oldest)
      oldest.abort(new ProtocolError('The peer opened too many streams', { peer: this.#peer }))
    }

    this.#read(stream, this.#inbound)
    // who opens a stream wants an answer: ours is open when it is to be given
    this.#link.outbound.prepare()
  }

  /** Ends the link and every stream. Nothing is heard of the peer afterwards. */
  close (reason?: Error): void {
    this.#closed = true
    this.#end(reason)
  }

  #end (reason?: Error): void {
    const link = this.#link

    if (link == null) {
      return
    }

    const cause = reason ?? new CodexError('The link is closed', { peer: this.#peer })
    const streams = [...this.#inbound.keys(), ...this.#outbound.keys()]
    this.#link = undefined
    this.#inbound.clear()
    this.#outbound.clear()
    this.#inbox.clear()
    this.#tellHeld()
    link.outbound.close(cause)
    streams.forEach(stream => { stream.abort(cause) })
    this.#init.handler.closed(link, reason)
  }

  #lost (link: CodexLink, reason: Error, idle: boolean): void {
    if (this.#link !== link) {
      return
    }

    // only ended streams are left: what is said next opens one, later
    this.#outbound.clear()
    this.#inbox.charge(STREAM_COST)
    this.#failures++

    if (this.#failures >= this.#init.limits.streamFailures) {
      this.#end(new DialError('No stream to the peer stays open', { peer: this.#peer, cause: reason }))
    } else if (!idle || link.isOwed) {
      link.outbound.close(reason)
      this.#init.handler.closed(link)

      // whoever uses it may have closed it
      if (this.#link === link) {
        this.open()
      }
    }
  }

  #read (stream: ByteStream, streams: Map<ByteStream, FrameDecoder>): void {
    const decoder: FrameDecoder = new FrameDecoder({
      limit: () => this.#limit(decoder),
      unaskedBytes: this.#init.limits.controlBytes,
      onMessage: message => {
        if (this.#link != null) {
          this.#inbox.push(message)
        }
      }
    })
    streams.set(stream, decoder)

    stream.read({
      onData: bytes => {
        if (streams.get(stream) !== decoder) {
          return
        }

        this.#counters.bytesIn += bytes.byteLength

        this.#closeOnError(() => { decoder.push(bytes) })
        this.#tellHeld()
      },
      onEnd: reason => {
        if (streams.delete(stream)) {
          this.#tellHeld()
          this.#ended(stream, reason)
        }
      }
    })
  }

  #ended (stream: ByteStream, reason: Error = new CodexError('The peer ended the stream', { peer: this.#peer })): void {
    this.#link?.outbound.ended(stream, reason)
    stream.abort(reason)
  }

  /** What the next message on a stream may have: all streams together get no more than was asked for. */
  #limit (decoder: FrameDecoder): number {
    const { controlBytes, deliveryBytes } = this.#init.limits
    let room = Math.min(deliveryBytes, this.#requested.bytes)

    for (const other of [...this.#inbound.values(), ...this.#outbound.values()]) {
      if (other !== decoder) {
        room -= Math.max(0, other.pendingBytes - controlBytes)
      }
    }

    return controlBytes + Math.max(0, room)
  }

  #tellHeld (): void {
    let partial = 0

    for (const { heldBytes } of [...this.#inbound.values(), ...this.#outbound.values()]) {
      partial += heldBytes
    }

    const before = this.#held
    this.#held = this.#inbox.waitingBytes + Math.max(0, partial - this.#requested.awaitedBytes) + (this.#link?.outbound.queuedBytes ?? 0)
    this.#init.held(this.#held - before)
  }

  #closeOnError (fn: () => void): void {
    try {
      fn()
    } catch (err) {
      if (!(err instanceof ProtocolError)) {
        throw err
      }

      this.close(new ProtocolError(err.message, { peer: this.#peer, cause: err }))
    }
  }

  #receive (message: Uint8Array): void {
    if (this.#link == null) {
      return
    }

    this.#counters.messages++
    this.#failures = 0

    const awaited = this.#requested.bytes
    const received = decodeReceived(message, { requested: this.#requested, limits: this.#init.limits })
    const asked = awaited - this.#requested.bytes
    this.#counters.unasked += received.unasked
    this.#inbox.charge(Math.max(0, message.byteLength + MESSAGE_COST + received.roots * ROOT_COST - asked))
    this.#link.answered(received.answers)
    this.#dispatch(this.#link, received)
  }

  /** Tells what a message says, as long as the link is not closed meanwhile. */
  #dispatch (link: CodexLink, { account, payment, wants, presences, deliveries }: Received): void {
    const { handler } = this.#init
    const tell = (fn: () => void): void => {
      if (this.#link === link) {
        fn()
      }
    }

    if (account != null) {
      tell(() => { handler.account(link, account) })
    }

    if (wants.length > 0) {
      tell(() => { handler.wanted(link, wants) })
    }

    for (const { root, ...answer } of presences) {
      if (this.#requested.knows(rootKey(root.bytes))) {
        tell(() => { handler.have(link, root, answer) })
      }
    }

    if (deliveries.length > 0) {
      tell(() => { handler.delivered(link, deliveries) })
    }

    if (payment != null) {
      tell(() => { handler.payment(link, payment) })
    }
  }
}
