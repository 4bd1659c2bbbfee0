/** What a flooder sends: that which costs a node of the DHT most to be rid of, from those that it does not know. */
export const FLOODS = ['garbage', 'messages of strangers', 'handshakes'] as const

export interface FloodInit {
  /** The victim's record. */
  spr: string
  kind: typeof FLOODS[number]
  /** Datagrams a second. */
  rate: number
}
