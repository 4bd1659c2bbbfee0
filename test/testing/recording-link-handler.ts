import type { LinkHandler, PeerLink } from '../../src/exchange/peer-link.ts'

/** Keeps what links tell, as `[method, ...arguments]` without the link. */
export class RecordingLinkHandler implements LinkHandler {
  readonly events: unknown[][] = []
  /** Links that were opened, closed ones too. */
  readonly links: PeerLink[] = []

  /** What was told by `method`, in order. */
  of (method: keyof LinkHandler): unknown[][] {
    return this.events.filter(([name]) => name === method).map(([, ...args]) => args)
  }

  /** The names of all that was told, in order. */
  get names (): unknown[] {
    return this.events.map(([name]) => name)
  }

  get link (): PeerLink {
    return this.links[this.links.length - 1]
  }

  opened (link: PeerLink): void {
    this.links.push(link)
    this.events.push(['opened'])
  }

  closed (link: PeerLink, reason?: Error): void {
    this.#add('closed', link, reason)
  }

  have (link: PeerLink, ...args: unknown[]): void {
    this.#add('have', link, ...args)
  }

  delivered (link: PeerLink, ...args: unknown[]): void {
    this.#add('delivered', link, ...args)
  }

  refused (link: PeerLink, ...args: unknown[]): void {
    this.#add('refused', link, ...args)
  }

  wanted (link: PeerLink, ...args: unknown[]): void {
    this.#add('wanted', link, ...args)
  }

  account (link: PeerLink, ...args: unknown[]): void {
    this.#add('account', link, ...args)
  }

  payment (link: PeerLink, ...args: unknown[]): void {
    this.#add('payment', link, ...args)
  }

  #add (name: string, link: PeerLink, ...args: unknown[]): void {
    if (link !== this.link) {
      throw new Error(`${name} came from another link than the one that is open`)
    }

    this.events.push([name, ...args])
  }
}
