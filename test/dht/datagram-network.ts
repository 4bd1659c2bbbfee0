import { endpointKey } from '../../src/dht/endpoint.ts'
import type { Endpoint } from '../../src/dht/endpoint.ts'
import type { DatagramSocket } from '../../src/dht/socket.ts'
import type { Clock, Random } from '../../src/interfaces.ts'

export interface DatagramNetworkInit {
  clock: Clock
  random: Random
  /** Milliseconds that a datagram takes, about. 20 by default. */
  latency?: number
  /** Share of the datagrams that are lost. None by default. */
  loss?: number
}

export interface Datagram {
  from: Endpoint
  to: Endpoint
  bytes: Uint8Array
}

/** UDP between sockets of one process, in virtual time. */
export class DatagramNetwork {
  loss: number
  /** Datagrams sent. */
  sent = 0
  /** Called with each datagram; it is lost when this returns false. */
  onDatagram?: (datagram: Datagram) => boolean
  readonly #clock: Clock
  readonly #random: Random
  readonly #latency: number
  readonly #receivers = new Map<string, (bytes: Uint8Array, from: Endpoint) => void>()

  constructor ({ clock, random, latency = 20, loss = 0 }: DatagramNetworkInit) {
    this.#clock = clock
    this.#random = random
    this.#latency = latency
    this.loss = loss
  }

  /** A socket that is bound to an address when it is opened. */
  socket (endpoint: Endpoint): DatagramSocket {
    const key = endpointKey(endpoint)

    return {
      open: async onDatagram => {
        this.#receivers.set(key, onDatagram)

        return endpoint
      },
      send: (bytes, to) => { this.send({ from: endpoint, to, bytes }) },
      close: async () => { this.#receivers.delete(key) }
    }
  }

  /** Sends a datagram, whose source may be a lie. */
  send ({ from, to, bytes }: Datagram): void {
    const copy = new Uint8Array(bytes)
    this.sent++

    if (this.#random() < this.loss || this.onDatagram?.({ from, to, bytes: copy }) === false) {
      return
    }

    this.#clock.setTimeout(() => {
      this.#receivers.get(endpointKey(to))?.(copy, from)
    }, this.#latency * (0.5 + this.#random()))
  }
}
