import { int, pick, runPromise, VirtualClock } from '../../src/testing/index.ts'
import { DhtNetwork } from './dht-network.ts'
import type { DhtCrypto } from '../../src/dht/crypto.ts'
import type { Dht } from '../../src/dht/dht.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Random } from '../../src/interfaces.ts'

const MINUTE = 60_000
/** Milliseconds between two nodes that join while the network grows. */
const JOIN_MS = 20
/** Nodes that one who joins is told of. */
const BOOTSTRAP = 3
/** Milliseconds after its announcement until a content is looked for, at most. */
const MAX_AGE = 5 * MINUTE

export interface ChurnInit {
  crypto: DhtCrypto
  random: Random
  nodes: number
  /** Share of the nodes that vanish each minute; as many others come. */
  churn: number
  /** Minutes in which contents are announced, after one of churn before and in front of five in which they are looked for. */
  minutes: number
  /** Contents announced, and looked for once each where their provider is still there. */
  contents: number
}

/** One lookup of a content whose provider was there. */
export interface Looked {
  found: boolean
  /** Of the way to who knew the provider first. */
  rounds: number
  /** Milliseconds until the provider was found, or the lookup ended. */
  took: number
  /** Datagrams from and to the asker until the lookup ended, those of its upkeep with them. */
  datagrams: number
  /** Milliseconds since the announcement. */
  age: number
}

export interface ChurnFigures {
  looked: Looked[]
  /** Nodes that vanished. */
  gone: number
  /** Milliseconds of virtual time. */
  duration: number
  /** Datagrams a node and second, in all. */
  load: number
}

/** A network in virtual time whose nodes come and go, while some announce and others look for it. */
export async function churn (init: ChurnInit): Promise<ChurnFigures> {
  return new Churn(init).run()
}

class Churn {
  readonly #init: ChurnInit
  readonly #clock = new VirtualClock()
  readonly #network: DhtNetwork
  readonly #nodes: Dht[] = []
  readonly #looked: Looked[] = []
  /** Datagrams from and to those who look for something, by host. */
  readonly #watched = new Map<string, number>()
  readonly #work = new Set<Promise<unknown>>()
  #gone = 0

  constructor (init: ChurnInit) {
    const { random, crypto } = init
    this.#init = init
    this.#network = new DhtNetwork({ clock: this.#clock, random, crypto })
    this.#network.datagrams.onDatagram = ({ from, to }) => {
      this.#note(from.host)
      this.#note(to.host)

      return true
    }
  }

  async run (): Promise<ChurnFigures> {
    const { nodes, churn, minutes, contents } = this.#init

    while (this.#nodes.length < nodes) {
      await this.#join()
      await this.#clock.advance(JOIN_MS)
    }

    const grown = { at: this.#clock.now(), sent: this.#network.datagrams.sent }
    this.#repeat(MINUTE / (churn * nodes), (1 + minutes + MAX_AGE / MINUTE) * churn * nodes, async () => {
      this.#vanish()
      await this.#join()
    })
    await this.#clock.advance(MINUTE)
    this.#repeat(minutes * MINUTE / contents, contents, async () => this.#announce())
    await this.#clock.advance(minutes * MINUTE + MAX_AGE)
    const load = (this.#network.datagrams.sent - grown.sent) / (this.#clock.now() - grown.at) * 1_000 / nodes
    // who still looks for something is not stopped
    await runPromise(this.#clock, Promise.all(this.#work))
    await runPromise(this.#clock, Promise.all(this.#nodes.map(async node => node.stop())))

    return { looked: this.#looked, gone: this.#gone, duration: this.#clock.now(), load }
  }

  /** Does something so many times. */
  #repeat (ms: number, times: number, fn: () => Promise<void>): void {
    if (times >= 1) {
      this.#clock.setTimeout(() => {
        this.#run(fn())
        this.#repeat(ms, times - 1, fn)
      }, ms)
    }
  }

  #run (work: Promise<unknown>): void {
    this.#work.add(work)
    void work.finally(() => { this.#work.delete(work) })
  }

  async #join (): Promise<void> {
    const node = this.#network.node(this.#bootstrap())
    await node.start()
    this.#nodes.push(node)
  }

  #bootstrap (): Contact[] {
    const { random } = this.#init
    const known = Array.from({ length: Math.min(BOOTSTRAP, this.#nodes.length) }, () => pick(random, this.#nodes))

    return [...new Set(known)].map(node => this.#network.contactOf(node))
  }

  /** Without a word. */
  #vanish (): void {
    const [gone] = this.#nodes.splice(int(this.#init.random, 0, this.#nodes.length), 1)
    this.#gone++
    this.#run(gone.stop())
  }

  async #announce (): Promise<void> {
    const { random, crypto } = this.#init
    const provider = pick(random, this.#nodes)
    const contentId = crypto.randomBytes(32)
    // it may vanish meanwhile
    const told = await provider.announce(contentId).catch(() => 0)
    const announced = this.#clock.now()

    if (told > 0) {
      this.#clock.setTimeout(() => { this.#run(this.#look(provider, contentId, announced)) }, random() * MAX_AGE)
    }
  }

  async #look (provider: Dht, contentId: Uint8Array, announced: number): Promise<void> {
    if (!this.#nodes.includes(provider)) {
      return
    }

    const asker = pick(this.#init.random, this.#nodes.filter(node => node !== provider))
    const { host } = this.#network.contactOf(asker).endpoint
    const before = this.#watched.get(host) ?? 0
    const since = this.#clock.now()
    const looked: Looked = { found: false, rounds: 0, took: 0, datagrams: 0, age: since - announced }
    this.#watched.set(host, before)

    try {
      for await (const { record, round } of asker.findProviders(contentId)) {
        if (!looked.found && Buffer.compare(record.publicKey, provider.self.publicKey) === 0) {
          Object.assign(looked, { found: true, rounds: round, took: this.#clock.now() - since })
        }
      }
    } catch (err) {
      // who asked vanished, or it failed
      if (this.#nodes.includes(asker)) {
        throw err
      }

      return
    }

    looked.took = looked.found ? looked.took : this.#clock.now() - since
    looked.datagrams = (this.#watched.get(host) ?? 0) - before
    this.#looked.push(looked)
  }

  #note (host: string): void {
    const count = this.#watched.get(host)

    if (count != null) {
      this.#watched.set(host, count + 1)
    }
  }
}
