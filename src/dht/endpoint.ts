/**
 * Where datagrams come from and go to, and which of these places are of use to whom.
 */
import { CODE_IP4, CODE_IP6, CODE_TCP, CODE_UDP, multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** An IP address as text and a UDP port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** How far an address reaches. */
export type Scope = 'none' | 'loopback' | 'private' | 'public'

const UDP_ADDRESS_BYTES = 9
/** `udp` as a varint, after the five bytes of `/ip4/…`. */
const UDP_HIGH = 0x91
const UDP_LOW = 0x02

export function endpointKey ({ host, port }: Endpoint): string {
  return `${host}:${port}`
}

export function sameEndpoint (a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.host === b.host
}

/** The first `/ip4/…/udp/…` of binary addresses: the DHT speaks IPv4. */
export function udpEndpoint (addresses: Uint8Array[]): Endpoint | undefined {
  for (const bytes of addresses) {
    if (isUdpAddress(bytes)) {
      const port = (bytes[7] << 8) | bytes[8]
      const host = bytes.subarray(1, 5).join('.')

      if (port > 0 && scopeOf(host) !== 'none') {
        return { host, port }
      }
    }
  }
}

function isUdpAddress (bytes: Uint8Array): boolean {
  return bytes.length === UDP_ADDRESS_BYTES && bytes[0] === CODE_IP4 && bytes[5] === UDP_HIGH && bytes[6] === UDP_LOW
}

/** The address of an endpoint of IPv4, in its binary form. */
export function udpAddress ({ host, port }: Endpoint): Uint8Array {
  return Uint8Array.of(CODE_IP4, ...host.split('.').map(Number), UDP_HIGH, UDP_LOW, port >> 8, port & 0xff)
}

/** The IP address and TCP port of `/ip4/…/tcp/…` and `/ip6/…/tcp/…`, with or without a peer id; nothing for others. */
export function tcpEndpoint (address: Multiaddr): Endpoint | undefined {
  const [ip, tcp, ...rest] = address.getComponents()

  if ((ip?.code === CODE_IP4 || ip?.code === CODE_IP6) && tcp?.code === CODE_TCP && rest.every(({ name }) => name === 'p2p')) {
    return { host: ip.value ?? '', port: Number(tcp.value) }
  }
}

export function tcpAddress ({ host, port }: Endpoint): Multiaddr {
  return multiaddr(`/${isIp4(host) ? 'ip4' : 'ip6'}/${host}/tcp/${port}`)
}

/** The host of an address that begins with one. */
export function hostOf (address: Multiaddr): string | undefined {
  const [ip] = address.getComponents()

  return ip?.code === CODE_IP4 || ip?.code === CODE_IP6 ? ip.value : undefined
}

/** Whether an address is of the kinds that every node of the network can read: an IP address and a port, nothing else. */
export function isPlainAddress (bytes: Uint8Array): boolean {
  if (isUdpAddress(bytes)) {
    return true
  }

  try {
    const [ip, transport, ...rest] = multiaddr(bytes).getComponents()

    return (ip?.code === CODE_IP4 || ip?.code === CODE_IP6) &&
      (transport?.code === CODE_TCP || transport?.code === CODE_UDP) && rest.length === 0
  } catch {
    return false
  }
}

export function isIp4 (host: string): boolean {
  return !host.includes(':')
}

/** The bytes of an IP address: 4 or 16. */
export function ipBytes (host: string): Uint8Array {
  if (isIp4(host)) {
    return Uint8Array.from(host.split('.').map(Number))
  }

  return multiaddr(`/ip6/${host}`).bytes.subarray(-16)
}

/** The text of an IP address of 4 or 16 bytes. */
export function ipText (bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : multiaddr(Uint8Array.of(CODE_IP6, ...bytes)).getComponents()[0].value ?? ''
}

/** How far an IP address reaches; `none` for what is nobody's: unspecified, multicast, reserved. */
export function scopeOf (host: string): Scope {
  return isIp4(host) ? scopeOfIp4(host.split('.', 2).map(Number)) : scopeOfIp6(ipBytes(host))
}

function scopeOfIp4 ([a, b]: ArrayLike<number> & Iterable<number>): Scope {
  if (a === 0 || a >= 224) {
    return 'none'
  }

  if (a === 127) {
    return 'loopback'
  }

  const reserved = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) ||
    (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128)

  return reserved ? 'private' : 'public'
}

function scopeOfIp6 (bytes: Uint8Array): Scope {
  if (bytes.subarray(0, 10).every(byte => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
    return scopeOfIp4(bytes.subarray(12))
  }

  if (bytes.subarray(0, 15).every(byte => byte === 0)) {
    return bytes[15] === 1 ? 'loopback' : 'none'
  }

  if (bytes[0] === 0xff) {
    return 'none'
  }

  return (bytes[0] & 0xfe) === 0xfc || (bytes[0] === 0xfe && (bytes[1] & 0xc0) === 0x80) ? 'private' : 'public'
}

/** Whether someone at `from` may sensibly tell of `host`: what is local to us is not for the public to name. */
export function mayTellOf (from: string, host: string): boolean {
  const scope = scopeOf(host)
  const sender = scopeOf(from)

  return scope === 'public' || (scope === 'private' && sender !== 'public') || (scope === 'loopback' && sender === 'loopback')
}

/** The network that an address is counted to where limits are a network: the /24 of IPv4, the /48 of IPv6. */
export function networkOf (host: string): string {
  return isIp4(host) ? host.slice(0, host.lastIndexOf('.')) : ipBytes(host).subarray(0, 6).join(':')
}
