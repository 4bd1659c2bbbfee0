/** Writes packs: one change after the other, and those that wait together. */
import { equals } from 'uint8arrays/equals'
import { MiB } from '../constants.ts'
import { hasCode } from './has-code.ts'
import { ShortPackError } from './pack-files.ts'
import type { PackFiles } from './pack-files.ts'
import type { Move, Pack, PackIndex, Place } from './pack-index.ts'

/** Bytes and changes of one write; a larger block is a write of its own. */
const WRITE = { bytes: 2 * MiB, changes: 64 }

/** A block to put, or, without bytes, to delete. */
interface Job {
  multihash: Uint8Array
  bytes?: Uint8Array
  resolve(): void
  reject(err: unknown): void
}

export class Packing {
  readonly #index: PackIndex
  readonly #files: PackFiles
  readonly #packBytes: number
  readonly #writeBytes: number
  readonly #packs = new Map<number, Pack>()
  /** Packs that are to be emptied. */
  readonly #sparse = new Set<number>()
  /** The pack that is written to. */
  #last = 0
  #jobs: Job[] = []
  #isOpen = false
  /** A change has failed: it may come true yet. */
  #isUnsure = false
  #running?: Promise<void>

  /** `packBytes`: of a file, at most, but for one that holds a single block. */
  constructor (index: PackIndex, files: PackFiles, packBytes: number) {
    this.#index = index
    this.#files = files
    this.#packBytes = packBytes
    this.#writeBytes = Math.min(WRITE.bytes, packBytes)
  }

  /** Finds what is there, and deletes what a kill left over. */
  async open (): Promise<void> {
    const sizes = await this.#files.open()
    const packs = await this.#load()

    for (const pack of sizes.keys()) {
      if (!packs.has(pack)) {
        // one that is left is begun anew, or deleted the next time
        await this.#files.delete(pack).catch(() => {})
      }
    }

    if ((sizes.get(this.#last) ?? 0) < this.#sizeOf(this.#last)) {
      // power has failed: other blocks may not come where those were that are lost
      this.#last++
    }

    this.#isOpen = true

    for (const pack of packs.keys()) {
      await this.#lookAt(pack)
    }

    this.#run()
  }

  /** Ends what was asked for. Emptying packs goes on when it is opened again. */
  async close (): Promise<void> {
    this.#isOpen = false
    await this.#running
    this.#packs.clear()
    this.#sparse.clear()
    this.#last = 0
    this.#isUnsure = false
  }

  /** Notes what the index says of packs. */
  async #load (): Promise<ReadonlyMap<number, Pack>> {
    const packs = await this.#index.packs()
    this.#packs.clear()

    for (const [number, pack] of packs) {
      this.#packs.set(number, pack)
      this.#last = Math.max(this.#last, number)
    }

    return packs
  }

  async put (multihash: Uint8Array, bytes: Uint8Array): Promise<void> {
    return this.#add({ multihash, bytes })
  }

  async delete (multihash: Uint8Array): Promise<void> {
    return this.#add({ multihash })
  }

  async #add (change: Pick<Job, 'multihash' | 'bytes'>): Promise<void> {
    if (!this.#isOpen) {
      throw new Error('The blockstore is not open')
    }

    return new Promise((resolve, reject) => {
      this.#jobs.push({ ...change, resolve, reject })
      this.#run()
    })
  }

  #run (): void {
    this.#running ??= this.#work()
  }

  async #work (): Promise<void> {
    // who puts several at the same time has put them all
    await Promise.resolve()

    for (;;) {
      const jobs = this.#take()
      const [sparse] = this.#isOpen ? this.#sparse : []

      if (jobs.length === 0 && sparse == null) {
        this.#running = undefined
        return
      }

      if (jobs.length > 0) {
        await this.#carryOut(jobs)
      }

      if (sparse != null) {
        await this.#thin(sparse)
      }
    }
  }

  /** What is carried out next, in the order in which it was asked for: no two changes of one block. */
  #take (): Job[] {
    const seen = new Set<string>()
    let bytes = 0
    let count = 0

    for (const job of this.#jobs) {
      const name = textOf(job.multihash)
      bytes += job.bytes?.byteLength ?? 0

      if (seen.has(name) || count === WRITE.changes || (count > 0 && bytes > this.#writeBytes)) {
        break
      }

      seen.add(name)
      count++
    }

    return this.#jobs.splice(0, count)
  }

  async #carryOut (jobs: Job[]): Promise<void> {
    try {
      await this.#makeSure()
      const changes = await Promise.all(jobs.map(async ({ multihash, bytes }) => {
        const from = await this.#index.find(multihash)
        const isDone = bytes == null ? from == null : from != null && await this.#isAt(from, bytes)

        return isDone ? undefined : { multihash, from, bytes }
      }))

      await this.#change(changes.filter(change => change != null))
      jobs.forEach(({ resolve }) => { resolve() })
    } catch (err) {
      jobs.forEach(({ reject }) => { reject(err) })
    }
  }

  /** Moves some blocks out of a pack; with the last of them it is gone. */
  async #thin (pack: number): Promise<void> {
    try {
      await this.#makeSure()
      const changes = []
      let total = 0

      for (const multihash of await this.#index.inPack(pack, WRITE.changes)) {
        const from = await this.#index.find(multihash)

        if (from == null || (total > 0 && total + from.length > this.#writeBytes)) {
          break
        }

        total += from.length
        changes.push({ multihash, from, bytes: await this.#readWhatIsThere(from) })
      }

      if (changes.length === 0) {
        this.#sparse.delete(pack)
      } else {
        // the bytes that they are copies of are deleted next
        await this.#change(changes, true)
      }
    } catch {
      // nothing has changed; it is tried again when it is opened the next time
      this.#sparse.delete(pack)
    }
  }

  /** After a change that failed: finds out whether it was made, and writes nothing where its bytes may be. */
  async #makeSure (): Promise<void> {
    if (!this.#isUnsure) {
      return
    }

    await this.#index.assertSound()
    const packs = await this.#load()
    this.#last++
    this.#isUnsure = false

    for (const pack of packs.keys()) {
      await this.#lookAt(pack)
    }
  }

  /** Writes what has bytes, then says where everything is. `sync` waits for the disk. */
  async #change (changes: Array<{ multihash: Uint8Array, from?: Place, bytes?: Uint8Array }>, sync: boolean = false): Promise<void> {
    if (changes.length === 0) {
      return
    }

    const written = changes.flatMap(({ bytes }) => bytes ?? [])
    const pack = this.#packFor(written.reduce((sum, { byteLength }) => sum + byteLength, 0))
    const start = this.#sizeOf(pack)
    const packs = new Map<number, Pack>()
    const moves: Move[] = []
    const add = (number: number, bytes: number, size: number): void => {
      const { live } = packs.get(number) ?? this.#packs.get(number) ?? { live: 0 }
      packs.set(number, { size, live: live + bytes })
    }
    let end = start

    for (const { multihash, from, bytes } of changes) {
      const to = bytes == null ? undefined : { pack, at: end, length: bytes.byteLength }
      moves.push({ multihash, from, to })

      if (from != null) {
        add(from.pack, -from.length, from.pack === pack ? end : this.#sizeOf(from.pack))
      }

      if (to != null) {
        end += to.length
        add(pack, to.length, end)
      }
    }

    if (written.length > 0) {
      await this.#files.append(pack, start, written)
      await (sync ? this.#files.sync() : undefined)
    }

    this.#isUnsure = true
    await this.#index.change(moves, packs, sync)
    this.#isUnsure = false
    const before = this.#last
    this.#last = pack
    packs.forEach((pack, number) => { this.#packs.set(number, pack) })

    for (const number of [...packs.keys(), before]) {
      await this.#lookAt(number)
    }
  }

  #sizeOf (pack: number): number {
    return this.#packs.get(pack)?.size ?? 0
  }

  /** The pack that so many bytes are written to. */
  #packFor (bytes: number): number {
    const size = this.#sizeOf(this.#last)

    return size > 0 && size + bytes > this.#packBytes ? this.#last + 1 : this.#last
  }

  /** Deletes a pack in which nothing is left, and has one emptied in which little is, but for the one that is written to. */
  async #lookAt (pack: number): Promise<void> {
    const { size, live } = this.#packs.get(pack) ?? { size: 0, live: 0 }

    if (pack === this.#last) {
      return
    }

    if (live === 0) {
      this.#sparse.delete(pack)
      this.#packs.delete(pack)
      // one that is left is deleted when it is opened the next time
      await this.#files.delete(pack).catch(() => {})
    } else if (live < size / 2) {
      this.#sparse.add(pack)
    }
  }

  /** Undefined where a block is lost, for good. All else that a read fails with may pass. */
  async #readWhatIsThere (place: Place): Promise<Uint8Array | undefined> {
    return this.#files.read(place).catch((err: unknown) => {
      if (!(err instanceof ShortPackError) && !hasCode(err, 'ENOENT')) {
        throw err
      }

      return undefined
    })
  }

  /** Whether a block's bytes are what they should be. */
  async #isAt (place: Place, bytes: Uint8Array): Promise<boolean> {
    const there = place.length === bytes.byteLength ? await this.#files.read(place).catch(() => undefined) : undefined

    return there != null && equals(there, bytes)
  }
}

function textOf ({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}
