/** What went between us and a peer since it connected. */
export interface LinkCounters {
  /** Messages that came whole. */
  messages: number
  /** Blocks that came and were never asked for; they were dropped. */
  unasked: number
  /** Bytes that came, frames and all. */
  bytesIn: number
  /** Bytes that we handed to the stream. */
  bytesOut: number
}
