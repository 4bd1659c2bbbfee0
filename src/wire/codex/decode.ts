/**
 * What a message from a peer says, checked and grouped: bounds first, then meaning. docs/PROTOCOL.md §6.
 */
import { rangesOf } from '../../dataset/ranges.ts'
import { ProtocolError } from '../../errors.ts'
import { AddressReader, assertCidLength } from './address.ts'
import { PRESENCE_ABSENT, PRESENCE_HAVE, PRICE_BYTES, WANT_BLOCK, WANT_HAVE } from './encode.ts'
import { Message } from './message.ts'
import { assertModest } from './scan.ts'
import type { Root } from './address.ts'
import type { BlockDelivery, BlockPresence, WantListEntry } from './message.ts'
import type { Delivery } from '../../dataset/delivery.ts'
import type { IndexRange } from '../../dataset/ranges.ts'
import type { PeerWant } from '../../exchange/peer-link.ts'
import type { WireLimits } from '../limits.ts'
import type { Requested } from '../requested.ts'
import type { CID } from 'multiformats/cid'

/** Bytes of an account's address; others are ignored. */
export const ACCOUNT_BYTES = 20

const NO_BYTES = new Uint8Array(0)

/** What a peer has of one root, and what it has not. */
export interface Presence {
  root: CID
  have: IndexRange[]
  absent: IndexRange[]
  price: bigint
}

/** What a message says. */
export interface Received {
  account?: Uint8Array
  payment?: Uint8Array
  wants: PeerWant[]
  presences: Presence[]
  /** How many blocks the presences speak of. */
  answers: number
  deliveries: Delivery[]
  /** Deliveries of what was never asked for. Nothing was made of them. */
  unasked: number
  /** Trees and standalone blocks that it speaks of. */
  roots: number
}

export interface DecodeContext {
  readonly requested: Requested
  readonly limits: WireLimits
}

/**
 * Reads a message. Data, CIDs and proofs of its deliveries are views of it; all else has memory of its own.
 *
 * @throws {ProtocolError} when it cannot be decoded, has too many items, or one of them makes no sense
 */
export function decodeReceived (bytes: Uint8Array, { requested, limits }: DecodeContext): Received {
  try {
    const message = parseMessage(bytes, limits)
    const addresses = new AddressReader(limits.messageRoots)
    const { address } = message.account ?? {}
    const { update } = message.payment ?? {}

    return {
      account: address?.byteLength === ACCOUNT_BYTES ? address.slice() : undefined,
      payment: update == null || update.byteLength === 0 ? undefined : update.slice(),
      wants: readWants(message.wantlist?.entries ?? [], addresses),
      presences: readPresences(message.blockPresences, addresses),
      answers: message.blockPresences.length,
      ...readDeliveries(message.payload, addresses, requested),
      roots: addresses.roots
    }
  } catch (err) {
    throw err instanceof ProtocolError ? err : new ProtocolError('A message makes no sense', { cause: err })
  }
}

/** @throws {Error} when it is no message, or has too many items */
export function parseMessage (bytes: Uint8Array, limits: WireLimits): Message {
  assertModest(bytes, limits)

  return Message.decode(bytes, { limits: { payload: limits.messageBlocks } })
}

interface WantGroup {
  want: PeerWant
  indices: number[]
}

/**
 * What is taken back is told first, and what is taken back after it was wanted is not told as wanted: so a list is as many
 * wants as it has roots and kinds, however it mixes them.
 */
function readWants (entries: WantListEntry[], addresses: AddressReader): PeerWant[] {
  const groups = new Map<string, WantGroup>()
  const cancelled = readCancelled(entries, addresses)
  let last: WantGroup | undefined

  for (let i = 0; i < entries.length; i++) {
    const kind = readKind(entries[i])
    const place = kind == null ? undefined : addresses.read(entries[i].address)

    if (kind == null || place == null) {
      continue
    }

    const { root, index } = place

    if (kind === 'block' && (cancelled.get(root)?.get(index) ?? -1) > i) {
      continue
    }

    const tellAbsent = kind !== 'cancel' && entries[i].sendDontHave === true

    // one list is of one kind and one tree, mostly
    if (last?.want.root !== root.cid || last.want.kind !== kind || last.want.tellAbsent !== tellAbsent) {
      const key = `${kind} ${tellAbsent} ${root.key}`
      last = groups.get(key) ?? { want: { root: root.cid, ranges: [], kind, tellAbsent }, indices: [] }
      groups.set(key, last)
    }

    last.indices.push(index)
  }

  const wants = [...groups.values()].map(({ want, indices }) => ({ ...want, ranges: sortedRanges(indices) }))

  return [...wants.filter(({ kind }) => kind === 'cancel'), ...wants.filter(({ kind }) => kind !== 'cancel')]
}

/** By root and index, the number of the last entry that takes a block back. */
function readCancelled (entries: WantListEntry[], addresses: AddressReader): Map<Root, Map<number, number>> {
  const cancelled = new Map<Root, Map<number, number>>()

  for (let i = 0; i < entries.length; i++) {
    const place = entries[i].cancel === true ? addresses.read(entries[i].address) : undefined

    if (place != null) {
      const indices = cancelled.get(place.root) ?? new Map<number, number>()
      cancelled.set(place.root, indices.set(place.index, i))
    }
  }

  return cancelled
}

/** Undefined for a kind that is not known. */
function readKind ({ cancel, wantType = WANT_BLOCK }: WantListEntry): PeerWant['kind'] | undefined {
  if (cancel === true) {
    return 'cancel'
  }

  if (wantType === WANT_BLOCK) {
    return 'block'
  }

  return wantType === WANT_HAVE ? 'have' : undefined
}

/** A root has one price: of several the last counts. */
function readPresences (presences: BlockPresence[], addresses: AddressReader): Presence[] {
  const groups = new Map<string, { root: CID, have: number[], absent: number[], price?: Uint8Array }>()

  for (const { address, type = PRESENCE_HAVE, price } of presences) {
    const place = addresses.read(address)

    if (place == null || (type !== PRESENCE_HAVE && type !== PRESENCE_ABSENT) || (price != null && price.byteLength > PRICE_BYTES)) {
      continue
    }

    const { root, index } = place
    let group = groups.get(root.key)

    if (group == null) {
      group = { root: root.cid, have: [], absent: [] }
      groups.set(root.key, group)
    }

    if (type === PRESENCE_HAVE) {
      group.have.push(index)
      group.price = price
    } else {
      group.absent.push(index)
    }
  }

  return [...groups.values()].map(({ root, have, absent, price }) => ({
    root, have: sortedRanges(have), absent: sortedRanges(absent), price: decodePrice(price)
  }))
}

function decodePrice (bytes: Uint8Array = NO_BYTES): bigint {
  let price = 0n

  for (let i = Math.max(0, bytes.findIndex(byte => byte !== 0)); i < bytes.byteLength; i++) {
    price = price << 8n | BigInt(bytes[i])
  }

  return price
}

function readDeliveries (payload: BlockDelivery[], addresses: AddressReader, requested: Requested): Pick<Received, 'deliveries' | 'unasked'> {
  const deliveries: Delivery[] = []
  let unasked = 0

  for (const { address, cid = NO_BYTES, data = NO_BYTES, proof } of payload) {
    const place = addresses.read(address)

    if (place == null || !requested.has(place.root.key, place.index)) {
      unasked++
      continue
    }

    const { root, index } = place

    assertCidLength(cid)
    requested.delivered(root.key)
    deliveries.push({ root: root.cid, index, cid, data, proof: proof == null || proof.byteLength === 0 ? undefined : proof })
  }

  return { deliveries, unasked }
}

function sortedRanges (indices: number[]): IndexRange[] {
  // no array that grew: a hostile message has thousands of one
  if (indices.length === 1) {
    return [{ start: indices[0], end: indices[0] + 1 }]
  }

  return rangesOf(indices.sort((a, b) => a - b))
}
