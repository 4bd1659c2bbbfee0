/**
 * Hours of virtual time in a network of a seed: files are stored, read by many and deleted, peers join, leave, crash and
 * lie, lookups fail. Three nodes are there from the first minute to the last: what they hold must not grow.
 */
import { KiB, MiB } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { CodexError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'
import { delay } from '../../src/testing/delay.ts'
import { int, pick, seededContent, seededRandom, SimulatedDiscovery, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import { simulatedPeerId } from '../../src/testing/simulated-peer-id.ts'
import { SoakNode } from './soak-node.ts'
import type { Codex } from '../../src/index.ts'
import type { Random } from '../../src/interfaces.ts'
import type { CID } from 'multiformats/cid'

/** Nodes that stay. */
const LASTING = 3
/** Nodes that come and go. */
const PASSING = 21
/** Ids of peers that discovery names and that are nowhere: they begin here. */
const NOWHERE = { first: 1_000, count: 40 }
/** Files in the network at a time. */
const FILES = 24
/** Readers at a time. */
const READERS = 6
const SECOND = 1_000
const MINUTE = 60 * SECOND

interface File {
  /** Of its content. */
  seed: number
  size: number
  cid: CID
  treeCid: CID
}

/** What was done so far. */
export interface SoakFigures {
  stored: number
  deleted: number
  downloads: number
  /** Ended by their reader. */
  givenUp: number
  /** Failed with an error of the library: the file's peers were gone. */
  failed: number
  bytes: number
  joined: number
  left: number
  crashed: number
  garbage: number
}

export class Soak {
  readonly clock = new VirtualClock()
  readonly figures: SoakFigures = { stored: 0, deleted: 0, downloads: 0, givenUp: 0, failed: 0, bytes: 0, joined: 0, left: 0, crashed: 0, garbage: 0 }
  readonly #random: Random
  readonly #network: SimulatedNetwork
  readonly #discovery: SimulatedDiscovery
  readonly #lasting: SoakNode[]
  readonly #passing: SoakNode[]
  readonly #nowhere = Array.from({ length: NOWHERE.count }, (_, i) => simulatedPeerId(NOWHERE.first + i))
  /** The oldest first. */
  readonly #files: File[] = []
  /** Deleted since it was last calm; an announcement of them may come late. */
  readonly #deleted: File[] = []
  #quiet = false
  #actors: Array<Promise<void>> = []

  constructor (seed: number) {
    const { clock } = this
    this.#random = seededRandom(seed)
    this.#network = new SimulatedNetwork({ clock, random: this.#random })
    this.#discovery = new SimulatedDiscovery({ clock, latency: 200 })
    this.#lasting = Array.from({ length: LASTING }, () => this.#addNode())
    this.#passing = Array.from({ length: PASSING }, () => this.#addNode())
  }

  /** The nodes that are there all the time. */
  get lasting (): readonly SoakNode[] {
    return this.#lasting
  }

  async start (): Promise<void> {
    await Promise.all(this.#lasting.map(async node => { await node.join() }))
  }

  /** Lets the network live until it is told to `calm` down. */
  stir (): void {
    const act = async (least: number, most: number, what: () => Promise<void>): Promise<void> => {
      while (!this.#quiet) {
        await delay(this.clock, int(this.#random, least, most))

        if (!this.#quiet) {
          await what()
        }
      }
    }

    this.#quiet = false
    this.#actors = [
      act(10 * SECOND, 90 * SECOND, async () => this.#store()),
      act(20 * SECOND, 90 * SECOND, async () => this.#churn()),
      act(5 * SECOND, 60 * SECOND, async () => this.#disturb()),
      act(5 * MINUTE, 15 * MINUTE, async () => this.#collect()),
      ...Array.from({ length: READERS }, async () => act(SECOND, 30 * SECOND, async () => this.#read()))
    ]
  }

  /** Ends all that goes on, lets everyone leave who does not last, deletes every file, and waits. */
  async calm (): Promise<void> {
    this.#quiet = true
    await Promise.all(this.#actors)

    for (const node of this.#passing) {
      await node.leave()
      node.beginAnew(false)
    }

    while (this.#files.length > 0) {
      await this.#delete()
    }

    await delay(this.clock, 15 * MINUTE)

    for (const file of this.#deleted.splice(0)) {
      this.#forget(file)

      // a download that had begun before may have kept what came after
      for (const { codex } of this.#lasting) {
        await codex?.delete(file.cid)
      }
    }

    for (const { codex } of this.#lasting) {
      await collect(codex)
    }
  }

  async stop (): Promise<void> {
    await Promise.all(this.#lasting.map(async node => { await node.leave() }))
    await delay(this.clock, 15 * MINUTE)
  }

  #addNode (): SoakNode {
    const random = this.#random
    const transport = this.#network.addPeer({
      latency: int(random, 1, 80),
      jitter: int(random, 0, 10),
      upload: int(random, 300, 10_000) * KiB,
      download: int(random, 1_000, 20_000) * KiB
    })

    return new SoakNode({ clock: this.clock, random, transport, discovery: this.#discovery })
  }

  #someone (): SoakNode & { codex: Codex } {
    return pick(this.#random, [...this.#lasting, ...this.#passing].filter((node): node is SoakNode & { codex: Codex } => node.codex != null))
  }

  async #store (): Promise<void> {
    const random = this.#random
    const seed = this.figures.stored++
    const size = int(random, 1, pick(random, [KiB, 100 * KiB, MiB]))
    const { codex } = this.#someone()
    const cid = await codex.store(seededContent(seed)(size), { blockSize: pick(random, [1, 4, 16, 64]) * KiB, filename: `${seed}.bin` }).catch(asked)

    if (cid != null) {
      const { treeCid } = await codex.manifest(cid, { offline: true })
      this.#files.push({ seed, size, cid, treeCid })
      this.#discovery.add(cid, pick(random, this.#nowhere))
    }

    if (this.#files.length > FILES) {
      await this.#delete()
    }
  }

  /** Deletes the oldest file wherever it is. */
  async #delete (): Promise<void> {
    const file = this.#files.shift()

    if (file == null) {
      return
    }

    this.#forget(file)
    this.#deleted.push(file)

    for (const { codex } of [...this.#lasting, ...this.#passing]) {
      this.figures.deleted += await codex?.delete(file.cid).catch(asked) === true ? 1 : 0
    }
  }

  #forget ({ cid, treeCid }: File): void {
    for (const peerId of [...this.#nowhere, ...this.#network.peers.map(({ peerId }) => peerId)]) {
      this.#discovery.remove(cid, peerId)
      this.#discovery.remove(treeCid, peerId)
    }
  }

  /** Someone reads a file, or a part of it, or begins to; slowly or not, keeping it or not. */
  async #read (): Promise<void> {
    if (this.#files.length === 0) {
      return
    }

    const random = this.#random
    const { seed, size, cid } = pick(random, this.#files)
    const offset = random() < 0.7 ? 0 : int(random, 0, size)
    const length = random() < 0.7 ? undefined : int(random, 1, size)
    const givesUpAfter = random() < 0.1 ? int(random, 0, size) : Infinity
    const pause = random() < 0.2 ? int(random, 1, 500) : 0
    const expected = seededContent(seed)(size).subarray(offset, length == null ? undefined : offset + length)
    const download = this.#someone().codex.download(cid, { offset, length, store: random() < 0.8 })
    let at = 0
    this.figures.downloads++

    try {
      for await (const chunk of download) {
        assertEqual(chunk, expected.subarray(at, at + chunk.byteLength), seed)
        at += chunk.byteLength

        if (at > givesUpAfter) {
          this.figures.givenUp++
          break
        }

        await delay(this.clock, pause)
      }
    } catch (err) {
      asked(err)
      this.figures.failed++
    }

    this.figures.bytes += at
  }

  /** Someone comes, goes or dies. */
  async #churn (): Promise<void> {
    const random = this.#random
    const node = pick(random, this.#passing)

    if (node.codex == null) {
      if (random() < 0.5) {
        node.beginAnew(random() < 0.2)
      }

      this.figures.joined++
      node.transport.goOnline()
      await node.join()
    } else if (random() < 0.5) {
      this.figures.left++
      await node.leave()
    } else {
      this.figures.crashed++
      await node.crash()
    }
  }

  /** A connection breaks, or a peer stalls for a while. */
  async #disturb (): Promise<void> {
    const { transport } = this.#someone()

    if (this.#random() < 0.5) {
      this.#network.disconnect(transport, this.#someone().transport)
      return
    }

    transport.stall()
    await delay(this.clock, int(this.#random, 100, 20_000))
    transport.resume()
  }

  /** Someone finds bytes that a kill left. */
  async #collect (): Promise<void> {
    const { blockstore, codex } = this.#someone()
    const bytes = seededContent(this.figures.garbage++ + 2 ** 30)(KiB)
    blockstore.put(blockCid(hasher.digestNode(bytes)), bytes)
    await collect(codex).catch(asked)
  }
}

async function collect (codex?: Codex): Promise<void> {
  const collecting = codex?.gc()

  for (let ended = collecting == null; !ended;) {
    ended = (await collecting?.next())?.done === true
  }
}

/** Passes over errors that are to be expected where peers come and go: those of the library. */
function asked (err: unknown): undefined {
  if (!(err instanceof CodexError)) {
    throw err
  }
}

function assertEqual (chunk: Uint8Array, expected: Uint8Array, seed: number): void {
  if (chunk.byteLength !== expected.byteLength || chunk.some((byte, i) => byte !== expected[i])) {
    throw new Error(`wrong bytes of file ${seed}`)
  }
}
