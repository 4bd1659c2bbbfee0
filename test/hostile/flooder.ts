/** Sends datagrams of a kind to a node of the DHT, so many a second, from many addresses of the loopback network. */
import { randomBytes, randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { loadCrypto, parseSpr } from '../../src/dht/index.ts'
import { encodePacket, HANDSHAKE, maskKey, MESSAGE } from '../../src/dht/packet.ts'
import { identify, isContact } from '../../src/dht/record-book.ts'
import { play } from './role.ts'
import type { FloodInit } from './floods.ts'
import type { AesKey } from '../../src/dht/index.ts'
import type { Socket } from 'node:dgram'

/** Different packets, sent over and over: making one costs more than sending it. */
const PACKETS = 5_000
const SOCKETS = 16
/** Milliseconds between two bursts. */
const BURST_MS = 5

const sockets: Socket[] = []
let timer: NodeJS.Timeout | undefined
let sent = 0

play({
  async begin ({ spr, kind, rate }: FloodInit): Promise<void> {
    const crypto = await loadCrypto()
    const victim = identify(crypto, parseSpr(spr))

    if (!isContact(victim)) {
      throw new Error('the record has no address')
    }

    const { host, port } = victim.endpoint
    const mask = maskKey(crypto, victim.id)
    const packets = Array.from({ length: PACKETS }, () => make(kind, mask))
    const startedAt = performance.now()
    sent = 0
    await open()

    timer = setInterval(() => {
      const due = Math.min(Math.floor((performance.now() - startedAt) * rate / 1_000) - sent, rate / 10)

      for (let i = 0; i < due; i++, sent++) {
        sockets[sent % SOCKETS].send(packets[sent % PACKETS], port, host, () => {})
      }
    }, BURST_MS)
  },

  /** How many were sent. */
  end (): number {
    clearInterval(timer)

    return sent
  }
}, async () => {
  clearInterval(timer)
  sockets.forEach(socket => { socket.close() })
})

function make (kind: FloodInit['kind'], mask: AesKey): Uint8Array {
  switch (kind) {
    case 'garbage': return randomBytes(randomInt(0, 1_280))
    case 'messages of strangers': return packet(MESSAGE, 32, 20, mask)
    default: return packet(HANDSHAKE, 320, 60, mask)
  }
}

function packet (flag: number, authdata: number, sealed: number, mask: AesKey): Uint8Array {
  return encodePacket({ flag, iv: randomBytes(16), nonce: randomBytes(12), authdata: randomBytes(authdata), seal: () => randomBytes(sealed) }, mask).datagram
}

/** Linux has all of 127.0.0.0/8; elsewhere there is one address. */
async function open (): Promise<void> {
  while (sockets.length < SOCKETS) {
    const socket = createSocket('udp4')
    socket.bind(0, process.platform === 'linux' ? `127.0.1.${sockets.length + 1}` : '127.0.0.1')
    await once(socket, 'listening')
    sockets.push(socket)
  }
}
