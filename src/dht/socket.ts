import type { Endpoint } from './endpoint.ts'

/** Sends and receives datagrams: UDP, or a simulation of it. May be opened again after it was closed. */
export interface DatagramSocket {
  /**
   * Binds it, and hands over every datagram from then on. The memory is the receiver's to keep.
   *
   * @returns where it is bound; the host may be `0.0.0.0`
   * @throws {Error} when it cannot be bound
   */
  open(onDatagram: (datagram: Uint8Array, from: Endpoint) => void): Promise<Endpoint>
  /** Sends, or loses, a datagram. Never throws. */
  send(datagram: Uint8Array, to: Endpoint): void
  /** No datagram comes after it. */
  close(): Promise<void>
}
