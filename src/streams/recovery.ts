/**
 * The missing blocks of a protected dataset, recovered and proven. A recovered block is proven when its digest is (a
 * sibling's proof gave it away), or when it completes the smallest subtree of which the root is proven; until then it
 * waits, and is neither released nor served.
 */
import { blockCid, digestOf } from '../dataset/codecs.ts'
import { verify } from '../dataset/verify.ts'
import { InvalidDatasetError, RecoveryError, TooLargeError } from '../errors.ts'
import { recoverGroup } from './group-recovery.ts'
import { Passed } from './passed.ts'
import { Work } from './work.ts'
import type { Hasher } from '../dataset/hasher.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { Clock } from '../interfaces.ts'
import type { GroupRecoveryInit } from './group-recovery.ts'
import type { StoredTree } from '../stores/stored-tree.ts'
import type { CID } from 'multiformats/cid'

/** Bytes of one group's blocks, at most: they are held together while the code is undone. */
const MAX_GROUP_BYTES = 256 * 1024 * 1024

export interface RecoveryInit extends Omit<GroupRecoveryInit, 'pause' | 'parity'> {
  clock: Clock
  /** Released here. */
  tree: StoredTree
  hasher: Hasher
  /** Whether what is recovered is kept. */
  keep: boolean
  /** Bytes of recovered blocks held until they are proven and taken; beyond, they are recovered again when their turn comes. */
  maxWaitingBytes: number
  /** Blocks were recovered, proven, and put into the local store where they are kept. */
  recovered(blocks: VerifiedBlock[], stored: boolean): void
  /** Whether missing parity and empty blocks are made again, too, whoever needs them. */
  repairs: boolean
  /** Blocks came, or were recovered, once more: no store had kept them. */
  again(indices: number[]): void
}

export class Recovery {
  readonly #init: RecoveryInit & Omit<GroupRecoveryInit, 'parity'>
  /** By number, the groups that are being recovered, and whether with their parity and empty blocks. */
  readonly #groups = new Map<number, { parity: boolean, done: Promise<void> }>()
  /** Recovered and not proven: the bytes, or nothing where too much is held already. */
  readonly #waiting = new Map<number, { cid: CID, data?: Uint8Array }>()
  /** Proven, where the store did not keep them. */
  readonly #proven = new Map<number, VerifiedBlock>()
  readonly #work: Work
  readonly #passed: Passed
  /** Bytes of blocks in `#waiting` and `#proven`. */
  #heldBytes = 0
  /** The block that the reader waits for: it is held whatever else is. */
  #reading?: number
  /** What is proven is on its way into the store. */
  #releasing: Promise<void> = Promise.resolve()

  /** @throws {TooLargeError} when one group of the dataset is more than can be held */
  constructor (init: RecoveryInit) {
    const { layout, blockSize, clock, open, again } = init

    if ((layout.data + layout.parity) * blockSize > MAX_GROUP_BYTES) {
      throw new TooLargeError(`a group of ${layout.data + layout.parity} blocks of ${blockSize} bytes is too large to be recovered`)
    }

    this.#passed = new Passed(layout.blocks, again)
    this.#work = new Work(clock)
    this.#init = { ...init, open: async () => this.#work.open(open), pause: async ms => this.#work.pause(ms) }
  }

  /** Begins to recover a block's group, where it is not recovered and that has not begun. `done` is called when it is, not where it fails. */
  begin (index: number, done: () => void): void {
    if (!this.#work.isEnded && !this.#isHeld(index) && !this.#groups.has(this.#init.layout.placeOf(index).group)) {
      this.#group(index).then(done).catch(() => {
        // who needs the block is told
      })
    }
  }

  /** Bytes held while one group is recovered. */
  get groupBytes (): number {
    return this.#init.layout.data * this.#init.blockSize
  }

  /** Groups being recovered. */
  get size (): number {
    return this.#groups.size
  }

  /**
   * A data block that nobody has; undefined where it came from a peer meanwhile, and nothing keeps it.
   *
   * @throws {RecoveryError} when its group, or one that is needed to prove it, has too few blocks left
   * @throws {InvalidDatasetError} when what the code gives is not what the tree says: the author's parity is wrong
   */
  async recover (index: number): Promise<VerifiedBlock | undefined> {
    const { tree } = this.#init
    this.#reading = index
    await tree.load([{ start: index, end: index + 1 }])
    await (tree.has(index) ? undefined : this.#group(index))

    let failure: { reason: RecoveryError } | undefined

    for (let from = 0; this.#waiting.has(index);) {
      await tree.load([{ start: index, end: index + 1 }])
      const missing = tree.proofs.missingBeside(index, leaf => this.#waiting.has(leaf), from)

      if (missing != null) {
        failure = await this.#tryBeside(missing) ?? failure
        from = failure == null ? missing : missing + 1
        await this.#release()
        continue
      }

      // what came since may prove it without the one that cannot be recovered
      if (failure != null && tree.proofs.missingBeside(index, leaf => this.#waiting.has(leaf)) != null) {
        throw failure.reason
      }

      this.#prove(index)
      await this.#release()
      break
    }

    return await this.#take(index) ?? this.#recoverAgain(index)
  }

  /** Notes what came from peers, for the reader or for a group. */
  came (blocks: Array<{ index: number }>): void {
    this.#passed.came(blocks.map(({ index }) => index).filter(index => !this.#init.tree.has(index)))
  }

  /** Gives back why a block beside cannot be had: another one's proof may do without it. */
  async #tryBeside (index: number): Promise<{ reason: RecoveryError } | undefined> {
    try {
      await this.#fetchOrRecover(index)
    } catch (reason) {
      if (!(reason instanceof RecoveryError)) {
        throw reason
      }

      return { reason }
    }
  }

  async #take (index: number): Promise<VerifiedBlock | undefined> {
    // another group's recovery may have proven it, and be about to store it
    await this.#releasing
    const block = this.#proven.get(index)

    if (block != null) {
      this.#proven.delete(index)
      this.#heldBytes -= block.data.byteLength
    }

    return block ?? this.#init.tree.get(index)
  }

  /** It was let go of because too much was held; now that its digest is known it is released at once. */
  async #recoverAgain (index: number): Promise<VerifiedBlock | undefined> {
    await this.#group(index)

    return this.#take(index)
  }

  /** Ends what is under way; whoever waits for it gets `reason`. */
  abort (reason: unknown): void {
    this.#work.end(reason)
  }

  /** Ends it, and forgets what waits. */
  async close (): Promise<void> {
    this.abort(new Error('closed'))
    await Promise.allSettled([...this.#groups.values()].map(async ({ done }) => done))

    this.#waiting.clear()
    this.#proven.clear()
    this.#init.tree.release()
  }

  /** Whether a block is recovered, and not in the store. */
  #isHeld (index: number): boolean {
    return this.#waiting.has(index) || this.#proven.has(index)
  }

  async #group (index: number): Promise<void> {
    if (this.#isHeld(index)) {
      return
    }

    const { layout, repairs } = this.#init
    const { group } = layout.placeOf(index)
    const parity = repairs || index >= layout.rounded || layout.isPadding(index)
    const earlier = this.#groups.get(group)

    if (earlier != null && (earlier.parity || !parity)) {
      return earlier.done
    }

    const recovering = {
      parity,
      done: this.#recoverGroup(group, parity).finally(() => {
        if (this.#groups.get(group) === recovering) {
          this.#groups.delete(group)
        }
      })
    }
    this.#groups.set(group, recovering)

    return recovering.done
  }

  async #recoverGroup (group: number, parity: boolean): Promise<void> {
    const { tree } = this.#init
    await this.#groups.get(group)?.done

    for (const [index, data] of await recoverGroup(group, { ...this.#init, parity })) {
      await tree.load([{ start: index, end: index + 1 }])

      if (!tree.has(index) && !this.#proven.has(index)) {
        await this.#wait(index, data)
      }
    }

    await this.#release()
  }

  /** Beyond what may be held only the digest is noted: once that is proven the block is recovered again, from what is here. */
  async #wait (index: number, data: Uint8Array): Promise<void> {
    const { hasher, tree, maxWaitingBytes } = this.#init
    const cid = blockCid(await hasher.digest(data))
    const isHeld = tree.proofs.leaf(index) != null || this.#heldBytes + data.byteLength <= maxWaitingBytes
    this.#waiting.set(index, { cid, data: isHeld ? data : undefined })
    this.#heldBytes += isHeld ? data.byteLength : 0

    if (!isHeld) {
      this.came([{ index }])
    }
  }

  #prove (index: number): void {
    const { tree } = this.#init

    try {
      tree.proofs.proveTogether(index, leaf => {
        const waiting = this.#waiting.get(leaf)
        return waiting == null ? undefined : digestOf(waiting.cid)
      })
    } catch (cause) {
      throw this.#wrongCode(index, cause)
    }
  }

  /** A block that stands between others and their proof: fetched where someone has it, recovered otherwise. */
  async #fetchOrRecover (index: number): Promise<void> {
    const { open, blockSize, layout } = this.#init

    if (this.#groups.has(layout.placeOf(index).group)) {
      return this.#group(index)
    }

    const source = await open()

    try {
      source.want([{ start: index, end: index + 1 }])
      const [block] = await source.next(index, blockSize, true)
      await (block == null ? this.#group(index) : undefined)
    } finally {
      source.close()
    }
  }

  /** One after the other: a block is in the store, or kept, when a release is over. */
  async #release (): Promise<void> {
    const release = this.#releasing.then(async () => this.#releaseProven())
    this.#releasing = release.catch(() => {
      // whoever asked for it is told
    })

    return release
  }

  /** Moves the blocks that are proven by now into the store, or keeps for the reader as many as may be held. */
  async #releaseProven (): Promise<void> {
    const { tree, hasher, keep, recovered, maxWaitingBytes } = this.#init
    const blocks: VerifiedBlock[] = []

    for (const [index, { cid, data }] of [...this.#waiting]) {
      if (tree.proofs.leaf(index) == null || !this.#waiting.delete(index) || data == null) {
        continue
      }

      this.#heldBytes -= data.byteLength

      try {
        blocks.push(await verify(tree.shape, { root: tree.shape.root, index, cid: cid.bytes, data }, tree.proofs, hasher))
      } catch (cause) {
        throw this.#wrongCode(index, cause)
      }
    }

    if (blocks.length === 0) {
      return
    }

    const stored = keep && await tree.put(blocks).then(() => true, () => false)

    for (const block of blocks) {
      // the store may lose it before it is read
      if (block.index === this.#reading || (!stored && this.#heldBytes + block.data.byteLength <= maxWaitingBytes)) {
        this.#proven.set(block.index, block)
        this.#heldBytes += block.data.byteLength
      }
    }

    this.came(blocks)
    recovered(blocks, stored)
  }

  #wrongCode (index: number, cause: unknown): InvalidDatasetError {
    const { group } = this.#init.layout.placeOf(index)

    return new InvalidDatasetError(`what the parity of group ${group} gives for block ${index} is not what the tree says: the parity is wrong`, {
      cid: this.#init.tree.shape.root,
      index,
      cause
    })
  }
}
