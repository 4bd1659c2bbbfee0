import type { Multiaddr } from '@multiformats/multiaddr'

/** What every command is told. */
export interface CommonOptions {
  dataDir: string
  json?: boolean
}

/** What a command that asks others is told. */
export interface PeerOptions extends CommonOptions {
  peer?: Multiaddr[]
  /** Records of nodes of the DHT, `spr:…`. */
  bootstrap?: string[]
}

/** Whether there is nobody to ask: then what is not here is not found, and not waited for. */
export function isAlone ({ peer = [], bootstrap = [] }: PeerOptions): boolean {
  return peer.length === 0 && bootstrap.length === 0
}
