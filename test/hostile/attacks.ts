/** What hostile peers do, over and over, each until it is told to stop. */
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { blockCid, parseCid } from '../../src/dataset/codecs.ts'
import { accountMessage, deliveryMessage, encodeMessage, presenceMessages, wantMessages } from '../../src/wire/codex/encode.ts'
import { frame } from '../../src/wire/framing.ts'
import { ATTACKERS_ADDRESS, RawPeer, say } from './raw-peer.ts'
import type { RawPeerOptions } from './raw-peer.ts'
import type { Libp2pByteStream } from '../../src/libp2p/byte-stream.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface AttackInit {
  /** The victim's, and what it seeds. */
  address: string
  treeCid: string
  leaves: number
  signal: AbortSignal
}

interface Context extends AttackInit {
  peer: RawPeer
  tree: CID
}

/** One round; it is repeated. It may throw: it was cut off then. */
type Round = (context: Context) => Promise<void>

const HAVE = { have: [{ start: 0, end: 1_024 }], absent: [], price: 0n }

/** Sends messages on one stream. */
async function flood ({ peer, signal }: Context, messages: Iterable<Uint8Array | Uint8ArrayList>): Promise<void> {
  const stream = await peer.open(signal)

  for (const message of messages) {
    await say(stream, frame(message), signal)
  }

  await stream.close()
}

function * times<T> (count: number, make: (i: number) => T): Generator<T> {
  for (let i = 0; i < count; i++) {
    yield make(i)
  }
}

function randomBlock (): CID {
  return blockCid(randomBytes(32))
}

/** Opens streams; those that the other resets or leaves waiting are not among them. */
async function streams ({ peer, signal }: Pick<Context, 'peer' | 'signal'>, count: number): Promise<Libp2pByteStream[]> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(500)])
  const opened = await Promise.allSettled(times(count, async () => peer.open(patience)))
  signal.throwIfAborted()

  return opened.flatMap(result => result.status === 'fulfilled' ? [result.value] : [])
}

const ROUNDS: Record<string, { round: Round, options?: RawPeerOptions }> = {
  garbage: {
    round: async ({ peer, signal }) => {
      const stream = await peer.open(signal)

      for (let i = 0; i < 20; i++) {
        await say(stream, randomBytes(randomInt(1, 65_536)), signal)
      }
    }
  },
  oversized: {
    round: async ({ peer, signal }) => {
      const stream = await peer.open(signal)
      await say(stream, Uint8Array.of(0x80, 0x80, 0x80, 0x32), signal)

      for (let i = 0; i < 50; i++) {
        await say(stream, new Uint8Array(65_536), signal)
      }
    }
  },
  truncated: {
    round: async ({ peer, signal, tree }) => {
      const stream = await peer.open(signal)
      const [message] = wantMessages(tree, [{ start: 0, end: 1_000 }], 'have', () => true)
      await say(stream, frame(message).subarray(0, randomInt(1, message.byteLength)), signal)

      if (randomInt(2) === 0) {
        await stream.close()
      } else {
        stream.abort(new Error('Enough'))
      }
    }
  },
  'slow drip': {
    round: async ({ peer, signal, tree }) => {
      const open = await streams({ peer, signal }, 8)
      const [message] = wantMessages(tree, [{ start: 0, end: 1_000 }], 'have', () => true)

      for (const byte of frame(message).subarray(0, 2_000)) {
        await Promise.all(open.map(async stream => say(stream, Uint8Array.of(byte), signal)))
        await sleep(5, undefined, { signal })
      }
    }
  },
  'half-open streams': {
    round: async context => {
      const open = await streams(context, 20)
      await Promise.all(open.map(async stream => stream.close()))
      await sleep(500, undefined, { signal: context.signal })
    }
  },
  'takes nothing': {
    options: { muxer: 'yamux', reads: false },
    round: async ({ peer, signal, tree, leaves }) => {
      const stream = await peer.open(signal)

      for (const message of wantMessages(tree, [{ start: 0, end: leaves }], 'block', () => true)) {
        await say(stream, frame(message), signal)
      }

      await sleep(5_000, undefined, { signal })
      await peer.hangUp()
    }
  },
  'want flood': {
    round: async context => flood(context, times(50, () => {
      const ranges = Array.from({ length: 1_000 }, () => randomInt(2 ** 31)).sort((a, b) => a - b).map(start => ({ start, end: start + 1 }))

      return wantMessages(context.tree, ranges, randomInt(2) === 0 ? 'have' : 'block', () => false).next().value as Uint8Array
    }))
  },
  'flood of wants of what is not there': {
    round: async context => flood(context, times(50, () => encodeMessage({
      wantlist: { entries: Array.from({ length: 1_000 }, () => ({ address: { leaf: false, cid: randomBlock().bytes }, wantType: 1, sendDontHave: true })) }
    })))
  },
  'presence flood': {
    round: async context => flood(context, times(50, i => presenceMessages(i % 2 === 0 ? context.tree : randomBlock(), HAVE).next().value as Uint8Array))
  },
  'cancel flood': {
    round: async context => flood(context, times(50, () => wantMessages(context.tree, [{ start: 0, end: 1_000 }], 'cancel', () => false).next().value as Uint8Array))
  },
  'unasked blocks': {
    round: async context => flood(context, times(50, () => deliveryMessage(context.tree, [0, 1, 2].map(index => ({ index, cid: randomBlock(), data: randomBytes(65_536) })))))
  },
  accounts: {
    round: async context => flood(context, times(5_000, () => accountMessage(randomBytes(20))))
  },
  'stream flood': {
    round: async context => {
      for (const stream of await streams(context, 90)) {
        stream.abort(new Error('Enough'))
      }
    }
  },
  'connection flood': {
    round: async ({ peer, signal }) => {
      await peer.open(signal)
      await peer.hangUp()
    }
  },
  'half-open connections': {
    round: async ({ address, signal }) => {
      const [, , , , port] = address.split('/')
      const sockets = Array.from({ length: 20 }, () => connect({ host: '127.0.0.1', port: Number(port), localAddress: ATTACKERS_ADDRESS }))
      sockets.forEach(socket => { socket.on('error', () => {}) })
      await once(sockets[0], 'connect', { signal })
      // the others are held open for as long as the victim lets them
      signal.addEventListener('abort', () => { sockets.forEach(socket => { socket.destroy() }) }, { once: true })
      await sleep(250, undefined, { signal })
    }
  }
}

export const ATTACKS = Object.keys(ROUNDS)

export interface AttackFigures {
  rounds: number
  /** Rounds that ended before their time. */
  cutOff: number
}

/** Attacks until `signal` aborts; now and then as somebody else. */
export async function attack (kind: string, init: AttackInit, figures: AttackFigures): Promise<void> {
  const { round, options } = ROUNDS[kind]
  let peer: RawPeer | undefined

  while (!init.signal.aborted) {
    try {
      peer ??= await RawPeer.start(init.address, options)
      await round({ ...init, peer, tree: parseCid(init.treeCid) })
      figures.rounds++
    } catch {
      figures.cutOff++

      if (figures.cutOff % 5 === 0) {
        await peer?.stop()
        peer = undefined
      }

      await sleep(50)
    }
  }

  await peer?.stop()
}
