/** A store with one tree, and peers that want something of it, by hand. */
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { blockCid, treeCid } from '../../src/dataset/codecs.ts'
import { Server } from '../../src/exchange/server.ts'
import { simulatedPeerId, VirtualClock } from '../../src/testing/index.ts'
import type { Limits } from '../../src/constants.ts'
import type { IndexRange } from '../../src/dataset/ranges.ts'
import type { PeerLink, PeerWant, ServedBlock } from '../../src/exchange/peer-link.ts'
import type { LocalStore } from '../../src/stores/local-store.ts'
import type { CID } from 'multiformats/cid'

export const LEAVES = 1_000_000
export const root = treeCid(new Uint8Array(32).fill(1))

/** A tree of which nothing is here. */
export function otherRoot (n: number): CID {
  const digest = new Uint8Array(32).fill(2)
  new DataView(digest.buffer).setUint32(0, n)

  return treeCid(digest)
}

/** Single indices with gaps between them. */
export function sparse (count: number, from = 0): IndexRange[] {
  return Array.from({ length: count }, (_, i) => ({ start: from + 2 * i, end: from + 2 * i + 1 }))
}

export function want (kind: PeerWant['kind'], ranges: IndexRange[], of = root): PeerWant {
  return { root: of, ranges, kind, tellAbsent: true }
}

/** A store that has the first `present` leaves of `root`, each of `blockSize` bytes. */
export class FakeStore {
  blockSize = 64
  present = LEAVES
  /** Trees that are in use. */
  users = 0
  /** Bytes of blocks that were read. */
  read = 0
  /** What a lookup waits for. */
  gate: Promise<void> = Promise.resolve()

  async findTree (cid: CID): Promise<unknown> {
    await this.gate

    if (!cid.equals(root)) {
      return undefined
    }

    this.users++

    return {
      shape: { root, leaves: LEAVES, blockSize: this.blockSize },
      presentIn: async ({ start, end }: IndexRange) => start < this.present ? [{ start, end: Math.min(end, this.present) }] : [],
      read: async (index: number) => {
        this.read += this.blockSize

        return { cid: blockCid(new Uint8Array(32)), data: new Uint8Array(this.blockSize), proof: { index, leaves: LEAVES, path: [] } }
      },
      release: () => { this.users-- }
    }
  }

  async hasBlock (): Promise<boolean> {
    return false
  }

  async getBlock (): Promise<undefined> {
    return undefined
  }
}

/** A peer that takes what is delivered, unless it is stuck. */
export class FakeClient implements Partial<PeerLink> {
  readonly peerId
  readonly peer: string
  readonly answers: Array<{ have: IndexRange[], absent: IndexRange[] }> = []
  readonly deliveries: ServedBlock[][] = []
  /** It takes no delivery. */
  stuck = false
  closed = false

  constructor (n: number) {
    this.peerId = simulatedPeerId(n)
    this.peer = this.peerId.toString()
  }

  get blocks (): number {
    return this.deliveries.flat().length
  }

  presence (_: CID, answer: { have: IndexRange[], absent: IndexRange[] }): void {
    this.answers.push(answer)
  }

  async deliver (_: CID, blocks: ServedBlock[], { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.stuck) {
      await new Promise((resolve, reject) => { signal?.addEventListener('abort', () => { reject(new Error('aborted')) }) })
    }

    this.deliveries.push(blocks)
  }
}

export interface TestServer {
  server: Server
  store: FakeStore
  clock: VirtualClock
  /** Peers that were given up, and why. */
  failed: Array<{ peer: string, error: Error }>
  /** Says what a peer wants, and lets the server do what it can now. */
  say(client: FakeClient, ...wants: PeerWant[]): Promise<void>
}

export function serverWith (limits: Partial<Limits> = {}): TestServer {
  const store = new FakeStore()
  const clock = new VirtualClock()
  const failed: TestServer['failed'] = []
  const links = new Map<string, PeerLink>()
  const server = new Server({
    store: store as unknown as LocalStore,
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    price: 0n,
    served () {},
    failed: (peer, error) => {
      failed.push({ peer, error })
      server.closed(links.get(peer) as PeerLink)
    }
  })

  return {
    server,
    store,
    clock,
    failed,
    say: async (client, ...wants) => {
      const link = client as unknown as PeerLink
      links.set(client.peer, link)
      server.wanted(link, wants)
      await settled()
    }
  }
}

/** Lets everything that waits for a promise go on. */
export async function settled (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}
