import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { mplex } from '@libp2p/mplex'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { noiseCrypto } from '../../src/node/noise-crypto.ts'
import type { Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

type Stack = Required<Pick<Libp2pOptions, 'connectionEncrypters' | 'streamMuxers'>>

const MIB = 2 ** 20

// a paused stream is reset when its window outgrows what libp2p buffers for it
const yamuxMuxer = yamux({ streamOptions: { maxStreamWindowSize: 4 * MIB } })

/**
 * What runs over TCP, by name. The first is the reference node's; `tuned` stands for noise with the crypto of `createNode`
 * in place of the one that libp2p comes with.
 */
export const STACKS = {
  'noise+mplex': (): Stack => ({ connectionEncrypters: [noise()], streamMuxers: [mplex()] }),
  'noise+yamux': (): Stack => ({ connectionEncrypters: [noise()], streamMuxers: [yamuxMuxer] }),
  'tuned+mplex': (): Stack => ({ connectionEncrypters: [noise({ crypto: noiseCrypto })], streamMuxers: [mplex()] }),
  'tuned+yamux': (): Stack => ({ connectionEncrypters: [noise({ crypto: noiseCrypto })], streamMuxers: [yamuxMuxer] }),
  'tls+yamux': (): Stack => ({ connectionEncrypters: [tls()], streamMuxers: [yamuxMuxer] })
}

export type StackName = keyof typeof STACKS

/** A started node on the loopback interface. */
export async function startNode (stack: Stack): Promise<Libp2p> {
  return createLibp2p({
    privateKey: await generateKeyPair('secp256k1'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
    ...stack
  })
}
