import { ConnectionClosedError, UnsupportedProtocolError } from '@libp2p/interface'
import { DialError } from '../errors.ts'
import { PacketQueue } from './packet.ts'
import { latencyBetween } from './peer-conditions.ts'
import { SimulatedStream } from './simulated-stream.ts'
import { Waiters } from './waiters.ts'
import type { Packet, PacketKind } from './packet.ts'
import type { PeerConditions } from './peer-conditions.ts'
import type { Pipe } from './pipe.ts'
import type { StreamCarrier } from './simulated-stream.ts'
import type { ByteStream, Clock, ProtocolHandler, Random } from '../interfaces.ts'
import type { AbortOptions, PeerId } from '@libp2p/interface'

/** Milliseconds after which a dial without an answer is given up, as libp2p does. */
const DIAL_TIMEOUT_MS = 10_000

/** What the ends of connections share. */
export interface ConnectionSettings {
  readonly clock: Clock
  readonly windowBytes: number
  readonly highWaterMark: number
  readonly readBufferBytes: number
  /** Decides the jitter. */
  readonly random: Random
  /** A number that no other stream has. */
  streamId(): number
  landed(packet: Packet, from: ConnectionPeer, to: ConnectionPeer): void
}

/** Whose end it is. */
export interface ConnectionPeer {
  readonly peerId: PeerId
  /** `peerId` as text. */
  readonly peer: string
  readonly conditions: PeerConditions
  readonly isOnline: boolean
  readonly handlers: ReadonlyMap<string, ProtocolHandler>
  readonly uplink: Pipe
  readonly downlink: Pipe
  /** This end takes the place of any other to the same peer. */
  adopt(end: ConnectionEnd): void
  discard(end: ConnectionEnd): void
}

/** One side of a connection between simulated peers. What is sent arrives in order. */
export class ConnectionEnd implements StreamCarrier {
  readonly here: ConnectionPeer
  readonly there: ConnectionPeer
  readonly other: ConnectionEnd
  /** Those who wait for the connection to be up. */
  readonly waiters = new Waiters()
  readonly #settings: ConnectionSettings
  readonly #control = new PacketQueue()
  readonly #arrived = new PacketQueue()
  readonly #underWay: Packet[] = []
  readonly #streams = new Set<SimulatedStream>()
  readonly #opening = new Map<SimulatedStream, Waiters>()
  /** Protocols of the other side that our handlers know of. */
  readonly #announced = new Set<string>()
  #spoken = new Set<string>()
  #state: 'opening' | 'up' | 'closed' = 'opening'
  #lastArrival = 0
  #dialTimer: unknown

  constructor (settings: ConnectionSettings, here: ConnectionPeer, there: ConnectionPeer, other?: ConnectionEnd) {
    this.#settings = settings
    this.here = here
    this.there = there
    this.other = other ?? new ConnectionEnd(settings, there, here, this)
  }

  get state (): 'opening' | 'up' | 'closed' {
    return this.#state
  }

  get windowBytes (): number {
    return this.#settings.windowBytes
  }

  get highWaterMark (): number {
    return this.#settings.highWaterMark
  }

  get readBufferBytes (): number {
    return this.#settings.readBufferBytes
  }

  dial (): void {
    this.here.adopt(this)
    this.#dialTimer = this.#settings.clock.setTimeout(() => {
      this.hangUp('The peer did not answer')
    }, DIAL_TIMEOUT_MS)
    this.#tell('hello', () => { this.other.#answer() })
  }

  /** Rejects when the connection cannot be made. Once nobody on either side waits for it, it is given up. */
  async whenUp (options?: AbortOptions): Promise<void> {
    try {
      await this.waiters.wait(options)
    } finally {
      if (this.#state === 'opening' && this.waiters.size + this.other.waiters.size === 0) {
        this.hangUp('Nobody waits for the connection')
      }
    }
  }

  /** Ends the connection here at once, and at the other side when it hears of it. */
  hangUp (reason: string): void {
    if (this.#state !== 'closed') {
      this.#close(reason)
      this.launch(this.packet('lost', () => { this.other.#close('The other side closed the connection') }))
    }
  }

  /** As `hangUp`, but nobody here hears of it. */
  vanish (reason: string): void {
    this.#announced.clear()
    this.#streams.forEach(stream => { stream.forget(new ConnectionClosedError(reason)) })
    this.hangUp(reason)
  }

  async openStream (protocol: string, options?: AbortOptions): Promise<ByteStream> {
    const opened = new Waiters()
    const stream = new SimulatedStream(this.#settings.streamId(), this)
    this.#streams.add(stream)
    this.#opening.set(stream, opened)
    this.#tell('open', () => { this.other.#accept(stream, protocol) }, stream.id)

    try {
      await opened.wait(options)
    } catch (err) {
      stream.abort(new ConnectionClosedError('Nobody waits for the stream'))
      throw err
    } finally {
      this.#opening.delete(stream)
    }

    return stream
  }

  /** The protocols that are spoken here have changed: tells our handlers who speaks them, and the other side. */
  protocolsChanged (): void {
    this.#announce()

    if (this.#state !== 'closed') {
      this.#tellProtocols('protocols')
    }
  }

  /** Our handler of this protocol is gone. */
  forgetProtocol (protocol: string): void {
    this.#announced.delete(protocol)
  }

  wake (stream: SimulatedStream): void {
    this.here.uplink.wake(stream)
  }

  leave (stream: SimulatedStream): void {
    this.#streams.delete(stream)
  }

  packet (kind: PacketKind, arrive: () => void, stream?: number, bytes = 0): Packet {
    return { kind, stream, bytes, spent: 0, from: this, arrive }
  }

  post (packet: Packet): void {
    if (this.#state !== 'closed') {
      this.#control.push(packet)
      this.here.uplink.wakeUrgent(this.#control)
    }
  }

  launch (packet: Packet): void {
    const { clock, random } = this.#settings
    const arrival = Math.max(this.#lastArrival, clock.now() + latencyBetween(this.here.conditions, this.there.conditions, random))
    this.#lastArrival = arrival
    this.#underWay.push(packet)
    clock.setTimeout(() => { this.#arrive() }, arrival - clock.now())
  }

  land (packet: Packet): void {
    if (this.other.#state !== 'closed') {
      this.#settings.landed(packet, this.here, this.there)
      packet.arrive()
    }
  }

  /** The packet sent first arrives first, however the times were rounded. */
  #arrive (): void {
    const packet = this.#underWay.shift()

    if (packet != null) {
      this.other.#arrived.push(packet)
      this.there.downlink.wake(this.other.#arrived)
    }
  }

  #tell (kind: PacketKind, arrive: () => void, stream?: number): void {
    this.post(this.packet(kind, arrive, stream))
  }

  #tellProtocols (kind: 'welcome' | 'ready' | 'protocols'): void {
    const spoken = new Set(this.here.handlers.keys())
    this.#tell(kind, () => { this.other.#learn(spoken, kind) })
  }

  #answer (): void {
    if (this.here.isOnline) {
      this.here.adopt(this)
      this.#tellProtocols('welcome')
    } else {
      this.#close('The peer is offline')
      this.launch(this.packet('refused', () => { this.other.#close('The peer cannot be reached') }))
    }
  }

  #learn (spoken: Set<string>, kind: 'welcome' | 'ready' | 'protocols'): void {
    this.#spoken = spoken

    if (kind !== 'protocols') {
      this.#state = 'up'
      this.#settings.clock.clearTimeout(this.#dialTimer)
    }

    if (kind === 'welcome') {
      this.#tellProtocols('ready')
    }

    this.#announce()
    this.waiters.resolve()
  }

  #accept (theirs: SimulatedStream, protocol: string): void {
    const handler = this.here.handlers.get(protocol)

    if (handler == null) {
      this.#tell('unsupported', () => { this.other.#refused(theirs, protocol) }, theirs.id)
      return
    }

    const stream = new SimulatedStream(theirs.id, this)
    stream.join(theirs)
    this.#streams.add(stream)
    this.#tell('accept', () => { this.other.#opened(theirs, stream) }, stream.id)
    handler.onStream(stream, this.there.peerId)

    if (!stream.isAttended) {
      throw new Error(`The handler of ${protocol} must call read before onStream returns`)
    }
  }

  #opened (stream: SimulatedStream, theirs: SimulatedStream): void {
    stream.join(theirs)
    this.#opening.get(stream)?.resolve()
  }

  #refused (stream: SimulatedStream, protocol: string): void {
    this.#opening.get(stream)?.reject(new UnsupportedProtocolError(`${this.there.peer} does not speak ${protocol}`))
  }

  #announce (): void {
    for (const [protocol, handler] of this.here.handlers) {
      if (!this.#spoken.has(protocol)) {
        this.#withdraw(protocol, handler)
      } else if (this.#state === 'up' && !this.#announced.has(protocol)) {
        this.#announced.add(protocol)
        handler.onConnect(this.there.peerId)
      }
    }
  }

  #withdraw (protocol: string, handler: ProtocolHandler): void {
    if (this.#announced.delete(protocol)) {
      handler.onDisconnect(this.there.peerId)
    }
  }

  #close (reason: string): void {
    if (this.#state === 'closed') {
      return
    }

    const error = new ConnectionClosedError(reason)
    this.#state = 'closed'
    this.#settings.clock.clearTimeout(this.#dialTimer)
    this.#control.clear()
    this.here.discard(this)
    this.waiters.reject(new DialError(`Cannot connect to ${this.there.peer}: ${reason}`, { peer: this.there.peer }))
    this.#opening.forEach(opening => { opening.reject(error) })
    this.#streams.forEach(stream => { stream.lose(error) })
    this.here.handlers.forEach((handler, protocol) => { this.#withdraw(protocol, handler) })
  }
}
