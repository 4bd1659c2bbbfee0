import { blockCid, CODEX_BLOCK, manifestCid, SHA2_256, treeCid } from '../../src/dataset/codecs.ts'
import { encodeManifest } from '../../src/dataset/encode-manifest.ts'
import { encodeProof } from '../../src/dataset/merkle-proof.ts'
import { MerkleTree } from '../../src/dataset/merkle-tree.ts'
import { indicesOf } from '../../src/dataset/ranges.ts'
import { hasher } from '../../src/hasher/node.ts'
import { codexProtocol } from '../../src/index.ts'
import type { Delivery } from '../../src/dataset/delivery.ts'
import type { IndexRange } from '../../src/dataset/ranges.ts'
import type { ExchangeProtocol, LinkHandler, PeerLink, PeerWant, ServedBlock } from '../../src/exchange/peer-link.ts'
import type { Clock } from '../../src/interfaces.ts'
import type { SimulatedTransport } from '../../src/testing/index.ts'
import type { CID } from 'multiformats/cid'

/** What it does when its link tells something; what is absent it passes over. */
export type Script = Partial<LinkHandler>

/** A peer without an engine: it says what a test lets it say, and keeps what it hears. */
export class ScriptedPeer implements LinkHandler {
  readonly transport: SimulatedTransport
  readonly id: string
  /** Wants, in the order in which they came. */
  readonly wants: PeerWant[] = []
  /** Presences. */
  readonly answers: Array<{ root: string, have: number[], absent: number[], price: bigint }> = []
  /** Deliveries, a batch an entry. */
  readonly deliveries: Delivery[][] = []
  readonly accounts: Uint8Array[] = []
  readonly payments: Uint8Array[] = []
  link?: PeerLink
  script: Script
  readonly #clock: Clock
  readonly #protocol: ExchangeProtocol

  constructor (transport: SimulatedTransport, clock: Clock, script: Script = {}, protocol = codexProtocol()) {
    this.transport = transport
    this.#clock = clock
    this.id = transport.peer
    this.script = script
    this.#protocol = protocol
  }

  async start (): Promise<void> {
    await this.#protocol.start(this.transport, this, this.#clock)
  }

  async stop (): Promise<void> {
    await this.#protocol.stop()
    this.transport.stop()
  }

  /** Connects to another peer, and gives the link to it. */
  async connect (to: SimulatedTransport): Promise<PeerLink> {
    await this.transport.connect(to.peerId)

    return this.link as PeerLink
  }

  /** Indices wanted so far, of one kind. */
  wantedBy (kind: PeerWant['kind']): number[] {
    return this.wants.filter(want => want.kind === kind).flatMap(({ ranges }) => [...indicesOf(ranges)])
  }

  opened (link: PeerLink): void {
    this.link = link
    this.script.opened?.(link)
  }

  closed (link: PeerLink, reason?: Error): void {
    this.link = undefined
    this.script.closed?.(link, reason)
  }

  have (link: PeerLink, root: CID, answer: { have: IndexRange[], absent: IndexRange[], price: bigint }): void {
    const { have, absent, price } = answer
    this.answers.push({ root: root.toString(), have: [...indicesOf(have)], absent: [...indicesOf(absent)], price })
    this.script.have?.(link, root, answer)
  }

  delivered (link: PeerLink, deliveries: Delivery[]): void {
    this.deliveries.push(deliveries)
    this.script.delivered?.(link, deliveries)
  }

  refused (link: PeerLink, root: CID, ranges: IndexRange[]): void {
    this.script.refused?.(link, root, ranges)
  }

  wanted (link: PeerLink, wants: PeerWant[]): void {
    this.wants.push(...wants)
    this.script.wanted?.(link, wants)
  }

  account (link: PeerLink, address: Uint8Array): void {
    this.accounts.push(address)
    this.script.account?.(link, address)
  }

  payment (link: PeerLink, update: Uint8Array): void {
    this.payments.push(update)
    this.script.payment?.(link, update)
  }
}

/** A file that a scripted peer serves: blocks ready to be sent. */
export class ServedFile {
  readonly cid: CID
  readonly root: CID
  readonly content: Uint8Array
  readonly manifest: ServedBlock
  readonly #tree: MerkleTree
  readonly #digests: Uint8Array[]
  readonly #blockSize: number
  readonly #empty: (index: number) => boolean

  /** `empty` blocks of zeros are the empty block. The rest is what the manifest says of the file, or its bytes. */
  constructor (content: Uint8Array, blockSize: number, { raw, empty = () => false, ...lie }: { blockSize?: number, datasetSize?: number, raw?: Uint8Array, empty?(index: number): boolean } = {}) {
    this.content = content
    this.#empty = empty
    this.#blockSize = blockSize
    this.#digests = Array.from({ length: Math.ceil(content.byteLength / blockSize) }, (_, i) => hasher.digest(this.#data(i)) as Uint8Array)
    this.#tree = new MerkleTree(this.#digests, hasher)
    this.root = treeCid(this.#tree.root)
    const data = raw ?? encodeManifest({ treeCid: this.root, blockSize, datasetSize: content.byteLength, codec: CODEX_BLOCK, hcodec: SHA2_256, version: 2, ...lie })
    this.cid = manifestCid(hasher.digest(data) as Uint8Array)
    this.manifest = { index: 0, cid: this.cid, data }
  }

  /** The blocks of a want that are of this file. */
  blocksOf ({ root, ranges }: PeerWant): ServedBlock[] {
    if (root.equals(this.cid)) {
      return [this.manifest]
    }

    return root.equals(this.root) ? this.blocks(ranges) : []
  }

  /** A script that has all of the file and delivers what is asked. `only` leaves it to tell presence, or to deliver. */
  serve (more: { price?: bigint, only?(want: PeerWant): boolean } = {}): Script {
    const { price = 0n, only = () => true } = more

    return {
      wanted: (link, wants) => {
        for (const want of wants.filter(only)) {
          const isHere = want.root.equals(this.cid) || want.root.equals(this.root)

          if (want.kind === 'have' && (isHere || want.tellAbsent)) {
            link.presence(want.root, { have: isHere ? want.ranges : [], absent: isHere ? [] : want.ranges, price })
          } else if (want.kind === 'block' && isHere) {
            void link.deliver(want.root, this.blocksOf(want)).catch(() => {})
          }
        }
      }
    }
  }

  block (index: number): ServedBlock {
    return { index, cid: blockCid(this.#digests[index]), data: this.#data(index), proof: encodeProof(this.#tree.proof(index)) }
  }

  blocks (ranges: IndexRange[]): ServedBlock[] {
    return [...indicesOf(ranges)].map(index => this.block(index))
  }

  #data (index: number): Uint8Array {
    if (this.#empty(index)) {
      return new Uint8Array(0)
    }

    const data = new Uint8Array(this.#blockSize)
    data.set(this.content.subarray(index * this.#blockSize, (index + 1) * this.#blockSize))

    return data
  }
}
