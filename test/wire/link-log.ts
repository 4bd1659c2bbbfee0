import type { Delivery } from '../../src/dataset/delivery.ts'
import type { IndexRange } from '../../src/dataset/ranges.ts'
import type { LinkHandler, PeerLink, PeerWant } from '../../src/exchange/peer-link.ts'
import type { CID } from 'multiformats/cid'

type Answer = Parameters<LinkHandler['have']>[2]

/** Keeps what links tell, and lets a test wait for it. */
export class LinkLog implements LinkHandler {
  /** `opened`, `closed` and the rest, in order. */
  readonly events: string[] = []
  readonly links: PeerLink[] = []
  readonly closings: Array<{ link: PeerLink, reason?: Error }> = []
  readonly answers: Array<Answer & { root: CID }> = []
  readonly deliveries: Delivery[] = []
  readonly wants: PeerWant[] = []
  readonly accounts: Uint8Array[] = []
  readonly payments: Uint8Array[] = []
  /** Called for each want as it comes. */
  onWanted?: (link: PeerLink, want: PeerWant) => void
  onOpened?: (link: PeerLink) => void
  onDelivered?: (link: PeerLink, deliveries: Delivery[]) => void
  #waiting: Array<() => void> = []

  /** The link of the epoch that began last. */
  get link (): PeerLink {
    return this.links[this.links.length - 1]
  }

  /** Waits until something is so. */
  async until (condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    }
  }

  opened (link: PeerLink): void {
    this.links.push(link)
    this.#tell('opened')
    this.onOpened?.(link)
  }

  closed (link: PeerLink, reason?: Error): void {
    this.closings.push({ link, reason })
    this.#tell('closed')
  }

  have (link: PeerLink, root: CID, answer: Answer): void {
    this.answers.push({ root, ...answer })
    this.#tell('have')
  }

  delivered (link: PeerLink, deliveries: Delivery[]): void {
    this.deliveries.push(...deliveries)
    this.#tell('delivered')
    this.onDelivered?.(link, deliveries)
  }

  refused (link: PeerLink, root: CID, ranges: IndexRange[]): void {
    this.#tell('refused')
  }

  wanted (link: PeerLink, wants: PeerWant[]): void {
    this.wants.push(...wants)
    this.#tell('wanted')
    wants.forEach(want => { this.onWanted?.(link, want) })
  }

  account (link: PeerLink, address: Uint8Array): void {
    this.accounts.push(address)
    this.#tell('account')
  }

  payment (link: PeerLink, update: Uint8Array): void {
    this.payments.push(update)
    this.#tell('payment')
  }

  #tell (event: string): void {
    this.events.push(event)
    this.#waiting.splice(0).forEach(resolve => { resolve() })
  }
}

/** Lets everything that waits for a promise go on. */
export async function settled (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}
