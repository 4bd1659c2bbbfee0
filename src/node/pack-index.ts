/**
 * Where blocks lie in packs: a LevelDB in which each block has two entries, one by its multihash and one by its pack, and each
 * pack one, of its bytes. They change together.
 */
import { join } from 'node:path'
import { DataDirInUseError } from '../errors.ts'
import { openLevel } from './open-level.ts'
import type { OpenLevel } from './open-level.ts'

/** Bytes of a block in a pack. */
export interface Place {
  pack: number
  /** Offset of the first byte. */
  at: number
  /** Bytes. */
  length: number
}

/** What is known of a file of blocks. */
export interface Pack {
  /** Bytes that were written to it, and said to be. */
  size: number
  /** Bytes of its blocks that are still there. */
  live: number
}

/** A block that is at another place from now on, or, without one, at none. */
export interface Move {
  multihash: Uint8Array
  from?: Place
  to?: Place
}

type Change = { type: 'put', key: Uint8Array, value: Uint8Array } | { type: 'del', key: Uint8Array }

/** First bytes of keys: `block multihash` → place, `inPack pack multihash` → nothing, `pack` → its bytes. */
const KIND = { block: 0x62, inPack: 0x69, pack: 0x70 }

const NOTHING = new Uint8Array(0)

/** Of a kind and the number of a pack. */
const PACK_KEY_BYTES = 5

export class PackIndex {
  readonly #path: string
  #level?: OpenLevel<Uint8Array>

  /** @param path - the directory of the packs */
  constructor (path: string) {
    this.#path = path
  }

  /** @throws {DataDirInUseError} when another process, or this one, has it open */
  async open (): Promise<void> {
    if (this.#level != null) {
      throw new DataDirInUseError(`${this.#path} is open already`)
    }

    this.#level = await openLevel(join(this.#path, 'index'), this.#path, 'view')
  }

  async close (): Promise<void> {
    const level = this.#level
    this.#level = undefined
    await level?.close()
  }

  /** Undefined where there is no such block. */
  async find (multihash: Uint8Array): Promise<Place | undefined> {
    const value = await this.#open.get(blockKey(multihash))

    return value == null ? undefined : decodePlace(value)
  }

  /**
   * Resolves when what is changed is found again. It may be that a change that failed is done then.
   *
   * @throws what a change has failed with, as long as there is no space
   */
  async assertSound (): Promise<void> {
    await this.#open.assertSound()
  }

  async packs (): Promise<Map<number, Pack>> {
    const packs = new Map<number, Pack>()

    for await (const [key, value] of this.#open.iterator(rangeOf(Uint8Array.of(KIND.pack)))) {
      packs.set(readUint32(key, 1), decodePack(value))
    }

    return packs
  }

  /** Some of the blocks in a pack: `limit`, or all that there are. */
  async inPack (pack: number, limit: number): Promise<Uint8Array[]> {
    const prefix = packKey(KIND.inPack, pack)
    const keys = await this.#open.keys({ ...rangeOf(prefix), limit }).all()

    return keys.map(key => key.subarray(prefix.byteLength))
  }

  /** Multihashes of all blocks that are there as it begins. */
  async * all (): AsyncGenerator<Uint8Array> {
    for await (const key of this.#open.keys(rangeOf(Uint8Array.of(KIND.block)))) {
      yield key.subarray(1)
    }
  }

  /** Changes places, and packs, all or nothing. A pack with nothing in it is none. `sync` waits for the disk. */
  async change (moves: Move[], packs: ReadonlyMap<number, Pack>, sync: boolean): Promise<void> {
    const changes: Change[] = []

    for (const { multihash, from, to } of moves) {
      const key = blockKey(multihash)

      if (from != null) {
        changes.push({ type: 'del', key: packKey(KIND.inPack, from.pack, multihash) })
      }

      if (to == null) {
        changes.push({ type: 'del', key })
      } else {
        changes.push({ type: 'put', key, value: encodePlace(to) })
        changes.push({ type: 'put', key: packKey(KIND.inPack, to.pack, multihash), value: NOTHING })
      }
    }

    for (const [number, pack] of packs) {
      const key = packKey(KIND.pack, number)
      changes.push(pack.live === 0 ? { type: 'del', key } : { type: 'put', key, value: encodePack(pack) })
    }

    await this.#open.batch(changes, { sync })
  }

  get #open (): OpenLevel<Uint8Array> {
    if (this.#level == null) {
      throw new Error('The blockstore is not open')
    }

    return this.#level
  }
}

function blockKey (multihash: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + multihash.byteLength)
  key[0] = KIND.block
  key.set(multihash, 1)

  return key
}

/** Of a pack itself, or, with a multihash, of a block in it. */
function packKey (kind: number, pack: number, multihash: Uint8Array = NOTHING): Uint8Array {
  const key = new Uint8Array(PACK_KEY_BYTES + multihash.byteLength)
  key[0] = kind
  writeUint32(key, 1, pack)
  key.set(multihash, PACK_KEY_BYTES)

  return key
}

/** All keys that begin with `prefix`, whose last byte is not 255. */
function rangeOf (prefix: Uint8Array): { gt: Uint8Array, lt: Uint8Array } {
  return { gt: prefix, lt: after(prefix) }
}

/** The least key that is greater than all with this prefix. */
function after (prefix: Uint8Array): Uint8Array {
  const end = prefix.findLastIndex(byte => byte < 255)
  const key = prefix.slice(0, end + 1)
  key[end]++

  return key
}

function encodePlace ({ pack, at, length }: Place): Uint8Array {
  const bytes = new Uint8Array(12)
  writeUint32(bytes, 0, pack)
  writeUint32(bytes, 4, at)
  writeUint32(bytes, 8, length)

  return bytes
}

function decodePlace (bytes: Uint8Array): Place {
  return { pack: readUint32(bytes, 0), at: readUint32(bytes, 4), length: readUint32(bytes, 8) }
}

// without a DataView: there are several numbers a block
function writeUint32 (bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function readUint32 (bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0
}

function encodePack ({ size, live }: Pack): Uint8Array {
  const bytes = new Uint8Array(16)
  viewOf(bytes).setFloat64(0, size)
  viewOf(bytes).setFloat64(8, live)

  return bytes
}

function decodePack (bytes: Uint8Array): Pack {
  return { size: viewOf(bytes).getFloat64(0), live: viewOf(bytes).getFloat64(8) }
}

function viewOf ({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
