import { KiB, MiB } from '../constants.ts'
import { assertPossible } from './peer-conditions.ts'
import { SimulatedTransport } from './simulated-transport.ts'
import type { Packet, PacketKind } from './packet.ts'
import type { PeerConditions } from './peer-conditions.ts'
import type { TransportNetwork } from './simulated-transport.ts'
import type { Clock, Random } from '../interfaces.ts'

/** A packet that has arrived. */
export interface TraceEvent {
  /** Milliseconds of the clock. */
  time: number
  kind: PacketKind
  /** The sender's id, as text. */
  from: string
  /** The receiver's id, as text. */
  to: string
  /** The stream that it belongs to; a number that no other stream of the network has. */
  stream?: number
  /** Bytes of a stream's data in it. */
  bytes: number
}

/** What a simulated network is made of. */
export interface SimulatedNetworkInit {
  /** Whose time it runs in: a `VirtualClock`. */
  clock: Clock
  /** Decides the jitter. */
  random: Random
  /** Told of every packet as it arrives. The same seeds and the same doings give the same trace. */
  trace?(event: TraceEvent): void
  /**
   * Bytes that a stream may have under way before the other side has taken them, a packet more at most. 1 MiB by default;
   * `Infinity` is a muxer without flow control, as mplex is.
   */
  windowBytes?: number
  /** Bytes that a stream queues before `send` returns false. 256 KiB by default. */
  highWaterMark?: number
  /** Bytes that may come over a stream that nobody reads yet; with more it is reset. libp2p's 4 MiB by default. */
  readBufferBytes?: number
}

/**
 * Many peers in one process, on one clock. A connection takes a round trip to make, and a stream another; what travels
 * takes the latency of both peers, and the bytes of streams share the sender's upload and the receiver's download,
 * in turns. What is not limited is not: by default a peer has 10 ms of latency, no jitter and endless bandwidth.
 *
 * Nothing is lost or reordered within a connection, as with TCP. Everything that happens at one instant happens in the
 * order in which it was set off.
 */
export class SimulatedNetwork {
  readonly #network: TransportNetwork
  readonly #peers: SimulatedTransport[] = []
  readonly #byPeer = new Map<string, SimulatedTransport>()

  constructor ({ clock, random, trace, windowBytes = MiB, highWaterMark = 256 * KiB, readBufferBytes = 4 * MiB }: SimulatedNetworkInit) {
    let streams = 0

    this.#network = {
      clock,
      windowBytes,
      highWaterMark,
      readBufferBytes,
      random,
      streamId: () => streams++,
      landed: ({ kind, stream, bytes }: Packet, from, to) => {
        trace?.({ time: clock.now(), kind, from: from.peer, to: to.peer, stream, bytes })
      },
      find: index => this.#peers[index],
      findPeer: peer => this.#byPeer.get(peer)
    }
  }

  /** All peers, in the order in which they were added. */
  get peers (): readonly SimulatedTransport[] {
    return this.#peers
  }

  /**
   * Adds a peer, which is online.
   *
   * @throws {InvalidParametersError} when a bandwidth is not above 0 or a time is negative
   */
  addPeer (init: Partial<PeerConditions> = {}): SimulatedTransport {
    const conditions = { latency: 10, jitter: 0, upload: Infinity, download: Infinity, ...init }
    assertPossible(conditions)

    const peer = new SimulatedTransport(this.#network, this.#peers.length, conditions)
    this.#peers.push(peer)
    this.#byPeer.set(peer.peer, peer)

    return peer
  }

  /** Cuts the connection between two peers: the first hangs up, the other hears of it after the latency. */
  disconnect (a: SimulatedTransport, b: SimulatedTransport): void {
    a.disconnect(b.peerId)
  }
}
