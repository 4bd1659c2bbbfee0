/** What a seeder tells a downloader, as JSON. */
export type Offer = Record<string, string>

/** Told of bytes as they reach whoever asked for them. */
export type Took = (bytes: number) => void

/** One way to get the same bytes from one process to another. Each side is called once, in a process of its own. */
export interface Contender {
  /** Has `size` bytes ready and serves them until the process ends. */
  seed(size: number): Promise<Offer>
  /** Connects; what it gives then transfers everything, and is what is measured. */
  connect(offer: Offer, size: number): Promise<(took: Took) => Promise<Extras | undefined>>
}

/** Figures that only some contenders have. */
export interface Extras {
  /** Share of the bytes that came more than once. */
  duplicates?: number
}
