/** What the simulated benchmarks share: a network in virtual time, and nodes whose blocks are in memory once for all. */
import { BaseBlockstore } from 'blockstore-core'
import { NotFoundError } from 'interface-store'
import { toString } from 'uint8arrays/to-string'
import { createCodex } from '../src/index.ts'
import { runPromise, seededRandom, SimulatedNetwork, VirtualClock } from '../src/testing/index.ts'
import type { Codex, CodexInit } from '../src/index.ts'
import type { Random } from '../src/interfaces.ts'
import type { PeerConditions, SimulatedTransport } from '../src/testing/index.ts'
import type { Blockstore, InputPair, Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'

export const SEEDS = [1, 2, 3, 4, 5]
/** Bytes a second. */
export const MBIT = 125_000
/** Bytes that a socket takes before it says that it is full, as Node.js has it. */
const SOCKET_BYTES = 65_536

export interface Node {
  codex: Codex
  transport: SimulatedTransport
}

/**
 * A network with libp2p's limits over mplex: no flow control, 64 KiB before a writer waits, and 4 MiB that may lie
 * unread before a stream is reset. The path itself is ideal: what TCP takes to find its speed is not simulated.
 */
export class Simulation {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly #nodes: Node[] = []
  readonly #bytes = new Map<string, Uint8Array>()

  constructor (seed: number) {
    const { clock } = this
    this.random = seededRandom(seed)
    this.network = new SimulatedNetwork({ clock, random: this.random, windowBytes: Infinity, highWaterMark: SOCKET_BYTES })
  }

  async addNode (conditions: Partial<PeerConditions>, more: Partial<CodexInit> = {}): Promise<Node> {
    const { clock, random } = this
    const transport = this.network.addPeer(conditions)
    const codex = createCodex({ transport, blockstore: new SharedBlockstore(this.#bytes), clock, random, ...more })
    await codex.start()
    const node = { codex, transport }
    this.#nodes.push(node)

    return node
  }

  /** Runs until all is done, then stops every node. */
  async run<T> (play: () => Promise<T>): Promise<T> {
    return runPromise(this.clock, play().finally(async () => Promise.all(this.#nodes.map(async ({ codex }) => codex.stop()))))
  }
}

/** Knows which blocks it has, and has their bytes in common with others. */
class SharedBlockstore extends BaseBlockstore implements Blockstore {
  readonly #bytes: Map<string, Uint8Array>
  readonly #has = new Set<string>()

  constructor (bytes: Map<string, Uint8Array>) {
    super()
    this.#bytes = bytes
  }

  async put (cid: CID, value: InputPair['bytes']): Promise<CID> {
    const key = keyOf(cid)

    if (!this.#bytes.has(key)) {
      const chunks: Uint8Array[] = []

      for await (const chunk of value instanceof Uint8Array ? [value] : value) {
        chunks.push(chunk)
      }

      this.#bytes.set(key, new Uint8Array(Buffer.concat(chunks)))
    }

    this.#has.add(key)

    return cid
  }

  async * get (cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = this.#has.has(keyOf(cid)) ? this.#bytes.get(keyOf(cid)) : undefined

    if (bytes == null) {
      throw new NotFoundError(`There is no block ${cid}`)
    }

    yield bytes
  }

  async has (cid: CID): Promise<boolean> {
    return this.#has.has(keyOf(cid))
  }

  async delete (cid: CID): Promise<void> {
    this.#has.delete(keyOf(cid))
  }

  async * getAll (): AsyncGenerator<Pair> {}
}

function keyOf (cid: CID): string {
  return toString(cid.multihash.digest, 'base64')
}
