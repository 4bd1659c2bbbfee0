/** A libp2p node that says what it likes to one other, with the protocol's id and none of its manners. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { mplex } from '@libp2p/mplex'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Libp2pByteStream } from '../../src/libp2p/byte-stream.ts'
import { CODEX_PROTOCOL } from '../../src/wire/codex/protocol.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

/** Streams each way that a raw peer has. */
const STREAMS = 10_000

/** Where attackers come from, so that what is allowed of one address is not what honest peers need: all of 127/8 is ours on Linux. */
export const ATTACKERS_ADDRESS = process.platform === 'linux' ? '127.0.0.2' : undefined

export interface RawPeerOptions {
  muxer?: 'mplex' | 'yamux'
  /** False: it takes nothing of what the other sends. */
  reads?: boolean
}

export class RawPeer {
  readonly #libp2p: Libp2p
  readonly #address: string
  /** Bytes that came. */
  received = 0

  private constructor (libp2p: Libp2p, address: string) {
    this.#libp2p = libp2p
    this.#address = address
  }

  static async start (address: string, { muxer = 'mplex', reads = true }: RawPeerOptions = {}): Promise<RawPeer> {
    // handed on to `net.connect`, which knows it
    const dialOpts: object = { localAddress: ATTACKERS_ADDRESS }
    const libp2p = await createLibp2p({
      privateKey: await generateKeyPair('secp256k1'),
      transports: [tcp({ dialOpts })],
      connectionEncrypters: [noise()],
      streamMuxers: [muxer === 'mplex' ? mplex() : yamux()],
      connectionMonitor: { enabled: false },
      connectionManager: { reconnectRetries: 0 },
      services: { identify: identify() }
    })
    const peer = new RawPeer(libp2p, address)
    await libp2p.handle(CODEX_PROTOCOL, stream => {
      if (reads) {
        peer.#read(stream)
      } else {
        stream.pause()
      }
    }, { maxInboundStreams: STREAMS })

    return peer
  }

  /** Opens a stream, on a connection that is made if there is none. */
  async open (signal: AbortSignal): Promise<Libp2pByteStream> {
    const connection = await this.#libp2p.dial(multiaddr(this.#address), { signal })
    const stream = await connection.newStream(CODEX_PROTOCOL, { signal, maxOutboundStreams: STREAMS })
    const bytes = new Libp2pByteStream(stream)
    bytes.read({ onData: data => { this.received += data.byteLength }, onEnd () {} })

    return bytes
  }

  async hangUp (): Promise<void> {
    await this.#libp2p.hangUp(multiaddr(this.#address))
  }

  async stop (): Promise<void> {
    await this.#libp2p.stop()
  }

  #read (stream: Stream): void {
    stream.addEventListener('message', ({ data }) => { this.received += data.byteLength })
  }
}

/** Sends, and waits where the other does not take it. */
export async function say (stream: Libp2pByteStream, bytes: Parameters<Libp2pByteStream['send']>[0], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()

  if (!stream.send(bytes)) {
    await stream.drained({ signal })
  }
}
