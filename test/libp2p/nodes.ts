import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { mplex } from '@libp2p/mplex'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

type Stack = Required<Pick<Libp2pOptions, 'connectionEncrypters' | 'streamMuxers'>>

/** What runs over TCP, by name: the reference node's, then those that two of us can choose. */
export const STACKS: Record<'noise and mplex' | 'noise and yamux' | 'tls and yamux', () => Stack> = {
  'noise and mplex': () => ({ connectionEncrypters: [noise()], streamMuxers: [mplex()] }),
  'noise and yamux': () => ({ connectionEncrypters: [noise()], streamMuxers: [yamux()] }),
  'tls and yamux': () => ({ connectionEncrypters: [tls()], streamMuxers: [yamux()] })
}

export type StackName = keyof typeof STACKS

/** A started node on this machine's loopback; `other` takes the place of parts of the stack. */
export async function startNode (stack: StackName = 'noise and mplex', other: Partial<Stack> = {}): Promise<Libp2p> {
  return createLibp2p({
    privateKey: await generateKeyPair('secp256k1'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), identifyPush: identifyPush({ debounce: 10 }) },
    ...STACKS[stack](),
    ...other
  })
}

/** Ends what is between two nodes. */
export async function disconnect (a: Libp2p, b: Libp2p): Promise<void> {
  await Promise.all([a.hangUp(b.peerId), b.hangUp(a.peerId)])
}
