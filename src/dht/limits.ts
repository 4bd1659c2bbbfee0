/**
 * Every limit and default of the DHT, with its unit and its reason. Those in `DhtLimits` can be set.
 */

/** Nodes of a bucket, and nodes that a content is kept at. */
export const K = 16
/** Questions of one lookup under way at the same time. */
export const ALPHA = 3
/** Milliseconds that a WHOAREYOU is good for; until then its node gets no second one. */
export const CHALLENGE_MS = 500
/** Milliseconds after which an unanswered question is sent again: a lost WHOAREYOU is forgotten by then. */
export const RESEND_MS = 600
/** Milliseconds that the answer to the last sending of a question is waited for. */
export const ANSWER_MS = 1_000
/** Milliseconds that the rest of an answer of several messages is waited for. */
export const REST_MS = 400
/** Records of one answer that are looked at. */
export const MAX_RECORDS = 16
/** Records of one `nodes` message, so that it stays under 1,280 bytes. */
export const RECORDS_PER_MESSAGE = 3
/** Records of the answer to `findNodeFast`. */
export const FAST_RECORDS = 6
/** Bytes of records in one answer with providers: longer datagrams get lost on the way. */
export const PROVIDERS_BYTES = 1_100

/** What may happen a second, in all and for one public network (the /24 of IPv4). A second's worth may come at once. */
export interface Rate {
  total: number
  network: number
}

export interface DhtLimits {
  /** Milliseconds in which every node of the table is heard of once, or asked whether it is there. */
  checkInterval: number
  /** Milliseconds between two lookups that keep the table complete. */
  refreshInterval: number
  /** Milliseconds after which a CID is announced again. */
  announceInterval: number
  /** CIDs that are announced again; over it the one announced first is left out. */
  announced: number
  /** Announcements under way at the same time. */
  announcing: number
  /** Milliseconds that a provider is given out after its announcement. */
  providerTtl: number
  /** Announcements of others that are kept, over all contents. */
  providers: number
  /** Announcements that are kept of one content; the latest stay. */
  contentProviders: number
  /** Public nodes of one /24 in a bucket, and in the table. Loopback and private addresses are not counted. */
  bucketNetwork: number
  tableNetwork: number
  /** Sessions kept that others began, and as many that we began. */
  sessions: number
  /** Verified records of nodes that are remembered, and as many of providers: verifying is what costs. */
  records: number
  /** Challenges sent to nodes that we have no session with. 63 bytes each, never more than was received. */
  challenges: Rate
  /** Handshakes of strangers that are looked at. One costs about a millisecond. */
  handshakes: Rate
  /** The same for nodes of our own table, which a flood of strangers must not lock out. */
  reservedHandshakes: Rate
  /** Questions that are answered. */
  questions: Rate
}

export const DEFAULT_DHT_LIMITS: DhtLimits = {
  checkInterval: 60_000,
  refreshInterval: 5 * 60_000,
  announceInterval: 30 * 60_000,
  announced: 10_000,
  announcing: 4,
  providerTtl: 24 * 60 * 60_000,
  providers: 20_000,
  contentProviders: 20,
  bucketNetwork: 2,
  tableNetwork: 10,
  sessions: 1_024,
  records: 2_048,
  challenges: { total: 1_000, network: 200 },
  handshakes: { total: 200, network: 50 },
  reservedHandshakes: { total: 100, network: 50 },
  questions: { total: 2_000, network: 400 }
}
