/** UDP on Node.js. */
import { createSocket } from 'node:dgram'
import type { DatagramSocket } from './socket.ts'
import type { Socket } from 'node:dgram'

export interface UdpSocketInit {
  /** IPv4 address to listen on. All by default. */
  host?: string
  /** Any free one by default. */
  port?: number
}

/** A UDP socket for the DHT, IPv4. */
export function udpSocket ({ host = '0.0.0.0', port = 0 }: UdpSocketInit = {}): DatagramSocket {
  let socket: Socket | undefined

  return {
    async open (onDatagram) {
      const opened = createSocket('udp4')
      socket = opened
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      opened.once('error', reject)
      opened.bind(port, host, resolve)

      try {
        await promise
      } catch (err) {
        opened.close()
        socket = undefined
        throw err
      }

      // whatever a network says afterwards, a datagram is lost, no more
      opened.off('error', reject)
      opened.on('error', () => {})
      opened.on('message', (datagram, { address, port }) => { onDatagram(datagram, { host: address, port }) })
      const { address, port: bound } = opened.address()

      return { host: address, port: bound }
    },

    send (datagram, { host, port }) {
      socket?.send(datagram, port, host, () => {})
    },

    async close () {
      const closing = socket
      socket = undefined

      if (closing != null) {
        const { promise, resolve } = Promise.withResolvers<void>()
        closing.close(resolve)
        await promise
      }
    }
  }
}
