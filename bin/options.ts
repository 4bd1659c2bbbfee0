import type { Multiaddr } from '@multiformats/multiaddr'

/** What every command is told. */
export interface CommonOptions {
  dataDir: string
  json?: boolean
}

/** What a command that asks others is told. */
export interface PeerOptions extends CommonOptions {
  peer?: Multiaddr[]
}
