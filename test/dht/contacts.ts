import { keyOf } from '../../src/dht/node-id.ts'
import type { Contact } from '../../src/dht/record-book.ts'

const NO_BYTES = new Uint8Array()

/** A contact as the table and lookups see it: its record is of no use to anybody. */
export function fakeContact (id: Uint8Array, { host, seq = 1n }: { host?: string, seq?: bigint } = {}): Contact {
  return {
    id,
    key: keyOf(id),
    endpoint: { host: host ?? `${20 + id[1] % 100}.${id[2]}.${id[3]}.1`, port: 8090 },
    record: { publicKey: NO_BYTES, peerId: NO_BYTES, seq, addresses: [], signature: NO_BYTES, payload: NO_BYTES, bytes: NO_BYTES }
  }
}
