import type { ConnectionGater } from '@libp2p/interface'

/**
 * Lets each address have `most` connections to us, those that are not through with their handshake included. With fewer
 * than may be in all, one address alone cannot keep the others out.
 */
export function addressLimit (most: number): Pick<ConnectionGater, 'denyInboundConnection'> {
  const connections = new Map<string, number>()

  return {
    denyInboundConnection: connection => {
      const [{ value: address = '' }] = connection.remoteAddr.getComponents()
      const count = connections.get(address) ?? 0

      if (count >= most) {
        return true
      }

      connections.set(address, count + 1)
      connection.addEventListener('close', () => {
        const left = (connections.get(address) ?? 0) - 1

        if (left > 0) {
          connections.set(address, left)
        } else {
          connections.delete(address)
        }
      }, { once: true })

      return false
    }
  }
}
